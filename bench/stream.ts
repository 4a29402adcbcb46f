// What `serve` costs, in CPU time of the process, beside two others in front of the same upstream: a
// delta beside a bare proxy of node:http, and a short run beside a server that only calls the SDK. Also
// the memory for many streams at once. Exits with 1 if a limit is missed. Linux only: it reads /proc.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import OpenAI from 'openai';
import { streamEvents } from '../test/support/upstream-events.ts';
import { textMessage } from '../test/support/upstream-items.ts';
import { startBuiltServe, stopChild } from './built-program.ts';
import { median } from './median.ts';

const streamCounts = [16, 50];
const rounds = 7;
const deltasPerStream = 400;
const shortRunsAtOnce = 16;
const shortRunsEach = 40;
const maxRatio = 3.5;
const maxShortRunRatio = 7;
const maxMemoryRatio = 2;
/** Limits what Node.js keeps for short-lived objects; docs/operations.md recommends it. */
const smallYoungGeneration = '--max-semi-space-size=8';

/** The frames of a streamed response with this number of words, each in a delta of its own. */
function framesOf(words: number): string[] {
  const response = {
    id: 'resp_bench',
    object: 'response',
    status: 'completed',
    model: 'bench',
    output: [textMessage('word '.repeat(words))],
    usage: { input_tokens: 10, output_tokens: words, total_tokens: 10 + words },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no reader uses the missing fields
  const events = streamEvents(response as unknown as OpenAI.Responses.Response);
  const isDelta = ({ type }: (typeof events)[number]) => type === 'response.output_text.delta';
  const firstDelta = events.findIndex(isDelta);
  const wordEvents = Array.from({ length: words }, () => ({
    type: 'response.output_text.delta',
    ...events[firstDelta],
    delta: 'word ',
  }));
  const others = events.filter((event) => !isDelta(event));
  return [...others.slice(0, firstDelta), ...wordEvents, ...others.slice(firstDelta)].map(
    (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
  );
}

const shortModel = 'short';
const longAnswer = framesOf(deltasPerStream);
const shortAnswer = framesOf(1);

/** A model endpoint that writes every event by itself. */
async function startUpstream() {
  const server = createServer((incoming, outgoing) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (text: string) => (body += text));
    incoming.once('end', async () => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const one of body.includes(`"${shortModel}"`) ? shortAnswer : longAnswer) {
        outgoing.write(one);
        await setImmediate();
      }
      outgoing.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { server, port: typeof address === 'object' ? (address?.port ?? 0) : 0 };
}

const proxySource = `
  const { createServer, request, Agent } = require('node:http');
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url: path } = incoming;
    const upstream = request({ port: process.argv[1], method, headers, path, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(upstream);
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

interface Target {
  readonly child: ChildProcess;
  readonly url: URL;
}

/** Starts a server that prints its port. */
async function startServer(args: readonly string[], upstreamPort: number): Promise<Target> {
  const child = spawn(process.execPath, [...args, String(upstreamPort)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { child, url: new URL(`http://127.0.0.1:${String(port).trim()}/v1/`) };
}

const ticksPerSecond = 100;

/** CPU time of a process so far, in milliseconds. */
function cpuMs({ child }: Target): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** The most memory that a process has used, in MiB. */
const peakMemory = ({ child }: Target): number =>
  Number(/VmHWM:\s+(\d+)/u.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024;

/** Posts a request and reads the whole stream; resolves to the number of words in it. */
async function readStream(target: Target, path: string, body: object): Promise<number> {
  const outgoing = request(new URL(path, target.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  outgoing.end(JSON.stringify(body));
  const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
  let received = '';
  for await (const chunk of incoming?.setEncoding('utf8') ?? []) received += chunk;
  return received.match(/word /gu)?.length ?? 0;
}

/** CPU microseconds for each delta of `streams` streams at once. */
async function costOfDelta(target: Target, streams: number, path: string, body: object) {
  const before = cpuMs(target);
  const words = await Promise.all(
    Array.from({ length: streams }, () => readStream(target, path, body)),
  );
  if (Math.min(...words) < deltasPerStream) throw new Error('words are missing');
  return ((cpuMs(target) - before) * 1000) / (streams * deltasPerStream);
}

/** CPU milliseconds of one run of many, each with an answer of one word. */
async function costOfShortRun(target: Target, path: string, body: object): Promise<number> {
  const before = cpuMs(target);
  const runInTurn = async () => {
    for (let run = 0; run < shortRunsEach; run += 1) await readStream(target, path, body);
  };
  await Promise.all(Array.from({ length: shortRunsAtOnce }, runInTurn));
  return (cpuMs(target) - before) / (shortRunsAtOnce * shortRunsEach);
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
const upstream = await startUpstream();
const proxy = await startServer(['-e', proxySource], upstream.port);
const sdkServer = await startServer(['bench/sdk-server.ts'], upstream.port);
async function startServe(name: string, nodeOptions: string) {
  const { child, restURL } = await startBuiltServe(
    {
      OPENAI_BASE_URL: `http://127.0.0.1:${upstream.port}/v1`,
      ASSISTANTS_MODEL_API: 'responses',
      ASSISTANTS_DATABASE: join(folder, `${name}.db`),
      NODE_OPTIONS: nodeOptions,
    },
    ['--concurrency', '64'],
  );
  const openai = new OpenAI({ apiKey: 'none', baseURL: restURL });
  const { id: assistant_id } = await openai.beta.assistants.create({ model: 'bench' });
  const thread = { messages: [{ role: 'user', content: 'Hi.' }] };
  const target: Target = { child, url: new URL(`${restURL}/`) };
  return { target, runBody: { assistant_id, thread, stream: true } };
}

const { target: serve, runBody } = await startServe('default', '');
const directBody = { model: 'bench', input: 'Hi.', stream: true };
const throughServe = (streams: number) => costOfDelta(serve, streams, 'threads/runs', runBody);
const throughProxy = (streams: number) => costOfDelta(proxy, streams, 'responses', directBody);

let missed = false;
for (const streams of streamCounts) {
  await throughServe(streams);
  await throughProxy(streams);
  const pairs: { readonly serve: number; readonly proxy: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    pairs.push({ serve: await throughServe(streams), proxy: await throughProxy(streams) });
  }
  const ratio = median(pairs.map((pair) => pair.serve / pair.proxy));
  missed ||= ratio > maxRatio;
  const throughBoth = [pairs.map((pair) => pair.serve), pairs.map((pair) => pair.proxy)];
  const [serveText, proxyText] = throughBoth.map((costs) => median(costs).toFixed(1));
  console.log(
    `${streams} streams: ${serveText} µs a delta through serve, ${proxyText} through a bare proxy, ratio ${ratio.toFixed(1)} (at most ${maxRatio})`,
  );
}
const shortBody = { ...runBody, model: shortModel };
const shortDirectBody = { ...directBody, model: shortModel };
const costOfShortRuns = async (): Promise<readonly number[]> => [
  await costOfShortRun(serve, 'threads/runs', shortBody),
  await costOfShortRun(sdkServer, 'responses', shortDirectBody),
  await costOfShortRun(proxy, 'responses', shortDirectBody),
];
await costOfShortRuns();
const [served = 0, bySdk = 0, proxied = 0] = await costOfShortRuns();
missed ||= served / bySdk > maxShortRunRatio;
console.log(
  `short runs, ${shortRunsAtOnce} at once: ${served.toFixed(2)} ms each through serve, ${bySdk.toFixed(2)} through the SDK alone, ${proxied.toFixed(2)} through a bare proxy, ratio to the SDK ${(served / bySdk).toFixed(1)} (at most ${maxShortRunRatio})`,
);

const small = await startServe('small', smallYoungGeneration);
for (let round = 0; round < rounds; round += 1) {
  await costOfDelta(small.target, Math.max(...streamCounts), 'threads/runs', small.runBody);
  await costOfDelta(sdkServer, Math.max(...streamCounts), 'responses', directBody);
}
const memoryRatio = peakMemory(serve) / peakMemory(sdkServer);
missed ||= memoryRatio > maxMemoryRatio;
const [memory, smallMemory, sdkMemory, proxyMemory] = [serve, small.target, sdkServer, proxy].map(
  (target) => peakMemory(target).toFixed(0),
);
console.log(
  `peak memory, MiB: serve ${memory}, with ${smallYoungGeneration} ${smallMemory}, the SDK alone ${sdkMemory}, bare proxy ${proxyMemory}; ratio of serve to the SDK ${memoryRatio.toFixed(1)} (at most ${maxMemoryRatio})`,
);
for (const { child } of [serve, small.target, sdkServer, proxy]) await stopChild(child);
upstream.server.closeAllConnections();
upstream.server.close();
rmSync(folder, { recursive: true });
process.exitCode = missed ? 1 : 0;
