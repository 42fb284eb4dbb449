import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/** Writes a `.gz` twin beside every text file, so that the server only has to pick one. */
function precompress(): Plugin {
  let directory = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      directory = config.build.outDir;
    },
    closeBundle() {
      for (const entry of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
        if (!/\.(js|css|html|svg)$/.test(entry)) continue;
        const path = join(directory, entry);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "/console/",
  plugins: [svelte(), precompress()],
  build: {
    outDir: process.env["CONSOLE_OUT_DIR"] ?? "../src/folkmoot/faces/console/static",
    emptyOutDir: true,
    target: ["chrome123", "firefox128", "safari17.5"],
    // Under `img-src 'self' data: blob:` a data URL would work; a file of its own can be cached.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
