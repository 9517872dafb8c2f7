/** Both isolate the page from other sites, which gives it shared memory. The server of the site has to send them, too. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default {
  base: "./", // the page may lie in any folder of a site
  worker: { format: "es" },
  server: { headers },
  preview: { headers },
};
