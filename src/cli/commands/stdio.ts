import manifest from '../../../package.json' with { type: 'json' };
import { type Backend, createBackend } from '../../backend/backend.ts';
import type { Invocation } from '../../config/config.ts';
import { createObservableLog } from '../../mcp/client-log.ts';
import { type Connection, connectStdio } from '../../mcp/stdio.ts';
import { systemClock } from '../../shared/clock.ts';
import { randomIds } from '../../shared/ids.ts';
import { withTimeout } from '../../shared/timeout.ts';
import { redactedLocation } from '../../shared/urls.ts';
import { type Command, type Host, openLog } from '../host.ts';
import { createMcpServerFactory } from '../mcp-server-factory.ts';
import { print } from '../terminal.ts';

/** How long calls may take to be answered after the end of stdin, and after a signal. */
const answerTimeoutsMs = { end: 5000, signal: 1000 };

/** How long runs may take to finish after that. */
const shutdownTimeoutMs = 1500;

/** Unfinished runs resume this long after the start, when the host has listed the tools. */
const resumeDelayMs = 250;

const greeting =
  'assistants-mcp speaks MCP over stdio and is waiting for a client on this terminal.\n' +
  'Add it to an MCP host, or try `assistants-mcp demo` or `assistants-mcp --help`. Ctrl-D exits.\n';

async function resumeRunsAfterStartup(backend: Backend, closing: AbortSignal): Promise<void> {
  await systemClock.sleep(resumeDelayMs, closing);
  if (!closing.aborted) await backend.resume();
}

/** A host that closes stdin and then sends a signal does not want to wait any longer. */
async function waitForAnswers(
  { answered, close }: Connection,
  cause: keyof typeof answerTimeoutsMs,
  { interrupted }: Host,
): Promise<void> {
  const work = () => Promise.race([answered(), ...(cause === 'end' ? [interrupted] : [])]);
  await withTimeout({ clock: systemClock, ms: answerTimeoutsMs[cause] }, work, close);
}

async function runStdio(host: Host, { config, warnings }: Invocation): Promise<number> {
  const log = createObservableLog(openLog(config, host));
  for (const warning of warnings) log.warn(warning);
  if (config.baseUrl === null) {
    const { databaseProblem } = await import('../../engine/store/sqlite/check.ts');
    const problem = databaseProblem(config.database);
    if (problem !== null) {
      log.error(problem);
      await Promise.race([host.refuseClient(problem), host.interrupted]);
      return 1;
    }
  }
  const backend = createBackend({ config, clock: systemClock, ids: randomIds, log });
  if (host.stdin.isTTY === true) print(host.stderr, greeting);
  log.debug('starting', {
    version: manifest.version,
    at: config.baseUrl ?? redactedLocation(config.database),
  });
  const closing = new AbortController();
  const createMcpServer = createMcpServerFactory(config, {
    openai: () => backend.client(),
    clock: systemClock,
    log,
    closing: closing.signal,
  });
  const pipes = { stdin: host.stdin, stdout: host.stdout, log };
  const connection = connectStdio((era) => createMcpServer(config, era), pipes);
  const resumed = resumeRunsAfterStartup(backend, closing.signal);
  const cause = await Promise.race([
    connection.closed.then(() => 'end' as const),
    host.interrupted.then(() => 'signal' as const),
  ]);
  log.debug('stopping');
  closing.abort();
  await resumed;
  await waitForAnswers(connection, cause, host);
  await connection.close();
  await backend.stop(shutdownTimeoutMs);
  return 0;
}

export const stdioCommand: Command = {
  name: 'stdio',
  isDefault: true,
  usage: '[options]',
  summary: 'Serve MCP over stdio; MCP hosts start this',
  options: {},
  run: runStdio,
};
