import type OpenAI from 'openai';

type Message = OpenAI.Responses.ResponseOutputMessage;
type CodeCall = OpenAI.Responses.ResponseCodeInterpreterToolCall;
type SearchCall = OpenAI.Responses.ResponseFileSearchToolCall;
type Annotation = OpenAI.Responses.ResponseOutputText['annotations'][number];

let idCount = 0;

/** A new id in the model endpoint's format: a prefix and 50 hexadecimal characters. */
export function upstreamId(prefix: string): string {
  idCount += 1;
  return `${prefix}_${idCount.toString(16).padStart(50, '0')}`;
}

/** A message of the model, with one text part. */
export const textMessage = (text: string, annotations: Annotation[] = []): Message => ({
  id: upstreamId('msg'),
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations, logprobs: [] }],
});

/** A message that the model did not finish. */
export const incompleteMessage = (text: string): Message => ({
  ...textMessage(text),
  status: 'incomplete',
});

/** A message that is a refusal. */
export const refusalMessage = (refusal: string): Message => ({
  id: upstreamId('msg'),
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'refusal', refusal }],
});

/** A function call; its `call_id` is not its `id`. */
export const functionCall = (
  name: string,
  args: unknown,
  call_id = upstreamId('call'),
): OpenAI.Responses.ResponseFunctionToolCall => ({
  id: upstreamId('fc'),
  type: 'function_call',
  call_id,
  name,
  arguments: typeof args === 'string' ? args : JSON.stringify(args),
  status: 'completed',
});

/** A reasoning item of a response to a request that includes encrypted content. */
export const reasoningItem = (
  encrypted_content: string,
): OpenAI.Responses.ResponseReasoningItem => ({
  id: upstreamId('rs'),
  type: 'reasoning',
  summary: [],
  encrypted_content,
});

/** A completed code interpreter call; outputs are logs and images. */
export const codeCall = (
  code: string,
  outputs: CodeCall['outputs'] = [],
  container_id = 'cntr_first',
): CodeCall => ({
  id: upstreamId('ci'),
  type: 'code_interpreter_call',
  status: 'completed',
  code,
  container_id,
  outputs,
});

/** A completed file search and its results. */
export const searchCall = (query: string, results: SearchCall['results'] = []): SearchCall => ({
  id: upstreamId('fs'),
  type: 'file_search_call',
  status: 'completed',
  queries: [query],
  results,
});

/** One result of a file search. */
export const searchResult = (file_id: string, text: string, score = 0.9) => ({
  file_id,
  filename: `${file_id}.txt`,
  score,
  text,
  attributes: {},
});

/** A reference to a file that the code interpreter generated. */
export const generatedFileCitation = (
  filename: string,
  file_id = `cfile_${filename}`,
): Annotation => ({
  type: 'container_file_citation',
  container_id: 'cntr_first',
  file_id,
  filename,
  start_index: 0,
  end_index: 0,
});

/** A reference to a file of a vector store, after `index` characters of the text. */
export const fileCitation = (file_id: string, index: number): Annotation => ({
  type: 'file_citation',
  file_id,
  filename: `${file_id}.txt`,
  index,
});
