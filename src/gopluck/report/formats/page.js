"use strict";
for (const button of document.querySelectorAll("button")) {
  button.addEventListener("click", async () => {
    const block = button.parentElement.querySelector("pre");
    let done = true;
    try {
      await navigator.clipboard.writeText(block.textContent);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(block);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}
