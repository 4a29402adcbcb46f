#!/usr/bin/env node
// This file alone must parse on every Node since 14, so that an old one can say what is
// missing: whatever is new waits behind the check, in a chunk of its own.
import type { Host } from './cli/main.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) void main();
else {
  process.stderr.write(
    `assistants-mcp needs Node.js 22.18 or newer, and this is ${process.version}. Install a newer Node.js, or have the MCP host start the server with one.\n`,
  );
  process.exit(1);
}

async function main(): Promise<void> {
  // Whatever prints through the console would end up between the protocol's messages.
  globalThis.console = new console.Console(process.stderr);
  const { main: run } = await import('./cli/main.ts');
  const code = await run(processHost(await findHome()));
  process.stdout.write('', () => process.exit(code));
}

/** An account that is in no list, as containers have them, may have no home: the empty text. */
async function findHome(): Promise<string> {
  const { homedir, userInfo } = await import('node:os');
  try {
    return homedir() || userInfo().homedir;
  } catch {
    return '';
  }
}

const processHost = (home: string): Host => ({
  argv: process.argv.slice(2),
  env: process.env,
  platform: process.platform,
  home,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  command: [process.execPath, process.argv[1] ?? ''],
  interrupted: shutdownSignal(),
  onCrash(report) {
    process.on('uncaughtException', (error) => {
      report(error);
      process.exit(1);
    });
  },
  onWarning(report) {
    process.removeAllListeners('warning');
    process.on('warning', report);
  },
});

/** A signal, or a reader of stdout that is gone; a second signal does not wait for anything. */
function shutdownSignal(): Promise<void> {
  process.stderr.on('error', () => {});
  return new Promise((resolve) => {
    let asked = false;
    const ask = () => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
    process.on('SIGINT', ask);
    process.on('SIGTERM', ask);
    process.stdout.on('error', () => resolve());
  });
}
