import { isJsonObject } from '../shared/json.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** JSON of callers, which is not the API's to change. */
const foreignFields: ReadonlySet<string> = new Set(['metadata', 'parameters', 'schema']);

/** Lists that output schemas require, even if they are empty. */
const requiredLists: ReadonlySet<string> = new Set(['content', 'data']);

const isEmpty = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);

function compactMember(name: string, value: unknown): unknown {
  if (foreignFields.has(name)) return value;
  if (Array.isArray(value)) {
    return value.map((item: unknown) => (isJsonObject(item) ? compactObject(item) : item));
  }
  return isJsonObject(value) ? compactObject(value) : value;
}

const isKept = (name: string, value: unknown): boolean =>
  !isEmpty(value) || (requiredLists.has(name) && value !== null);

/** An object of the API without nulls and empty lists and objects. */
export const compactObject = (object: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(object)
      .map(([name, value]) => [name, compactMember(name, value)] as const)
      .filter(([name, value]) => isKept(name, value)),
  );

/** The object without some fields. */
export const withoutFields = (object: JsonObject, names: ReadonlySet<string>): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.has(name)));

/** What a run repeats of its assistant and of the request. */
const runSettings: ReadonlySet<string> = new Set([
  'object',
  'instructions',
  'tools',
  'tool_resources',
  'model',
  'reasoning_effort',
  'temperature',
  'top_p',
  'response_format',
  'tool_choice',
  'parallel_tool_calls',
  'truncation_strategy',
  'max_prompt_tokens',
  'max_completion_tokens',
  'started_at',
  'expires_at',
  'completed_at',
  'cancelled_at',
  'failed_at',
]);

/** What callers of one run know or can read with `verbose`; a run that was cut off needs its assistant again. */
const knownFields = (status: unknown): ReadonlySet<string> =>
  new Set(status === 'incomplete' ? ['created_at'] : ['assistant_id', 'created_at']);

const countsOf = (usage: unknown): JsonObject | null =>
  isJsonObject(usage)
    ? Object.fromEntries(Object.entries(usage).filter(([, count]) => typeof count === 'number'))
    : null;

/** A run of a list, its status first. */
export function compactRunItem(run: JsonObject): JsonObject {
  const { status, usage = null, ...fields } = withoutFields(run, runSettings);
  return compactObject({ status, ...fields, usage: countsOf(usage) });
}

/** A run: its status, `reply` and `next` first. */
export function compactRun(run: JsonObject): JsonObject {
  const { status, reply = null, next = null, ...fields } = compactRunItem(run);
  return compactObject({ status, reply, next, ...withoutFields(fields, knownFields(status)) });
}
