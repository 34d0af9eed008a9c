// Bundles app/web/client into app/web/static/dist: names with the content's hash, and a manifest that knows them.
// Every .ts and .scss file directly in the client folder whose name has no leading underscore becomes a bundle.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import esbuild from "esbuild";
import * as sass from "sass";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const CLIENT = path.join(HERE, "app/web/client");
const DIST = path.join(HERE, "app/web/static/dist");
const MODULES = path.join(HERE, "node_modules");
const TARGET = ["chrome90", "firefox90", "safari15"];

async function entries(extension) {
  const names = await readdir(CLIENT);
  return names.filter((name) => name.endsWith(extension) && !name.startsWith("_") && !name.endsWith(".d.ts"));
}

async function keep(manifest, name, contents) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 10);
  const { name: stem, ext } = path.parse(name);
  const file = `${stem}-${hash}${ext}`;
  await writeFile(path.join(DIST, file), contents);
  manifest[name] = file;
}

async function scripts(manifest) {
  const names = await entries(".ts");
  const { outputFiles } = await esbuild.build({
    entryPoints: names.map((name) => path.join(CLIENT, name)),
    bundle: true, minify: true, format: "esm", target: TARGET, charset: "utf8",
    legalComments: "none", outdir: DIST, write: false, logLevel: "warning",
  });
  await Promise.all(outputFiles.map((file) => keep(manifest, path.basename(file.path), file.contents)));
}

async function styles(manifest) {
  const names = await entries(".scss");
  await Promise.all(names.map(async (name) => {
    const { css } = await sass.compileAsync(path.join(CLIENT, name), {
      loadPaths: [path.join(MODULES, "@tabler/core/scss"), MODULES],
      quietDeps: true, logger: sass.Logger.silent,
    });
    const { code } = await esbuild.transform(css, { loader: "css", minify: true, target: TARGET, legalComments: "none" });
    await keep(manifest, name.replace(/\.scss$/, ".css"), code);
  }));
}

// One sprite of the icons that are used: client/icons.json lists them by Tabler's names.
async function sprite(manifest) {
  const names = JSON.parse(await readFile(path.join(CLIENT, "icons.json"), "utf8"));
  const symbols = await Promise.all(names.map(async (name) => {
    const svg = await readFile(path.join(MODULES, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
    const inside = svg.replace(/<!--[^]*?-->/, "").replace(/^[^]*?<svg[^>]*>/, "").replace("</svg>", "").replace(/\s*\n\s*/g, "");
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${inside}</symbol>`;
  }));
  await keep(manifest, "icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);
}

async function copies(manifest) {
  await keep(manifest, "maplibre-worker.js", await readFile(path.join(MODULES, "maplibre-gl/dist/maplibre-gl-csp-worker.js")));
}

export async function build() {
  const begun = performance.now();
  const manifest = {};
  const before = await readdir(DIST).catch(() => []);
  await mkdir(DIST, { recursive: true });
  await Promise.all([scripts, styles, sprite, copies].map((step) => step(manifest)));
  await writeFile(path.join(DIST, "manifest.json"), JSON.stringify(manifest, null, 1));
  const wanted = new Set([...Object.values(manifest), "manifest.json"]);
  await Promise.all(before.filter((name) => !wanted.has(name)).map((name) => rm(path.join(DIST, name))));
  console.log(`build: ${Object.keys(manifest).length} files in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await build();
