import { baseURL } from './client.ts';

/** One call of the API, to copy. */
export interface CallSample {
  readonly curl: string;
  readonly TypeScript: string;
  readonly Python: string;
}

export const sampleLanguages = ['curl', 'TypeScript', 'Python'] as const;

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** The expressions after `client.`. */
  readonly typescript: string;
  readonly python: string;
}

const shellQuote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function toSample({ method, path, body, typescript, python }: Call): CallSample {
  const url = `${baseURL()}${path}`;
  const parts = [
    `curl -s ${method === 'GET' ? '' : `-X ${method} `}${shellQuote(url)}`,
    '-H "Authorization: Bearer $ASSISTANTS_TOKEN"',
    ...(body === undefined
      ? []
      : ["-H 'Content-Type: application/json'", `-d ${shellQuote(JSON.stringify(body))}`]),
  ];
  return {
    curl: parts.join(' \\\n  '),
    TypeScript: `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: ${JSON.stringify(baseURL())}, apiKey: process.env.ASSISTANTS_TOKEN ?? 'any' });
const result = await client.${typescript};`,
    Python: `import os
from openai import OpenAI

client = OpenAI(base_url=${JSON.stringify(baseURL())}, api_key=os.environ.get("ASSISTANTS_TOKEN", "any"))
result = client.${python}`,
  };
}

const js = (value: unknown): string => JSON.stringify(value, null, 2);

/** A JSON value as Python writes it. */
function py(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(py).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${py(item)}`);
  return `{${pairs.join(', ')}}`;
}

/** Named arguments of Python. */
const named = (fields: object): string =>
  Object.entries(fields)
    .map(([key, value]) => `, ${key}=${py(value)}`)
    .join('');

const onThread = (thread_id: string) => `/threads/${encodeURIComponent(thread_id)}`;

const onRun = (thread_id: string, run_id: string) =>
  `${onThread(thread_id)}/runs/${encodeURIComponent(run_id)}`;

const queryOf = (query: Readonly<Record<string, string>>): string => {
  const text = new URLSearchParams(query).toString();
  return text === '' ? '' : `?${text}`;
};

/** The calls behind the views. */
export const callSamples = {
  listThreads: (query: Readonly<Record<string, string>>) =>
    toSample({
      method: 'GET',
      path: `/threads${queryOf(query)}`,
      typescript: `get('/threads', { query: ${js(query)} })`,
      python: `get("/threads", cast_to=object, options={"params": ${py(query)}})`,
    }),
  listRuns: (query: Readonly<Record<string, string>>) =>
    toSample({
      method: 'GET',
      path: `/runs${queryOf(query)}`,
      typescript: `get('/runs', { query: ${js(query)} })`,
      python: `get("/runs", cast_to=object, options={"params": ${py(query)}})`,
    }),
  listMessages: (thread_id: string) =>
    toSample({
      method: 'GET',
      path: `${onThread(thread_id)}/messages`,
      typescript: `beta.threads.messages.list(${js(thread_id)})`,
      python: `beta.threads.messages.list(${py(thread_id)})`,
    }),
  retrieveRun: (thread_id: string, run_id: string) =>
    toSample({
      method: 'GET',
      path: onRun(thread_id, run_id),
      typescript: `beta.threads.runs.retrieve(${js(run_id)}, { thread_id: ${js(thread_id)} })`,
      python: `beta.threads.runs.retrieve(${py(run_id)}, thread_id=${py(thread_id)})`,
    }),
  submitToolOutputs: (
    thread_id: string,
    run_id: string,
    tool_outputs: readonly { tool_call_id: string; output: string }[],
  ) =>
    toSample({
      method: 'POST',
      path: `${onRun(thread_id, run_id)}/submit_tool_outputs`,
      body: { tool_outputs },
      typescript: `beta.threads.runs.submitToolOutputsAndPoll(${js(run_id)}, ${js({ thread_id, tool_outputs })})`,
      python: `beta.threads.runs.submit_tool_outputs_and_poll(run_id=${py(run_id)}${named({ thread_id, tool_outputs })})`,
    }),
  listAssistants: () =>
    toSample({
      method: 'GET',
      path: '/assistants',
      typescript: 'beta.assistants.list()',
      python: 'beta.assistants.list()',
    }),
  saveAssistant: (id: string | null, body: object) =>
    toSample({
      method: 'POST',
      path: id === null ? '/assistants' : `/assistants/${encodeURIComponent(id)}`,
      body,
      typescript:
        id === null
          ? `beta.assistants.create(${js(body)})`
          : `beta.assistants.update(${js(id)}, ${js(body)})`,
      python:
        id === null
          ? `beta.assistants.create(${named(body).slice(2)})`
          : `beta.assistants.update(${py(id)}${named(body)})`,
    }),
};
