// Bundles the program into dist/: the entry cli.js, which old Node.js versions can parse too, and chunks
// that it loads on demand. All dependencies are bundled; dist/LICENSES.txt has their licences. Rolldown
// bundles the program, because it can group modules into chunks; esbuild the pages, because it knows CSS.
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { build as bundle } from 'rolldown';

/** Bundles the optional dependencies of `pg`, which are not installed, as empty modules. */
const emptyOptionalModules = {
  name: 'empty-optional-modules',
  resolveId: {
    filter: { id: /^pg-(?:native|cloudflare)$/ },
    handler: (id) => `absent:${id}`,
  },
  load: { filter: { id: /^absent:/ }, handler: () => '' },
};

/**
 * Leaves out the JSON Schema validator of the MCP SDK. The tools and forms are validated by this program,
 * so nothing calls it, and loading it would slow down every start.
 */
const withoutSchemaValidator = {
  name: 'without-schema-validator',
  resolveId: {
    filter: { id: /^@modelcontextprotocol\/server\/_shims$/ },
    handler: () => '\0sdk-shims',
  },
  load: {
    filter: { id: /^\0sdk-shims$/ },
    handler: () => `
      export const process = globalThis.process;
      export class DefaultJsonSchemaValidator {
        getValidator() {
          throw new Error('this build has no JSON Schema validator');
        }
      }`,
  },
};

/**
 * Loads of `node:fs` and `node:util` only what the program uses: an import statement would run all of
 * their getters, each of which loads more modules, and slow down every start.
 */
const partsOfNodeModules = {
  name: 'parts-of-node-modules',
  resolveId: {
    filter: { id: /^node:(?:fs|util)$/ },
    handler: (id) => `\0parts-of-${id}`,
  },
  load: {
    filter: { id: /^\0parts-of-node:/ },
    async handler(id) {
      const name = id.replace('\0parts-of-', '');
      const keys = Object.keys(await import(name)).filter(
        (key) => /^[a-z]\w*$/i.test(key) && key !== 'default',
      );
      return [
        `const part = (key) => process.getBuiltinModule('${name}')[key];`,
        ...keys.map((key) => `export const ${key} = /* @__PURE__ */ part('${key}');`),
      ].join('\n');
    },
  },
};

/** Computes `tools/list` at build time: deriving it from the schemas would slow down every start. */
const precomputedToolList = {
  name: 'precomputed-tool-list',
  load: {
    filter: { id: /src[/\\]tools[/\\]tool-list\.ts$/ },
    async handler(path) {
      const { output } = await bundle({ input: path, platform: 'node', write: false });
      const code = Buffer.from(output[0].code).toString('base64');
      const { toolList } = await import(`data:text/javascript;base64,${code}`);
      return `export const toolList = ${JSON.stringify(toolList)};`;
    },
  },
};

/**
 * What a start loads: the program without cli.js, and the check of the database. A group includes all that
 * its modules import.
 */
const startGroups = [
  { name: 'start', test: /src[/\\]cli[/\\]main\.ts$/ },
  { name: 'check', test: /src[/\\]engine[/\\]store[/\\]sqlite[/\\]check\.ts$/ },
];

/** Builds the program. What a start loads is two chunks: reading many small files takes longer. */
async function buildProgram() {
  const { output } = await bundle({
    input: {
      cli: 'src/cli.ts',
      'extract-process': 'src/engine/vector-stores/extract/extract-process.ts',
      'lease-keeper-thread': 'src/engine/runs/lease-keeper-thread.ts',
      'tokenizer-thread': 'src/engine/prompt/tokenizer-thread.ts',
    },
    platform: 'node',
    transform: { target: 'node22.18' },
    plugins: [
      emptyOptionalModules,
      withoutSchemaValidator,
      partsOfNodeModules,
      precomputedToolList,
    ],
    output: {
      dir: 'dist',
      format: 'esm',
      minify: true,
      comments: { legal: false },
      // Node.js reads ASCII faster.
      charset: 'ascii',
      chunkFileNames: '[name]-[hash].js',
      codeSplitting: { groups: startGroups },
    },
  });
  return output.map(({ fileName, modules, imports, dynamicImports }) => {
    const included = Object.keys(modules).filter((id) => modules[id].renderedLength > 0);
    return { fileName, imports, dynamicImports, inputs: included.map((id) => relative('.', id)) };
  });
}

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
const chunks = await buildProgram();
const pages = [await buildPage(), await buildMcpApp()];
const inputs = [
  ...chunks.flatMap((chunk) => chunk.inputs),
  ...pages.flatMap((metafile) => Object.keys(metafile.inputs)),
];
const folders = new Set(inputs.flatMap((file) => packageOf(file) ?? []));
const licences = await Promise.all([...folders].map((folder) => licenceOf(folder)));
await writeFile('dist/LICENSES.txt', `${licences.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
await writeFile('dist/meta.json', JSON.stringify(chunks));
