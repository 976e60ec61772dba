// docs/differences.md: a filter by release and by flag. Without JavaScript the page is all there, only longer.
(() => {
  const RELEASE = /^1\.\d+$/;
  const tables = [...document.querySelectorAll(".md-typeset table")].filter(
    table => RELEASE.test(table.rows[0].cells[1]?.textContent) && table.rows[0].cells.length > 3);
  if (tables.length < 5) return;
  const releases = [...tables[0].rows[0].cells].map(cell => cell.textContent).filter(text => RELEASE.test(text));
  const heading = table => {
    let node = table.closest(".md-typeset__scrollwrap") ?? table;
    while (node && node.tagName !== "H3") node = node.previousElementSibling;
    return node;
  };

  const form = document.createElement("form");
  form.className = "differences";
  form.innerHTML = `
    <label>Release <select name="release"><option value="">all</option>${
      releases.map(one => `<option>${one}</option>`).reverse().join("")}</select></label>
    <label>Flag <input name="flag" type="search" placeholder="trimpath" size="14"></label>
    <label>Show <select name="mark"><option value="">all</option><option value="✗">what breaks</option>
      <option value="✓">what does not</option></select></label>
    <output></output>`;
  heading(tables[0]).before(form);

  const show = () => {
    const { release, flag, mark } = Object.fromEntries(new FormData(form));
    const wanted = flag.trim().toLowerCase();
    let seen = 0, all = 0;
    for (const table of tables) {
      const names = [...table.rows[0].cells].map(cell => cell.textContent);
      const title = heading(table);
      let left = 0;
      for (const row of table.rows) {
        const cells = [...row.cells];
        cells.forEach((cell, at) => { cell.hidden = release !== "" && RELEASE.test(names[at]) && names[at] !== release; });
        if (row === table.rows[0]) continue;
        const marks = cells.filter((cell, at) => RELEASE.test(names[at]) && !cell.hidden).map(cell => cell.textContent.trim());
        const tried = marks.some(text => text !== "–");
        const right = mark === "" || (mark === "✗" ? marks.some(text => text.startsWith("✗"))
          : tried && !marks.some(text => text.startsWith("✗")));
        const named = `${title.textContent} ${cells[0].textContent}`.toLowerCase().includes(wanted);
        row.hidden = !(tried && right && named);
        left += !row.hidden;
        all += 1;
      }
      seen += left;
      for (const node of [title, table.closest(".md-typeset__scrollwrap") ?? table]) node.hidden = left === 0;
    }
    form.querySelector("output").textContent = `${seen} of ${all} differences`;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", event => event.preventDefault());
  show();
})();
