import { fieldOf, isJsonObject } from '../shared/json.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** Changes one object of the API, by the value of its field `object`. */
export type Shape = (object: JsonObject) => JsonObject;

const toArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Changes the tool calls of a step, or of the delta of a step. */
function withToolCalls(
  object: JsonObject,
  change: (call: JsonObject, type: unknown) => JsonObject,
): JsonObject {
  const holder = object['object'] === 'thread.run.step.delta' ? fieldOf(object, 'delta') : object;
  const details = fieldOf(holder, 'step_details');
  if (!isJsonObject(holder) || !isJsonObject(details)) return object;
  const tool_calls = fieldOf(details, 'tool_calls');
  if (!Array.isArray(tool_calls)) return object;
  const changed = tool_calls.map((call: unknown) =>
    isJsonObject(call) ? change(call, call['type']) : call,
  );
  const changedHolder = { ...holder, step_details: { ...details, tool_calls: changed } };
  return holder === object ? changedHolder : { ...object, delta: changedHolder };
}

/** The calls of Foundry's steps have all lists, which its SDKs read without looking. */
function withLists(call: JsonObject, type: unknown): JsonObject {
  if (type === 'file_search') {
    const file_search = Object(call['file_search']);
    return { ...call, file_search: { ...file_search, results: toArray(file_search.results) } };
  }
  if (type === 'code_interpreter') {
    const code = Object(call['code_interpreter']);
    return { ...call, code_interpreter: { ...code, outputs: toArray(code.outputs) } };
  }
  return call;
}

/** The shape of AI Foundry's agents. */
export const foundryShape: Shape = (object) =>
  object['object'] === 'thread.run.step' || object['object'] === 'thread.run.step.delta'
    ? withToolCalls(object, withLists)
    : object;

/** `file_search` under its first name, `retrieval`, which had no settings. */
const withFirstName = (tool: unknown): unknown =>
  fieldOf(tool, 'type') === 'file_search' ? { type: 'retrieval' } : tool;

const fileIds = (items: unknown): string[] =>
  toArray(items).flatMap((item) => {
    const id = fieldOf(item, 'file_id');
    return typeof id === 'string' ? [id] : [];
  });

const codeFiles = ({ tool_resources }: JsonObject): readonly unknown[] =>
  toArray(fieldOf(fieldOf(tool_resources, 'code_interpreter'), 'file_ids'));

const withTools = (object: JsonObject): JsonObject => ({
  ...object,
  tools: toArray(object['tools']).map(withFirstName),
  file_ids: codeFiles(object),
});

const withRetrieval = (call: JsonObject, type: unknown): JsonObject => {
  if (type !== 'file_search') return call;
  const { file_search: _results, ...rest } = call;
  return { ...rest, type: 'retrieval', retrieval: {} };
};

/** Citations had the text that they quote, which later was no longer filled in. */
function withQuote(annotation: unknown): unknown {
  const citation = fieldOf(annotation, 'file_citation');
  return isJsonObject(annotation) && isJsonObject(citation)
    ? { ...annotation, file_citation: { quote: '', ...citation } }
    : annotation;
}

function withQuotes(part: unknown): unknown {
  const text = fieldOf(part, 'text');
  const annotations = fieldOf(text, 'annotations');
  return isJsonObject(part) && isJsonObject(text) && Array.isArray(annotations)
    ? { ...part, text: { ...text, annotations: annotations.map(withQuote) } }
    : part;
}

/** The shape that the API had in its version 1: with `file_ids`, and with the tool `retrieval`. */
export const version1Shape: Shape = (object) => {
  switch (object['object']) {
    case 'assistant':
    case 'thread.run':
      return withTools(object);
    case 'thread.message':
      return {
        ...object,
        content: toArray(object['content']).map(withQuotes),
        file_ids: fileIds(object['attachments']),
      };
    case 'thread.run.step':
    case 'thread.run.step.delta':
      return withToolCalls(object, withRetrieval);
    default:
      return object;
  }
};

/** Applies a shape to a response's value: an object, or a list of objects. */
export function applyShape(value: unknown, shape: Shape): unknown {
  if (!isJsonObject(value)) return value;
  if (value['object'] !== 'list') return shape(value);
  return {
    ...value,
    data: toArray(value['data']).map((item) => (isJsonObject(item) ? shape(item) : item)),
  };
}
