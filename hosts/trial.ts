import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { startBuiltServe, stopChild } from '../bench/built-program.ts';
import { install } from '../revive/install.ts';
import type { Model } from '../revive/model.ts';
import { toReason } from '../revive/trial.ts';
import { startEndpoint } from './endpoint.ts';
import { checkEvidence } from './evidence.ts';
import type { Host, Launch, Setting, Transport, Trial } from './host.ts';
import { expectedText, type Job } from './job.ts';
import { type HostModel, startHostModel } from './model.ts';

const token = 'hosts-token';
const program = resolve('dist/cli.js');

function writeFiles(home: string, files: Readonly<Record<string, unknown>>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }
}

/** Runs the host as a process that inherits nothing but the path; resolves to what it printed. */
async function runHost(host: Host, { home }: Setting, launch: Launch): Promise<string> {
  writeFiles(home, launch.files ?? {});
  const [command, ...args] = launch.command;
  const child = promisify(execFile)(command, args, {
    cwd: home,
    timeout: (host.timeoutSeconds ?? 300) * 1000,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 2 ** 20,
    env: {
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: home,
      ...launch.env,
    },
  });
  child.child.stdin?.end();
  const { stdout, stderr } = await child;
  return `${stdout}\n${stderr}`;
}

interface Server {
  readonly variables: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
}

/** The database of the trial, and the endpoint of its runs. */
const serverFor = (folder: string, endpoint: Model): Server => ({
  variables: {
    OPENAI_BASE_URL: endpoint.baseURL,
    ASSISTANTS_DATABASE: join(folder, 'server.db'),
    ASSISTANTS_TOKEN: token,
  },
  flags: ['--model-api', 'responses'],
});

/** Starts `serve`, and ends it after `use`. */
async function withServe<T>(server: Server, use: (restURL: string) => Promise<T>): Promise<T> {
  const { child, restURL } = await startBuiltServe(server.variables, server.flags);
  try {
    return await use(restURL);
  } finally {
    await stopChild(child);
  }
}

interface Parts {
  readonly host: Host;
  readonly transport: Transport;
  readonly job: Job;
  readonly model: HostModel;
  readonly server: Server;
  /** The folder of the trial. */
  readonly work: string;
}

/** Lets the host do the job, and rejects unless it printed the final text. */
async function letHostWork(parts: Parts, restURL: string): Promise<void> {
  const { host, transport, job, model, server, work } = parts;
  const home = join(work, 'home');
  mkdirSync(home);
  const { ASSISTANTS_TOKEN: _, ...env } = server.variables;
  const setting: Setting = {
    folder: await install(host),
    home,
    stdio: { command: process.execPath, args: [program, ...server.flags], env },
    http: {
      url: restURL.replace(/\/v1$/u, '/mcp'),
      headers: { Authorization: `Bearer ${token}` },
    },
    transport,
    modelOrigin: model.origin,
    job,
  };
  const output = stripVTControlCharacters(await runHost(host, setting, host.launch(setting)));
  if (output.replaceAll(/\s+/gu, ' ').includes(expectedText(job))) return;
  throw new Error(`It did not print the answer, but: ${output.trim().slice(-1000)}`);
}

/** The job over one transport, and what the database says afterwards. */
async function runJob(parts: Parts): Promise<void> {
  const { transport, server, job } = parts;
  const check = (restURL: string) => checkEvidence(restURL, token, job.weather);
  if (transport === 'stdio') {
    await letHostWork(parts, '');
    await withServe(server, check);
    return;
  }
  await withServe(server, async (restURL) => {
    await letHostWork(parts, restURL);
    await check(restURL);
  });
}

/** Writes what happened into a folder, for people who look for the reason of a failure. */
function writeDebug(name: string, { requests }: HostModel, error: unknown): void {
  const folder = process.env['HOSTS_DEBUG'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.requests.txt`), requests.join('\n\n'));
  const { stdout = '', stderr = '' } = Object(error);
  writeFileSync(join(folder, `${name}.error.txt`), `${String(error)}\n${stdout}\n${stderr}`);
}

/** Tries a host over one transport, in an empty home. */
export async function tryHost(host: Host, transport: Transport): Promise<Trial> {
  const work = mkdtempSync(join(tmpdir(), 'assistants-mcp-hosts-'));
  const job = { weather: `windy-${randomBytes(6).toString('hex')}` };
  const [endpoint, model] = await Promise.all([startEndpoint(), startHostModel(job)]);
  let failure: string | null = null;
  try {
    await runJob({ host, transport, job, model, work, server: serverFor(work, endpoint) });
    const [refusal] = endpoint.rejections();
    if (refusal !== undefined) throw new Error(refusal);
  } catch (error) {
    const [refusal] = [...model.failures, ...endpoint.rejections()];
    const reason = toReason(refusal === undefined ? error : new Error(refusal));
    failure = reason.replaceAll(homedir(), '~').trim();
    writeDebug(`${host.name.replaceAll('/', '+')}-${transport}`, model, error);
  } finally {
    model.close();
    endpoint.close();
    rmSync(work, { recursive: true, force: true });
  }
  return { host, transport, failure };
}
