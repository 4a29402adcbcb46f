// Bundles the program into dist/: the entry cli.js, which old Node.js versions can parse too, and chunks
// that it loads on demand. All dependencies are bundled; dist/LICENSES.txt has their licences.
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles the optional dependencies of `pg`, which are not installed, as empty modules. */
const emptyOptionalModules = {
  name: 'empty-optional-modules',
  setup(plugin) {
    plugin.onResolve({ filter: /^pg-(?:native|cloudflare)$/ }, ({ path }) => ({
      path,
      namespace: 'absent',
    }));
    plugin.onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents: '' }));
  },
};

/** Computes `tools/list` at build time: deriving it from the schemas would slow down every start. */
const precomputedToolList = {
  name: 'precomputed-tool-list',
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
      const { toolList } = await import(`data:text/javascript;base64,${code}`);
      return { contents: `export const toolList = ${JSON.stringify(toolList)};` };
    });
  },
};

/** Defines `require`, which bundled CommonJS code calls. */
const requireShim =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** Builds the page that `serve` shows in a browser: it loads nothing else, and nothing else loads it. */
async function buildPage() {
  const { metafile } = await build({
    entryPoints: {
      app: 'src/page/main.tsx',
      login: 'src/page/login.ts',
    },
    outdir: 'dist/page',
    bundle: true,
    format: 'esm',
    target: 'es2023',
    minify: true,
    legalComments: 'none',
    tsconfig: 'src/page/tsconfig.json',
    metafile: true,
  });
  const styles = { app: 'src/page/styles/app.css', login: 'src/page/styles/login.css' };
  await build({ entryPoints: styles, outdir: 'dist/page', bundle: true, minify: true });
  for (const file of ['index.html', 'login.html', 'icon.svg']) {
    await copyFile(join('src/page', file), join('dist/page', file));
  }
  return metafile;
}

/** zod has its messages in all languages; the app shows none of them. */
const englishOnly = {
  name: 'english-only',
  setup(plugin) {
    plugin.onResolve({ filter: /locales\/index\.js$/ }, ({ path, importer, resolveDir, kind }) =>
      /node_modules[/\\]zod[/\\]/.test(importer) && kind !== 'entry-point'
        ? { path: join(resolveDir, path.replace('index.js', 'en.js')) }
        : null,
    );
  },
};

/** Builds the app that MCP hosts show: one document, because hosts let it load nothing. */
async function buildMcpApp() {
  const { metafile, outputFiles } = await build({
    entryPoints: ['src/page/mcp-app/main.tsx', 'src/page/styles/mcp-app.css'],
    outdir: 'dist',
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    minify: true,
    legalComments: 'none',
    tsconfig: 'src/page/tsconfig.json',
    plugins: [englishOnly],
    metafile: true,
  });
  const textOf = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text;
  // In a document, these would begin a comment or another script.
  const script = textOf('.js').replaceAll(/<(?=!--|script)/g, String.raw`\x3C`);
  const html = await readFile('src/page/mcp-app/index.html', 'utf8');
  const document = html
    .replace('/* styles */', () => textOf('.css'))
    .replace('/* script */', () => script);
  await writeFile('dist/mcp-app.html', document);
  return metafile;
}

const packageOf = (file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];

/** The licence texts of a package: its licence files, else the licence section of its README. */
async function licenceTexts(folder) {
  const files = await readdir(folder);
  const read = (file) => readFile(join(folder, file), 'utf8');
  const licenceFiles = files.filter((file) => /^(?:licen[cs]e|notice)/i.test(file));
  if (licenceFiles.length > 0) return Promise.all(licenceFiles.map(read));
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
  entryPoints: {
    cli: 'src/cli.ts',
    'extract-process': 'src/engine/vector-stores/extract/extract-process.ts',
    'lease-keeper-thread': 'src/engine/runs/lease-keeper-thread.ts',
    'tokenizer-thread': 'src/engine/prompt/tokenizer-thread.ts',
  },
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
  plugins: [emptyOptionalModules, precomputedToolList],
  metafile: true,
});
const metafiles = [metafile, await buildPage(), await buildMcpApp()];
const inputs = metafiles.flatMap((file) => Object.keys(file.inputs));
const folders = new Set(inputs.flatMap((file) => packageOf(file) ?? []));
const licences = await Promise.all([...folders].map((folder) => licenceOf(folder)));
await writeFile('dist/LICENSES.txt', `${licences.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
await writeFile('dist/meta.json', JSON.stringify(metafile));
