// Installs the program in every way that does not need a published package, each into an empty home,
// and makes a call over stdio. Exits with 1 if one does not work.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { getMcpConfigForManifest, unpackExtension, v0_3 } from '@anthropic-ai/mcpb';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import manifest from '../package.json' with { type: 'json' };

/** npm installs the development dependencies of a git repository, from an empty cache. */
const installTimeoutMs = 600_000;

const repository = resolve(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'assistants-mcp-installs-'));

interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const npx = (spec: string): Launch => ({ command: 'npx', args: ['-y', spec] });

function packTarball(): Launch {
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', work];
  const name = execFileSync('npm', args, { cwd: repository, encoding: 'utf8' }).trim();
  return npx(`file:${join(work, name)}`);
}

/** Unpacks a new bundle and starts it as a host does whose user has filled in nothing. */
async function unpackBundle(): Promise<Launch> {
  const [file, folder] = [join(work, 'bundle.mcpb'), join(work, 'bundle')];
  const args = [join(repository, 'packaging', 'bundle.ts'), file];
  execFileSync(process.execPath, args, { cwd: repository, stdio: 'ignore' });
  if (!(await unpackExtension({ mcpbPath: file, outputDir: folder, silent: true }))) {
    throw new Error('The bundle cannot be unpacked.');
  }
  const config = await getMcpConfigForManifest({
    manifest: v0_3.McpbManifestSchema.parse(
      JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')),
    ),
    extensionPath: folder,
    systemDirs: {},
    userConfig: {},
    pathSeparator: sep,
  });
  if (config === undefined) throw new Error('The manifest says nothing about how to start.');
  return { command: config.command, args: config.args ?? [], env: config.env ?? {} };
}

const ways: Readonly<Record<string, () => Launch | Promise<Launch>>> = {
  tarball: packTarball,
  folder: () => npx(repository),
  git: () => npx(`git+${pathToFileURL(repository).href}`),
  bundle: unpackBundle,
};

const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();

/** What npm needs of this machine, whose other settings the program must not get. */
const inherited = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /proxy|_CERT/iu.test(name))),
  npm_config_registry: registry,
};

/** Starts the program in an empty home and calls a tool; returns the version that it answers with. */
async function callFrom(home: string, { command, args, env = {} }: Launch): Promise<string> {
  mkdirSync(home);
  const client = new Client({ name: 'check-installs', version: '1' });
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    cwd: home,
    env: { ...inherited, HOME: home, USERPROFILE: home, PATH: path, ...env },
    stderr: 'ignore',
  });
  try {
    await client.connect(transport, { timeout: installTimeoutMs });
    const { isError } = await client.callTool({
      name: 'create_assistant',
      arguments: { model: 'any' },
    });
    if (isError === true) throw new Error('create_assistant failed.');
    return client.getServerVersion()?.version ?? 'none';
  } finally {
    await client.close();
  }
}

try {
  for (const [way, prepare] of Object.entries(ways)) {
    const startedAt = performance.now();
    const version = await callFrom(join(work, `home-${way}`), await prepare());
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${way}: version ${version}, ${seconds} s`);
    if (version !== manifest.version) process.exitCode = 1;
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
