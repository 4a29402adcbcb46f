import { createHash } from 'node:crypto';
import { isJsonObject } from '../../shared/json.ts';
import { objectFields } from '../../schema/objects/index.ts';
import type { Changes, Note } from './changes.ts';
import { toContent, withAttachments } from './content-shapes.ts';
import {
  type Fields,
  idPrefixes,
  isAbsent,
  type Kind,
  withApiNames,
  withoutSynonyms,
} from './field-names.ts';
import { keepUnknownFields } from './unknown-fields.ts';
import { declaredKind } from './object-kinds.ts';
import type { Candidate } from './object-shapes.ts';
import { toSeconds } from './time-values.ts';
import {
  addAssistantFiles,
  checkToolResources,
  toStepDetails,
  toToolChoice,
  toTools,
} from './tool-shapes.ts';

/** What the conversion of a file's objects needs. */
export interface Conversion {
  /** Unix seconds. */
  readonly now: number;
  readonly changes: Changes;
  /** How many messages without an id each thread has had. */
  readonly unnamedMessages: Map<string, number>;
}

/** Where an object is in the file. */
export interface ObjectPlace {
  /** The names that the object's fields have in the file, where they differ. */
  sourceNames: ReadonlyMap<string, string>;
  /** File, line and path of the object or of one of its fields. */
  readonly at: (field?: string) => string;
}

const timeFields = [
  'created',
  'completed',
  'incomplete',
  'started',
  'expires',
  'expired',
  'cancelled',
  'failed',
].map((name) => `${name}_at`);

function withTimes(fields: Fields, note: Note): Fields {
  const result = { ...fields };
  for (const name of timeFields) {
    const [value, seconds] = [fields[name], toSeconds(fields[name])];
    if (seconds === value) continue;
    result[name] = seconds;
    note('Changed', `'${name}' is now in Unix seconds`, name);
  }
  return result;
}

/** An id that is the same for the same message, so that a second import of it is noticed. */
function createId(kind: Kind, fields: Fields, { unnamedMessages }: Conversion): string {
  const thread_id = typeof fields['thread_id'] === 'string' ? fields['thread_id'] : '';
  const number = unnamedMessages.get(thread_id) ?? 0;
  unnamedMessages.set(thread_id, number + 1);
  const text = JSON.stringify([number, fields]);
  const hash = createHash('sha256').update(text).digest('hex');
  return idPrefixes[kind] + hash.slice(0, 24);
}

/** Ids that a database numbered are texts in this API. */
const idNames = ['id', 'thread_id', 'run_id', 'assistant_id'];

function withTextIds(fields: Fields): Fields {
  const numbered = idNames.filter((name) => typeof fields[name] === 'number');
  if (numbered.length === 0) return fields;
  return { ...fields, ...Object.fromEntries(numbered.map((name) => [name, String(fields[name])])) };
}

/** Fills in what an object's place in the file says. */
function withParents(kind: Kind, fields: Fields, { parents }: Candidate): Fields {
  const result = { ...fields };
  const inherit = (name: 'thread_id' | 'run_id' | 'assistant_id') => {
    if (isAbsent(result[name]) && !isAbsent(parents[name])) result[name] = parents[name];
  };
  if (kind === 'assistant' || kind === 'thread') return fields;
  inherit('thread_id');
  if (kind === 'thread.run.step') inherit('run_id');
  if (kind !== 'thread.message') inherit('assistant_id');
  return result;
}

/** Fills in the id and time that only people's own formats leave out. */
function withDefaults(
  kind: Kind,
  fields: Fields,
  { parents }: Candidate,
  conversion: Conversion,
  note: Note,
): Fields {
  const result: Fields = { ...fields, object: kind };
  if (isAbsent(result['id']) && (kind === 'thread.message' || kind === 'assistant')) {
    result['id'] = createId(kind, fields, conversion);
    note('Added', `'id' of ${kind === 'assistant' ? 'an assistant' : 'a message'}`);
  }
  if (isAbsent(result['created_at'])) {
    result['created_at'] = isAbsent(parents.created_at) ? conversion.now : parents.created_at;
    note(
      'Added',
      `'created_at', from ${isAbsent(parents.created_at) ? 'the time of this import' : 'the objects around it'}`,
    );
  }
  return result;
}

const roles: ReadonlyMap<string, string> = new Map([
  ...['user', 'human', 'customer', 'client'].map((role) => [role, 'user'] as const),
  ...['assistant', 'ai', 'bot', 'chatbot', 'gpt', 'chatgpt', 'model', 'agent'].map(
    (role) => [role, 'assistant'] as const,
  ),
]);

/** Roles of other APIs whose messages this API does not have. */
const foreignRoles: ReadonlySet<unknown> = new Set(['system', 'developer', 'tool', 'function']);

/** A message of somebody's own format with a role of this API; null if its role has no counterpart. */
function withRole(fields: Fields, note: Note): Fields | null {
  const { role, type: ownType, ...others } = fields;
  if (typeof role !== 'string') return fields;
  const name = role.trim().toLowerCase();
  const type = typeof ownType === 'string' ? ownType : 'message';
  if (foreignRoles.has(name) || type.startsWith('tool_')) {
    note('Dropped', `message of role '${name}' and type '${type}'`, 'role');
    return null;
  }
  const known = roles.get(name) ?? role;
  if (known !== name) note('Changed', `role '${role}' is now '${known}'`, 'role');
  return { ...others, ...(type !== 'message' && { type }), role: known };
}

/** The parts of an object that this API has differently. */
function convertParts(kind: Kind, fields: Fields, note: Note): Fields {
  switch (kind) {
    case 'assistant':
    case 'thread': {
      const all = kind === 'assistant' ? addAssistantFiles(fields, note) : fields;
      checkToolResources(all['tool_resources'], note);
      return all['tools'] === undefined ? all : { ...all, tools: toTools(all['tools'], note) };
    }
    case 'thread.message': {
      const all = withAttachments(fields, note);
      return all['content'] === undefined
        ? all
        : { ...all, content: toContent(all['content'], note) };
    }
    case 'thread.run': {
      checkToolResources(fields['tool_resources'], note);
      const { tools, tool_choice } = fields;
      return {
        ...fields,
        ...(tools !== undefined && { tools: toTools(tools, note) }),
        ...(tool_choice !== undefined && { tool_choice: toToolChoice(tool_choice, note) }),
      };
    }
    case 'thread.run.step':
      return { ...fields, step_details: toStepDetails(fields['step_details'], note) };
  }
}

/** Whether an own format has too little of a run to store it. */
const isSummary = (kind: Kind, { assistant_id, model }: Fields): boolean =>
  kind === 'thread.run' && (isAbsent(assistant_id) || isAbsent(model));

function convertOwnFormat(
  kind: Kind,
  fields: Fields,
  candidate: Candidate,
  conversion: Conversion,
  note: Note,
): Fields | null {
  if (isSummary(kind, fields)) {
    note('Dropped', "run without 'assistant_id' or 'model'");
    return null;
  }
  const named = kind === 'thread.message' ? withRole(fields, note) : fields;
  return named === null
    ? null
    : withDefaults(kind, withTextIds(named), candidate, conversion, note);
}

/**
 * Converts a value of a file to an API object; undefined if it is dropped, which is noted. A value that
 * is no object, or of no known kind, stays as it is.
 */
export function toApiObject(
  candidate: Candidate,
  conversion: Conversion,
  place: ObjectPlace,
): unknown {
  const { value } = candidate;
  if (!isJsonObject(value)) return value;
  const declared = declaredKind(value);
  const kind = declared ?? (value['object'] === undefined ? candidate.kind : null);
  if (kind === null) return value;
  let fields = withApiNames(value);
  if (declared === null) {
    const named = withoutSynonyms(kind, fields);
    fields = named.fields;
    place.sourceNames = named.sourceNames;
  }
  const note: Note = (change, sentence, field) =>
    conversion.changes.note(change, sentence, () => place.at(field));
  const placed = withParents(kind, fields, candidate);
  const complete =
    declared === null ? convertOwnFormat(kind, placed, candidate, conversion, note) : placed;
  if (complete === null) return undefined;
  const parts = convertParts(kind, withTimes(complete, note), note);
  return keepUnknownFields(kind, parts, objectFields[kind], note);
}
