#!/usr/bin/env node
// This file must parse on Node 14 and newer, so that an old Node can print why it is not enough.
// The rest of the program is in chunks that load after the version check.
import module from 'node:module';
import { useCompileCache } from './cli/compile-cache.ts';
import type { Host } from './cli/host.ts';
import { refuseClient } from './cli/refuse-client.ts';

/** Hosts ask as soon as they have started a server. */
const requestTimeoutMs = 3000;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) void main();
else void refuseOldNode();

async function refuseOldNode(): Promise<void> {
  const sentence = `assistants-mcp needs Node.js 22.18 or newer; this is ${process.version}. Install a newer Node.js, or configure the MCP host to start the server with one.`;
  process.stderr.write(`${sentence}\n`);
  const [command = '--'] = process.argv.slice(2);
  if (command.startsWith('-')) await refuse(sentence);
  process.stdout.write('', () => process.exit(1));
}

function startTimer(onTimeout: () => void): void {
  setTimeout(onTimeout, requestTimeoutMs);
}

function refuse(sentence: string): Promise<void> {
  const { stdin, stdout } = process;
  return refuseClient({ stdin, stdout, startTimer }, sentence);
}

async function main(): Promise<void> {
  // stdout carries MCP messages, so whatever libraries print to the console goes to stderr.
  globalThis.console = new console.Console(process.stderr);
  const home = await findHome();
  const { env, platform } = process;
  const userId = process.geteuid?.() ?? null;
  // An import statement would load much more of Node.js.
  const fs = process.getBuiltinModule('node:fs');
  const environment = { fs, env, platform, home, userId };
  useCompileCache(environment, (folder) => module.enableCompileCache(folder));
  const program = await import('./cli/main.ts');
  const code = await program.main(processHost(home));
  process.stdout.write('', () => process.exit(code));
}

/** The home directory; empty for a user without one, as in some containers. */
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
  refuseClient: refuse,
  interrupted: shutdownSignal(),
  onHangup(report) {
    process.on('SIGHUP', report);
  },
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

/** Resolves on the first signal, or when stdout closes; a second signal exits at once. */
function shutdownSignal(): Promise<void> {
  process.stderr.on('error', () => {});
  return new Promise((resolve) => {
    let isShuttingDown = false;
    const shutDown = () => {
      if (isShuttingDown) process.exit(1);
      isShuttingDown = true;
      resolve();
    };
    process.on('SIGINT', shutDown);
    process.on('SIGTERM', shutDown);
    process.stdout.on('error', () => resolve());
  });
}
