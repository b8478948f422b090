// Bundles the browser's scripts and styles into the package's static folder, under names that hold their hash.

import {mkdir, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import {build} from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.resolve(here, '../geoapp/web/static');

const {metafile, warnings} = await build({
  absWorkingDir: here,
  entryPoints: {map: 'src/main.js', desk: 'src/desk.js', mend: 'src/mend.js', report: 'src/report.js', room: 'src/room.js', questions: 'src/questions.js', page: 'src/page.css', 'room-style': 'src/room.css', 'map-style': 'src/map.css', 'questions-style': 'src/questions.css', icon: 'src/icon.svg'},
  outdir: target,
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  target: ['es2020', 'chrome94', 'firefox93', 'safari15'],
  format: 'iife',
  // Leaflet's pictures are small and seldom shown: inside the style sheet they cost no request.
  loader: {'.png': 'dataurl', '.svg': 'copy'},
  legalComments: 'eof',
  metafile: true,
  logLevel: 'warning',
});
// A brace that is not closed is a warning only, and takes the rules after it with it.
if (warnings.length) process.exit(1);

// Pages ask for a file by the name that it has without its hash.
const manifest = {};
for (const [output, {entryPoint}] of Object.entries(metafile.outputs)) {
  const name = path.basename(entryPoint) === 'main.js' ? 'map.js' : path.basename(entryPoint);
  manifest[name] = path.basename(output);
}

// What is bundled keeps its licence beside it.
async function licences() {
  const packages = new Set(
    Object.keys(metafile.inputs)
      .map((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1])
      .filter(Boolean),
  );
  const texts = [];
  for (const name of [...packages].sort()) {
    const folder = path.join(here, 'node_modules', name);
    const {version, license} = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
    const text = file ? await readFile(path.join(folder, file), 'utf8') : '';
    texts.push(`${name} ${version} (${license})\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

await mkdir(target, {recursive: true});
await writeFile(path.join(target, 'licences.txt'), await licences());
// Written after the files that it names, and before the old ones go: a page being served finds what it asks for.
await writeFile(path.join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
const kept = new Set([...Object.values(manifest), 'manifest.json', 'licences.txt']);
for (const file of await readdir(target)) {
  if (!kept.has(file)) await rm(path.join(target, file), {recursive: true});
}

for (const [name, file] of Object.entries(manifest)) {
  const size = gzipSync(await readFile(path.join(target, file))).length;
  console.log(`  ${name.padEnd(10)} ${file}  ${(size / 1000).toFixed(1)} kB gzipped`);
}
