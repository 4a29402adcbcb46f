import { fieldOf, isJsonObject } from '../../../shared/json.ts';
import type { ApiObject } from '../../../schema/objects/index.ts';
import { toContent } from './message-content.ts';
import type { Problems } from './problems.ts';
import {
  toAttachments,
  toStepDetails,
  toToolChoice,
  toToolResources,
  toTools,
  withFiles,
} from './tools.ts';
import { toSeconds } from './times.ts';

/*
 * Servers send the API's objects with their own habits: other times, missing fields, other types of
 * tools. Here they become the API's; what is wrong beyond that is left for the importer's checks.
 */

export type Kind = ApiObject['object'];
export type JsonObject = Record<string, unknown>;

/** What an object's place on the server says about it. */
export interface Place {
  readonly kind: Kind;
  /** What messages call it, such as `message msg_abc of thread_abc`. */
  readonly label: string;
  /** Fields for an object that lacks them. */
  readonly defaults: Readonly<JsonObject>;
}

const isMissing = (value: unknown): boolean =>
  value === undefined || value === null || value === '';

/** Fields with ids, for which Astra sends `None` and Rubra an empty text. */
const toId = (value: unknown): unknown => {
  if (typeof value === 'number') return String(value);
  return value === '' || value === 'None' || value === 'null' ? null : value;
};

function toMetadata(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).flatMap(([key, inner]) =>
    inner === null ? [] : [[key, typeof inner === 'string' ? inner : JSON.stringify(inner)]],
  );
  return Object.fromEntries(entries);
}

const idFields: ReadonlySet<string> = new Set(['id', 'thread_id', 'run_id', 'assistant_id']);

function normalizeField(key: string, value: unknown): unknown {
  if (idFields.has(key)) return toId(value);
  if (key.endsWith('_at')) return toSeconds(value) ?? value;
  if (key === 'metadata') return toMetadata(value);
  if (key === 'incomplete_details' && typeof value === 'string') return { reason: value };
  if (key === 'last_error' && typeof value === 'string') {
    return { code: 'server_error', message: value };
  }
  return value;
}

/** Open Assistant API's name of the metadata, and LocalAI's of the time. */
const renamed = new Map([
  ['metadata_', 'metadata'],
  ['created', 'created_at'],
]);

function renameFields(raw: JsonObject): JsonObject {
  const entries = Object.entries(raw).filter(
    ([key]) => !renamed.has(key) || isMissing(raw[renamed.get(key) ?? key]),
  );
  return Object.fromEntries(entries.map(([key, value]) => [renamed.get(key) ?? key, value]));
}

const tokenFields = ['prompt_tokens', 'completion_tokens'] as const;

/** Usage with its sum; null if the server did not count. */
function toUsage(usage: unknown): unknown {
  if (!isJsonObject(usage)) return null;
  const [prompt, completion] = tokenFields.map((name) => usage[name]);
  if (typeof prompt !== 'number' || typeof completion !== 'number') return null;
  return { ...usage, total_tokens: usage['total_tokens'] ?? prompt + completion };
}

/** The fields of one kind of object whose values differ between servers. */
function kindFields({ kind, label }: Place, object: JsonObject, problems: Problems): JsonObject {
  const tools = () => toTools(object['tools'], label, problems);
  switch (kind) {
    case 'assistant':
      return { tool_resources: withFiles(object, label, problems), tools: tools() };
    case 'thread':
      return { tool_resources: toToolResources(object['tool_resources'], label, problems) };
    case 'thread.message':
      return {
        content: toContent(object['content'], label, problems),
        attachments: toAttachments(object, label, problems),
      };
    case 'thread.run':
      return {
        tools: tools(),
        tool_resources: toToolResources(object['tool_resources'], label, problems),
        tool_choice: toToolChoice(object['tool_choice'], label, problems),
        usage: toUsage(object['usage']),
      };
    case 'thread.run.step':
      return {
        step_details: toStepDetails(object['step_details'], label, problems),
        usage: toUsage(object['usage']),
      };
  }
}

/** A server's object as the API's. */
export function normalize(raw: JsonObject, place: Place, problems: Problems): JsonObject {
  const entries = Object.entries(renameFields(raw));
  const object = Object.fromEntries(
    entries.map(([key, value]) => [key, normalizeField(key, value)]),
  );
  if (isMissing(object['created_at']))
    problems.add(`time of ${place.label}`, 'The server gave none.');
  for (const [key, value] of Object.entries(place.defaults)) {
    if (isMissing(object[key])) object[key] = value;
  }
  return { ...object, object: place.kind, ...kindFields(place, object, problems) };
}

/** The id of a server's object; null if it has none that a URL can contain. */
export function idOf(raw: unknown): string | null {
  const id = toId(fieldOf(raw, 'id'));
  return typeof id === 'string' && id !== '.' && id !== '..' ? id : null;
}
