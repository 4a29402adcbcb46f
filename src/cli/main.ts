import type { Readable, Writable } from 'node:stream';
import type { McpServer } from '@modelcontextprotocol/server';
import type OpenAI from 'openai';
import manifest from '../../package.json' with { type: 'json' };
import { type Backend, createBackend } from '../backend/backend.ts';
import { unixSeconds, systemClock } from '../shared/clock.ts';
import { randomIds } from '../shared/ids.ts';
import { type Config, readConfig, type Environment } from '../config/config.ts';
import { redactedLocation } from '../shared/urls.ts';
import { helpText } from '../config/help.ts';
import { createLog, type Log } from '../shared/log.ts';
import { createServer } from '../mcp/server.ts';
import { serve } from '../mcp/stdio.ts';
import type { McpServerDeps } from '../server/server.ts';
import { toolList } from '../tools/tool-list.ts';
import { filterTools } from '../tools/toolsets.ts';

/** The process, as far as the program has to do with it. */
export interface Host extends Environment {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  /** Takes what is for people to read. */
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** How to start this program again: the interpreter and the script. */
  readonly command: readonly [string, string];
  /** Resolves when the program is asked to end. */
  readonly interrupted: Promise<void>;
  /** Has `report` told of an error that nobody caught, before the process ends. */
  onCrash(report: (error: unknown) => void): void;
  /** Has `report` told of the runtime's own warnings, which then go nowhere else. */
  onWarning(report: (warning: Error) => void): void;
}

/** Milliseconds that runs are given to finish when the program ends. */
const shutdownTimeoutMs = 1500;

/** Milliseconds after which runs left over by an earlier process are looked for. */
const resumeDelayMs = 250;

const greeting =
  'assistants-mcp speaks MCP over stdio and waits for a client on this terminal.\n' +
  'Add it to an MCP host, or see `assistants-mcp demo` and `assistants-mcp --help`. Ctrl-D ends it.\n';

const secretsOf = ({ apiKey, token }: Config): string[] =>
  [apiKey, token].filter((secret) => secret !== null);

function openLog(config: Config, host: Host): Log {
  const log = createLog({
    level: config.logLevel,
    secrets: secretsOf(config),
    now: () => systemClock.now(),
    write: (line) => host.stderr.write(line),
  });
  host.onCrash((error) => log.error('Unexpected error.', { error }));
  host.onWarning((warning) => {
    const isExpected = warning.name === 'ExperimentalWarning';
    log[isExpected ? 'debug' : 'warn'](warning.message, { name: warning.name });
  });
  return log;
}

/** Leaves the first moments to the host, which is waiting for `initialize` and the tools. */
async function resumeRunsAfterStartup(backend: Backend, ending: AbortSignal): Promise<void> {
  await systemClock.sleep(resumeDelayMs, ending);
  if (!ending.aborted) await backend.resume();
}

/** Listing tools needs none of what calling them does. */
const load = async (name: string) => (await import('../tools/registry.ts')).findTool(name);

interface ServerDeps {
  readonly openai: () => Promise<OpenAI>;
  readonly log: Log;
  readonly closing: AbortSignal;
}

/** Makes MCP servers that work with what `openai` gives. */
function serverFactory(config: Config, ties: ServerDeps): () => McpServer {
  const { toolsets, readOnly, toolNames: names } = config;
  const listings = filterTools(toolList, { toolsets, readOnly, names });
  const { version } = manifest;
  const secrets = secretsOf(config);
  return () => createServer({ ...ties, listings, load, clock: systemClock, version, secrets });
}

async function serveStdio(host: Host, config: Config, log: Log): Promise<void> {
  const backend = createBackend({ config, clock: systemClock, ids: randomIds, log });
  if (host.stdin.isTTY === true) host.stderr.write(greeting);
  log.debug('Starting.', {
    version: manifest.version,
    at: config.baseUrl ?? redactedLocation(config.database),
  });
  const ending = new AbortController();
  const ties = { openai: () => backend.client(), log, closing: ending.signal };
  const pipes = { stdin: host.stdin, stdout: host.stdout, log };
  const connection = serve(serverFactory(config, ties), pipes);
  const resumed = resumeRunsAfterStartup(backend, ending.signal);
  await Promise.race([connection.closed, host.interrupted]);
  log.debug('Stopping.');
  ending.abort();
  await resumed;
  await connection.close();
  await backend.stop(shutdownTimeoutMs);
}

async function serveHttp(host: Host, config: Config, log: Log): Promise<number> {
  const { runServer: listen } = await import('../server/server.ts');
  const { version } = manifest;
  const around = { clock: systemClock, ids: randomIds, log, version };
  const options = {
    config,
    ...around,
    serverFactory: ({ openai, ...ties }: McpServerDeps) =>
      serverFactory(config, { ...ties, openai: async () => openai }),
  };
  return listen(options, host.interrupted);
}

async function importInto(host: Host, config: Config, files: readonly string[]): Promise<number> {
  openLog(config, host);
  const { runImport: importFiles } = await import('./commands/import.ts');
  return importFiles(host, { ...config, files, now: unixSeconds(systemClock) });
}

async function exportFrom(host: Host, config: Config): Promise<number> {
  openLog(config, host);
  const { runExport: exportDatabase } = await import('./commands/export.ts');
  return exportDatabase(host, config);
}

async function prune(host: Host, config: Config): Promise<number> {
  openLog(config, host);
  const { runPrune: pruneThreads } = await import('./commands/prune.ts');
  const { database, dryRun, olderThan } = config;
  return pruneThreads(host, {
    database,
    dryRun,
    olderThan: olderThan ?? Infinity,
    clock: systemClock,
  });
}

/** Does what the command line asks for; resolves to the exit code. */
export async function main(host: Host): Promise<number> {
  const reading = readConfig(host);
  if ('problems' in reading) {
    host.stderr.write(reading.problems.map((problem) => `${problem}\n`).join(''));
    return 2;
  }
  switch (reading.command) {
    case 'version':
      host.stdout.write(`${manifest.version}\n`);
      return 0;
    case 'help':
      host.stdout.write(helpText(manifest.version));
      return 0;
    case 'demo': {
      for (const warning of reading.warnings) host.stderr.write(`${warning}\n`);
      const { runDemo: tellDemo } = await import('./commands/demo.ts');
      return (await tellDemo(host, reading.config)) ? 0 : 1;
    }
    case 'import':
      return importInto(host, reading.config, reading.files);
    case 'export':
      return exportFrom(host, reading.config);
    case 'prune':
      return prune(host, reading.config);
    case 'serve':
    case 'stdio': {
      const log = openLog(reading.config, host);
      for (const warning of reading.warnings) log.warn(warning);
      if (reading.command === 'serve') return serveHttp(host, reading.config, log);
      await serveStdio(host, reading.config, log);
      return 0;
    }
  }
}
