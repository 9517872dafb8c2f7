/** A page with both headers is isolated from other sites, which gives it shared memory. The server of your site must send them too. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default {
  // The page may lie in any folder of a site.
  base: "./",
  // The development server would move the package's scripts away from their .wasm files.
  optimizeDeps: { exclude: ["unrolled"] },
  worker: { format: "es" },
  server: { headers },
  preview: { headers },
};
