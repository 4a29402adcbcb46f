import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import * as z from 'zod';
import type { Config } from '../../config/config.ts';
import { isRunning } from '../../shared/run-status.ts';

/** Prints numbered steps, and lines that belong to them. */
export interface DemoPrinter {
  step(title: string): void;
  line(text: string, indent?: number): void;
  end(sentence: string): void;
}

/** Calls a tool and parses its result with `schema`. Throws the tool's error message. */
type Call = <T>(tool: string, args: object, schema: z.ZodType<T>) => Promise<T>;

const objectWithId = z.looseObject({ id: z.string() });

const runSchema = z.looseObject({
  id: z.string(),
  thread_id: z.string(),
  status: z.string(),
  required_action: z
    .object({
      submit_tool_outputs: z.object({
        tool_calls: z.array(
          z.object({
            id: z.string(),
            function: z.object({ name: z.string(), arguments: z.string() }),
          }),
        ),
      }),
    })
    .nullish(),
  last_error: z.object({ message: z.string() }).nullish(),
  retried_error: z.object({ message: z.string() }).optional(),
  usage: z.object({ total_tokens: z.number() }).nullish(),
  reply: z.string().optional(),
});

type Run = z.infer<typeof runSchema>;

const stepList = z.object({
  data: z.array(z.looseObject({ id: z.string(), type: z.string(), status: z.string() })),
});
const fileList = z.object({ data: z.array(objectWithId) });
const runList = z.object({ data: z.array(z.looseObject({ id: z.string(), status: z.string() })) });

const question = 'What should I wear in Lisbon today? Look the weather up first.';
const weather = '{"temperature_celsius": 19, "sky": "light rain"}';
const getWeather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city right now.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string', description: 'Name of the city' } },
      required: ['city'],
    },
  },
};

const createCall =
  (client: Client, printer: DemoPrinter): Call =>
  async (name, args, schema) => {
    const result = await client.callTool(
      { name, arguments: { ...args } },
      {
        onprogress: ({ message }) => printer.line(`· ${message ?? ''}`),
        resetTimeoutOnProgress: true,
      },
    );
    const [block] = result.content;
    if (result.isError === true) throw new Error(block?.type === 'text' ? block.text : name);
    return schema.parse(result.structuredContent);
  };

function printRun(printer: DemoPrinter, { id, status, usage, last_error: error, reply }: Run) {
  const tokens = usage ? `, after ${usage.total_tokens} tokens` : '';
  printer.line(`${id} is ${status}${tokens}.`);
  if (error) printer.line(error.message);
  if (reply !== undefined) printer.line(`The assistant replies: ${reply}`);
}

/** Seconds in which the model must answer, or the call is one that the demo does not wait for. */
const answerSeconds = 5;

/** Throws why the model does not answer: the engine would call it for another minute. */
function checkAnswers({ retried_error: error }: Run): void {
  if (error !== undefined) throw new Error(`the model does not answer. ${error.message}`);
}

/** Polls the run and submits the outputs of its function calls until it ends. */
async function pollUntilDone(call: Call, printer: DemoPrinter, started: Run): Promise<Run> {
  let run = started;
  while (isRunning(run.status) || run.status === 'requires_action') {
    const ids = { thread_id: run.thread_id, run_id: run.id };
    const toolCalls = run.required_action?.submit_tool_outputs.tool_calls ?? [];
    for (const { id, function: called } of toolCalls) {
      printer.line(`It calls ${called.name}(${called.arguments}) as ${id}.`);
    }
    if (isRunning(run.status)) {
      checkAnswers(run);
      run = await call('get_run', { ...ids, wait_seconds: 30 }, runSchema);
      continue;
    }
    printer.step('submit_tool_outputs');
    printer.line(`Every call gets the output ${weather}.`);
    const outputs = toolCalls.map(({ id }) => ({ tool_call_id: id, output: weather }));
    const submitted = { ...ids, tool_outputs: outputs, wait_seconds: answerSeconds };
    run = await call('submit_tool_outputs', submitted, runSchema);
    printRun(printer, run);
  }
  return run;
}

async function createAndRun(call: Call, printer: DemoPrinter, model: string): Promise<Run> {
  printer.step('create_assistant');
  const assistant = await call(
    'create_assistant',
    {
      model,
      name: 'Wardrobe',
      instructions: 'You say in one sentence what to wear. Look up the weather first.',
      tools: [getWeather],
    },
    objectWithId,
  );
  printer.line(`${assistant.id} can call get_weather(city).`);
  printer.step('create_thread_and_run');
  printer.line(`The user asks: ${question}`);
  const run = await call(
    'create_thread_and_run',
    {
      assistant_id: assistant.id,
      thread: { messages: [{ role: 'user', content: question }] },
      wait_seconds: answerSeconds,
    },
    runSchema,
  );
  printRun(printer, run);
  return pollUntilDone(call, printer, run);
}

async function listResults(call: Call, printer: DemoPrinter, run: Run): Promise<void> {
  const ids = { thread_id: run.thread_id };
  printer.step('list_run_steps');
  const steps = await call('list_run_steps', { ...ids, run_id: run.id, order: 'asc' }, stepList);
  for (const step of steps.data) printer.line(`${step.id}: ${step.type}, ${step.status}`);
  printer.step('list_runs');
  const runs = await call('list_runs', ids, runList);
  for (const { id, status } of runs.data) printer.line(`${id}: ${status}`);
}

/** Only for the embedded engine, which accepts any file id; a remote server needs a real file. */
async function attachFile(call: Call, printer: DemoPrinter, run: Run): Promise<void> {
  const attachments = [{ file_id: 'file-PackingList', tools: [{ type: 'code_interpreter' }] }];
  printer.step('create_message, with a file');
  const message = await call(
    'create_message',
    { thread_id: run.thread_id, role: 'user', content: 'My packing list.', attachments },
    objectWithId,
  );
  printer.line(`${message.id} has file-PackingList attached.`);
  printer.step('list_message_files');
  const ids = { thread_id: run.thread_id, message_id: message.id };
  const files = await call('list_message_files', ids, fileList);
  for (const { id } of files.data) printer.line(`${message.id} has ${id}.`);
}

const handbook = [
  'Wardrobe handbook.',
  '',
  'Light rain calls for a waterproof jacket and closed shoes.',
  '',
  'Below zero, wear a coat, gloves and a hat.',
].join('\n');

/** Uploads a document and asks about it: the engine searches it, and the reply cites it. */
async function askAboutFile(call: Call, printer: DemoPrinter, model: string): Promise<Run> {
  printer.step('upload_file');
  const filename = 'handbook.txt';
  const file = await call('upload_file', { filename, text: handbook }, objectWithId);
  printer.line(`${file.id} is ${filename}.`);
  printer.step('create_assistant, that searches files');
  const tools = [{ type: 'file_search' }];
  const assistant = await call(
    'create_assistant',
    { model, name: 'Librarian', tools },
    objectWithId,
  );
  printer.line(`${assistant.id} has the tool file_search.`);
  printer.step('create_thread_and_run, with the file');
  const content = 'What should I wear in light rain?';
  printer.line(`The user asks: ${content}`);
  const attachments = [{ file_id: file.id, tools }];
  const messages = [{ role: 'user', content, attachments }];
  const args = { assistant_id: assistant.id, thread: { messages }, wait_seconds: 30 };
  const run = await call('create_thread_and_run', args, runSchema);
  printRun(printer, run);
  return run;
}

async function printServer(client: Client, printer: DemoPrinter): Promise<void> {
  const { tools } = await client.listTools();
  const server = client.getServerVersion();
  const protocol = client.getNegotiatedProtocolVersion();
  printer.step('Connect');
  printer.line(
    `${server?.name} ${server?.version} answers over stdio, with protocol ${protocol} and ${tools.length} tools.`,
  );
}

/**
 * Prints a conversation, from connecting to listing its runs; true when its runs completed. With the
 * scripted model, whose files stay in the demo's own database, it asks about a document too.
 */
export async function runConversation(
  client: Client,
  printer: DemoPrinter,
  { config, isScripted }: { readonly config: Config; readonly isScripted: boolean },
): Promise<boolean> {
  await printServer(client, printer);
  const call = createCall(client, printer);
  const model = config.model ?? 'gpt-4.1-mini';
  const run = await createAndRun(call, printer, model);
  if (config.baseUrl === null) await attachFile(call, printer, run);
  await listResults(call, printer, run);
  const isEmbedded = config.baseUrl === null;
  const runs = isEmbedded && isScripted ? [run, await askAboutFile(call, printer, model)] : [run];
  return runs.every(({ status }) => status === 'completed');
}

interface ServerProcess {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}

/** Starts a server, connects a client to it, and stops it after `use`. */
export async function withServer<T>(
  server: ServerProcess,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(
    { name: 'assistants-mcp demo', version: '1' },
    { versionNegotiation: { mode: 'auto' } },
  );
  await client.connect(new StdioClientTransport(server));
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

const maxLineLength = 160;
const truncate = (text: string): string =>
  text.length > maxLineLength ? `${text.slice(0, maxLineLength - 1)}…` : text;

export function createPrinter(write: (text: string) => void): DemoPrinter {
  let stepCount = 0;
  return {
    step(title) {
      stepCount += 1;
      write(`\n${String(stepCount).padStart(2)}. ${title}\n`);
    },
    line(text, indent = 4) {
      for (const part of text.split('\n')) write(`${' '.repeat(indent)}${truncate(part)}\n`);
    },
    end: (sentence) => write(`\n${sentence}\n`),
  };
}
