// Calls the built program by REST, MCP over HTTP and stdio, in windows with and without hostile inputs,
// and compares the two. Prints a table; exits with 1 if a limit is missed. Options: --minutes 10,
// --seed 1, --short (one minute).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../random.ts';
import { mcpInputs, restInputs, stdioInputs } from './hostile-inputs.ts';
import { type Client, createAssistant, load, restCall, type Samples, toolCall } from './load.ts';
import { startSoakModel } from './model.ts';
import { startSoakServer, startSoakStdio } from './programs.ts';
import { describeReport, findMisses, type SoakReport } from './report.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
  },
});

const minutes = Number(values.minutes ?? (values.short ? 1 : 10));
const random = createRandom(Number(values.seed));
const windows = 2 * Math.max(2, Math.round(minutes * 2));
const windowMs = (minutes * 60_000) / windows;

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-soak-'));
const model = await startSoakModel();
const envFor = (name: string) => ({
  OPENAI_BASE_URL: model.baseURL,
  ASSISTANTS_MODEL_API: 'responses',
  ASSISTANTS_DATABASE: join(folder, `${name}.db`),
});
const server = await startSoakServer(envFor('serve'));
const stdio = await startSoakStdio(envFor('stdio'));
const programs = { serve: server, stdio };

const serverAssistant = await createAssistant(server);
const created = await stdio.callTool('create_assistant', { model: 'soak' });
const stdioAssistant = String(Reflect.get(Object(created), 'id'));
const rest: Client = {
  name: 'REST',
  call: restCall(server, serverAssistant),
  hostile: restInputs(server, serverAssistant),
};
const mcp: Client = {
  name: '/mcp',
  call: toolCall((name, args) => server.callTool(name, args), serverAssistant),
  hostile: mcpInputs(server),
};
const stdioClient: Client = {
  name: 'stdio',
  call: toolCall((name, args) => stdio.callTool(name, args), stdioAssistant),
  hostile: stdioInputs(stdio, stdioAssistant),
};
/** Two clients of each kind. */
const clients = [rest, rest, mcp, mcp, stdioClient, stdioClient];

const keys = new Set<string>();
const newKey = (): string => {
  const key = `k${keys.size}`;
  keys.add(key);
  return key;
};
const newSamples = () =>
  new Map(
    clients.map(({ name }): [string, Samples] => [name, { latenciesMs: [], hostileCalls: 0 }]),
  );

const report: SoakReport = {
  calm: newSamples(),
  hostile: newSamples(),
  lost: [],
  doubled: [],
  memory: Object.keys(programs).map((name) => ({ name, samples: [] })),
};

async function runWindow(index: number): Promise<void> {
  const isHostile = index % 2 === 1;
  const samplesByClient = isHostile ? report.hostile : report.calm;
  const until = performance.now() + windowMs;
  await Promise.all(
    clients.map((client, number) => {
      const samples = samplesByClient.get(client.name);
      if (samples === undefined) throw new Error(`no samples of ${client.name}`);
      return load(client, samples, {
        random: random.fork(`${index} ${number}`),
        isHostile,
        until,
        newKey,
        onLost: (key, error) => report.lost.push(`${client.name} ${key}: ${String(error)}`),
      });
    }),
  );
  for (const [number, program] of Object.values(programs).entries()) {
    report.memory[number]?.samples.push(program.residentBytes());
  }
}

try {
  // The first window warms up.
  await runWindow(0);
  for (const samples of report.calm.values()) samples.latenciesMs.length = 0;
  for (let index = 0; index < windows; index += 1) await runWindow(index);
  const health = await server.rest('GET', '/healthz');
  if (health.status !== 200) report.lost.push(`/healthz: ${health.status}`);
} catch (error) {
  report.lost.push(`a program ended: ${String(error)}`);
} finally {
  await Promise.all([server.stop(), stdio.stop()]);
  model.close();
  rmSync(folder, { recursive: true });
}
for (const key of keys) {
  const count = model.calls.get(key) ?? 0;
  if (count > 1) report.doubled.push(`${key}: ${count} model calls`);
}
const misses = findMisses(report);
const title = `Soak: ${minutes} minutes, seed ${values.seed}, Node ${process.version}`;
for (const line of [title, ...describeReport(report), ...misses]) console.log(line);
process.exitCode = misses.length > 0 ? 1 : 0;
