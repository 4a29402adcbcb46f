// Bundles the program into dist/: one entry that any Node parses, and chunks that are loaded when
// they are needed. There are no runtime dependencies; the licences of what is bundled go along.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** What `pg` would use if it were asked to and it were there: neither is so. */
const absent = {
  name: 'absent',
  setup(plugin) {
    plugin.onResolve({ filter: /^pg-(?:native|cloudflare)$/ }, ({ path }) => ({
      path,
      namespace: 'absent',
    }));
    plugin.onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents: '' }));
  },
};

/** The list of tools as data: making it of their schemas takes time that a start need not spend. */
const readyCatalogue = {
  name: 'ready-catalogue',
  setup(plugin) {
    plugin.onLoad({ filter: /src[/\\]tools[/\\]tool-list\.ts$/ }, async ({ path }) => {
      const { outputFiles } = await build({
        entryPoints: [path],
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'node',
      });
      const code = Buffer.from(outputFiles[0].contents).toString('base64');
      const { catalogue } = await import(`data:text/javascript;base64,${code}`);
      return { contents: `export const catalogue = ${JSON.stringify(catalogue)};` };
    });
  },
};

/** For ES modules, what bundled CommonJS code expects to find. */
const requireShim =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

const packageOf = (file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];

/** What a package says of its licence: in files of their own, else at the end of its README. */
async function licenceTexts(folder) {
  const files = await readdir(folder);
  const read = (file) => readFile(join(folder, file), 'utf8');
  const own = files.filter((file) => /^(?:licen[cs]e|notice)/i.test(file));
  if (own.length > 0) return Promise.all(own.map(read));
  const readmes = await Promise.all(files.filter((file) => /^readme/i.test(file)).map(read));
  return readmes.flatMap((text) => /^#+ *licen[cs]e[^]*/im.exec(text) ?? []);
}

async function licenceOf(folder) {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  );
  const texts = await licenceTexts(folder);
  return [`${name} ${version} (${license})`, ...texts.map((text) => text.trim())].join('\n\n');
}

await rm('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ['src/cli.ts'],
  outdir: 'dist',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  minify: true,
  legalComments: 'none',
  banner: { js: requireShim },
  plugins: [absent, readyCatalogue],
  metafile: true,
});
const folders = new Set(Object.keys(metafile.inputs).flatMap((file) => packageOf(file) ?? []));
const licences = await Promise.all([...folders].map((folder) => licenceOf(folder)));
await writeFile('dist/LICENSES.txt', `${licences.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
await writeFile('dist/meta.json', JSON.stringify(metafile));
