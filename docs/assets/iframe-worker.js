// The search of Material is a web worker, and a page that is opened as a file may not start one. So there the worker's
// script runs in a frame. Served by HTTP, nothing of this happens. (Material's own polyfill for it comes from a CDN.)
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.queue = [];
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc =
        `<script>postMessage = data => parent.dispatchEvent(new MessageEvent("frame-worker", { data }));` +
        `importScripts = (...urls) => Promise.all(urls.map(src => new Promise((done, failed) => ` +
        `document.head.append(Object.assign(document.createElement("script"), { src, onload: done, onerror: failed })))))` +
        `</` + `script><script src="${url}"></` + `script>`;
      frame.onload = () => {
        this.frame = frame.contentWindow;
        this.queue.forEach(data => this.postMessage(data));
      };
      addEventListener("frame-worker", event => {
        const message = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(message);
        if (this.onmessage) this.onmessage(message);
      });
      document.documentElement.append(frame);
    }
    postMessage(data) {
      if (this.frame) this.frame.dispatchEvent(new MessageEvent("message", { data }));
      else this.queue.push(data);
    }
    terminate() {}
  };
}
