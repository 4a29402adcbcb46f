import type { Client } from '@modelcontextprotocol/client';
import * as z from 'zod';
import type { Config } from '../../config/config.ts';

/** Calls a tool; its answer is checked to be of `shape`. Throws what the tool says when it fails. */
type Call = <T>(tool: string, args: object, shape: z.ZodType<T>) => Promise<T>;

const named = z.looseObject({ id: z.string() });

const run = z.looseObject({
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
  usage: z.object({ total_tokens: z.number() }).nullish(),
  reply: z.string().optional(),
});

type Run = z.infer<typeof run>;

const steps = z.object({
  data: z.array(z.looseObject({ id: z.string(), type: z.string(), status: z.string() })),
});

const files = z.object({ data: z.array(named) });
const runs = z.object({ data: z.array(z.looseObject({ id: z.string(), status: z.string() })) });

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
  (client: Client, teller: DemoPrinter): Call =>
  async (name, args, shape) => {
    const result = await client.callTool(
      { name, arguments: { ...args } },
      {
        onprogress: ({ message }) => teller.line(`· ${message ?? ''}`),
        resetTimeoutOnProgress: true,
      },
    );
    const [block] = result.content;
    if (result.isError === true) throw new Error(block?.type === 'text' ? block.text : name);
    return shape.parse(result.structuredContent);
  };

const isRunning = ({ status }: Run): boolean =>
  ['queued', 'in_progress', 'cancelling'].includes(status);

function printRun(teller: DemoPrinter, { id, status, usage, last_error: error, reply }: Run): void {
  const tokens =
    usage === null || usage === undefined ? '' : `, after ${usage.total_tokens} tokens`;
  teller.line(`${id} is ${status}${tokens}.`);
  if (error !== null && error !== undefined) teller.line(error.message);
  if (reply !== undefined) teller.line(`The assistant says: ${reply}`);
}

/** Waits for the run and answers its function calls, as often as it asks. */
async function pollUntilDone(call: Call, teller: DemoPrinter, begun: Run): Promise<Run> {
  let current = begun;
  while (isRunning(current) || current.status === 'requires_action') {
    const ids = { thread_id: current.thread_id, run_id: current.id };
    const calls = current.required_action?.submit_tool_outputs.tool_calls ?? [];
    for (const {
      id,
      function: { name, arguments: args },
    } of calls) {
      teller.line(`It asks for ${name}(${args}) as ${id}.`);
    }
    if (isRunning(current)) {
      current = await call('get_run', { ...ids, wait_seconds: 30 }, run);
      continue;
    }
    teller.step('submit_tool_outputs');
    teller.line(`Every call is answered with ${weather}.`);
    const outputs = calls.map(({ id }) => ({ tool_call_id: id, output: weather }));
    current = await call('submit_tool_outputs', { ...ids, tool_outputs: outputs }, run);
    printRun(teller, current);
  }
  return current;
}

async function createAndRun(call: Call, teller: DemoPrinter, model: string): Promise<Run> {
  teller.step('create_assistant');
  const assistant = await call(
    'create_assistant',
    {
      model,
      name: 'Wardrobe',
      instructions: 'You say in one sentence what to wear. Look up the weather first.',
      tools: [getWeather],
    },
    named,
  );
  teller.line(`${assistant.id} can call get_weather(city).`);
  teller.step('create_thread_and_run');
  teller.line(`A person asks: ${question}`);
  const begun = await call(
    'create_thread_and_run',
    { assistant_id: assistant.id, thread: { messages: [{ role: 'user', content: question }] } },
    run,
  );
  printRun(teller, begun);
  return pollUntilDone(call, teller, begun);
}

async function listResults(call: Call, teller: DemoPrinter, done: Run): Promise<void> {
  const ids = { thread_id: done.thread_id };
  teller.step('list_run_steps');
  const made = await call('list_run_steps', { ...ids, run_id: done.id, order: 'asc' }, steps);
  for (const step of made.data) teller.line(`${step.id}: ${step.type}, ${step.status}`);
  teller.step('list_runs');
  const all = await call('list_runs', ids, runs);
  for (const { id, status } of all.data) teller.line(`${id}: ${status}`);
}

/** Files live on the server, so that this chapter is for the embedded engine, which takes any id. */
async function attachFile(call: Call, teller: DemoPrinter, done: Run): Promise<void> {
  const attachments = [{ file_id: 'file-PackingList', tools: [{ type: 'code_interpreter' }] }];
  teller.step('create_message, with a file');
  const message = await call(
    'create_message',
    { thread_id: done.thread_id, role: 'user', content: 'My packing list.', attachments },
    named,
  );
  teller.line(`${message.id} carries file-PackingList.`);
  teller.step('list_message_files');
  const ids = { thread_id: done.thread_id, message_id: message.id };
  const found = await call('list_message_files', ids, files);
  for (const { id } of found.data) teller.line(`${message.id} has ${id}.`);
}

/** The main job from the assistant to the list of runs; true when the run completed. */
export async function runConversation(
  client: Client,
  teller: DemoPrinter,
  config: Config,
): Promise<boolean> {
  const call = createCall(client, teller);
  const done = await createAndRun(call, teller, config.model ?? 'gpt-4.1-mini');
  if (config.baseUrl === null) await attachFile(call, teller, done);
  await listResults(call, teller, done);
  return done.status === 'completed';
}

/** Prints the story: numbered chapters, and lines that belong to them. */
export interface DemoPrinter {
  /** Begins a chapter, named for the tool it is about. */
  step(title: string): void;
  /** One line of a chapter. */
  line(text: string, indent?: number): void;
  end(sentence: string): void;
}

const maxLength = 160;
const shorten = (text: string): string =>
  text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;

export function createPrinter(write: (text: string) => void): DemoPrinter {
  let chapters = 0;
  return {
    step(title) {
      chapters += 1;
      write(`\n${String(chapters).padStart(2)}. ${title}\n`);
    },
    line(text, indent = 4) {
      for (const part of text.split('\n')) write(`${' '.repeat(indent)}${shorten(part)}\n`);
    },
    end: (sentence) => write(`\n${sentence}\n`),
  };
}
