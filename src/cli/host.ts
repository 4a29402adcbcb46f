import type { CommandInfo, Config, Environment, Invocation } from '../config/config.ts';
import { systemClock } from '../shared/clock.ts';
import { createLog, type Log } from '../shared/log.ts';
import type { Terminal } from './terminal.ts';

/** The process, as far as commands use it. */
export interface Host extends Environment, Terminal {
  readonly stdin: Terminal['stdin'] & { readonly isTTY?: boolean };
  /** How to start this program again: the interpreter and the script. */
  readonly command: readonly [string, string];
  /** Calls `report` on each SIGHUP, which then no longer ends the process. */
  onHangup(report: () => void): void;
  /** Tells an MCP client on stdin, if there is one, why the program cannot start. */
  refuseClient(sentence: string): Promise<void>;
  /** Calls `report` with an uncaught error before the process exits. */
  onCrash(report: (error: unknown) => void): void;
  /** Calls `report` with warnings of Node.js instead of printing them. */
  onWarning(report: (warning: Error) => void): void;
}

/** The values that logs and tool results must not contain. */
export const secretsOf = ({ apiKey, token }: Config): string[] =>
  [apiKey, token].filter((secret) => secret !== null);

/** A log on stderr that also receives uncaught errors and warnings of Node.js. */
export function openLog(config: Config, host: Host): Log {
  const log = createLog({
    level: config.logLevel,
    secrets: secretsOf(config),
    now: () => systemClock.now(),
    write: (line) => host.stderr.write(line),
  });
  host.onCrash((error) => log.error('uncaught error', { error }));
  host.onWarning((warning) => {
    const isExpected = warning.name === 'ExperimentalWarning';
    log[isExpected ? 'debug' : 'warn'](warning.message, { name: warning.name });
  });
  return log;
}

/**
 * A command of the program. Every start loads all commands, so that `run` imports the engine, the
 * HTTP server and the MCP client only when they are needed.
 */
export interface Command extends CommandInfo {
  /** Resolves to the exit code. */
  run(host: Host, invocation: Invocation): Promise<number>;
}
