import { isJsonObject, singleLineJson } from '../shared/json.ts';
import { estimateTokens } from '../shared/token-estimate.ts';
import { compactObject, type JsonObject, withoutFields } from './compact-object.ts';
import { shorten } from './shorten.ts';

/** The call whose result is made compact. */
export interface CompactContext {
  readonly operation: string;
  readonly args: JsonObject;
  /** The listed name of an operation's tool; null when the tool is not listed. */
  readonly toolName: (operation: string) => string | null;
}

/** Makes the result of a call small enough for a model's context. */
export type Compact = (result: JsonObject, context: CompactContext) => JsonObject;

/** The tool that reads one object of a list, or what another tool has created. */
export interface Reader {
  readonly operation: string;
  /** The parameter that takes the object's id. */
  readonly idParameter: string;
  /** The parameters that it has in common with the list. */
  readonly pathParameters?: readonly string[];
}

/**
 * In estimated tokens, of the items of a page: 8,000 less what the rest of the result takes, and less
 * what the estimate may miss.
 */
const maxPageTokens = 6800;

/** Texts of a page that is too large are cut to the first of these lengths that fits. */
const textLimits = [4000, 2000, 1000, 500] as const;
const minTextLimit = 250;

/** Longer texts cannot fit; they are cut before they are counted. */
const maxCountedLength = 64_000;

/** In characters, of a text in the result of a call that has sent it. */
const maxEchoLength = 200;

/** Longer ids and arguments are not repeated in advice. */
const maxRepeatedLength = 1000;

const callText = (tool: string, args: JsonObject): string => `${tool} with ${singleLineJson(args)}`;

/** How many items fit, from the first on. */
function countFitting(items: readonly JsonObject[], maxTokens: number): number {
  let remaining = maxTokens;
  const end = items.findIndex((item) => {
    remaining -= estimateTokens(singleLineJson(item).slice(0, maxCountedLength)) + 1;
    return remaining < 0;
  });
  return end === -1 ? items.length : end;
}

interface FittingItems {
  readonly items: readonly JsonObject[];
  /** The first one that is not complete. */
  readonly truncated: JsonObject | null;
}

function shortenItems(
  items: readonly JsonObject[],
  maxLength: number,
  reader: string | null,
): FittingItems {
  let truncated: JsonObject | null = null;
  const shortened = items.map((item) => {
    const { object, isTruncated } = shorten(item, maxLength, reader);
    if (!isTruncated) return object;
    truncated ??= object;
    return { ...object, truncated: true };
  });
  return { items: shortened, truncated };
}

/** All items with the longest texts that fit; otherwise the first items, with short texts. */
function fitItems(
  all: readonly JsonObject[],
  maxTokens: number,
  reader: string | null,
): FittingItems {
  if (countFitting(all, maxTokens) === all.length) return { items: all, truncated: null };
  for (const maxLength of textLimits) {
    const fitting = shortenItems(all, maxLength, reader);
    if (countFitting(fitting.items, maxTokens) === all.length) return fitting;
  }
  const { items } = shortenItems(all, minTextLimit, reader);
  const first = items.slice(0, Math.max(1, countFitting(items, maxTokens)));
  return { items: first, truncated: first.find((item) => 'truncated' in item) ?? null };
}

const isShortText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= maxRepeatedLength;

/** How to read the complete item. */
function readItemAdvice(item: JsonObject, reader: Reader, context: CompactContext): string | null {
  const tool = context.toolName(reader.operation);
  const { id } = item;
  if (tool === null || !isShortText(id)) return null;
  const path = (reader.pathParameters ?? []).map((name) => [name, context.args[name]]);
  const args: JsonObject = { ...Object.fromEntries(path), [reader.idParameter]: id };
  return `For all of a truncated item, call ${callText(tool, args)}.`;
}

function readRestAdvice(lastId: unknown, { operation, args, toolName }: CompactContext) {
  const tool = toolName(operation);
  if (tool === null || !isShortText(lastId)) return null;
  const call = callText(tool, { ...args, after: lastId });
  const described =
    call.length <= maxRepeatedLength
      ? call
      : `${tool} with the same arguments and after ${singleLineJson(lastId)}`;
  return `Call ${described} to read the next items.`;
}

/** How to read a list that has no pages. */
function readAllAdvice({ operation, args, toolName }: CompactContext): string | null {
  const tool = toolName(operation);
  return tool === null
    ? null
    : `For all of them, call ${callText(tool, { ...args, verbose: true })}.`;
}

/** What an item repeats of its list. */
const listFields: ReadonlySet<string> = new Set(['object', 'thread_id']);

/**
 * Creates a function that makes a page compact. It takes at most about 8,000 tokens, whatever it holds:
 * long texts are cut, then items are left out; `next` and `truncated` have the calls that read the rest.
 */
export const compactPage =
  (reader: Reader | null, compactItem: (item: JsonObject) => JsonObject = compactObject): Compact =>
  (page, context) => {
    const { data, ...fields } = page;
    if (!Array.isArray(data) || !data.every(isJsonObject)) return page;
    const all = data.map((item) => compactItem(withoutFields(item, listFields)));
    const readerName = reader === null ? null : context.toolName(reader.operation);
    const { items, truncated } = fitItems(all, maxPageTokens, readerName);
    const isComplete = items.length === all.length;
    if (isComplete && truncated === null) return compactObject({ ...page, data: all });
    const lastId = items.at(-1)?.['id'];
    const next = isComplete || reader === null ? null : readRestAdvice(lastId, context);
    const notes = [
      isComplete ? null : `${items.length} of ${all.length} items are here.`,
      isComplete || reader !== null ? null : readAllAdvice(context),
      truncated !== null && reader !== null ? readItemAdvice(truncated, reader, context) : null,
    ].filter((note) => note !== null);
    return compactObject({
      next,
      truncated: notes.length === 0 ? 'Long texts are cut.' : notes.join(' '),
      ...fields,
      data: items,
      ...(next !== null && { last_id: lastId, has_more: true }),
    });
  };

const nameOfTool = (tool: unknown): unknown => {
  if (!isJsonObject(tool) || !isJsonObject(tool['function'])) return tool;
  return { type: tool['type'], function: { name: tool['function']['name'] } };
};

/**
 * Creates a function for the results of calls that have sent what they return: long texts are cut, and
 * functions have only their names.
 */
export const compactEcho =
  (operation: string): Compact =>
  (result, { toolName }) => {
    const { tools } = result;
    const reader = toolName(operation);
    const isNamed = Array.isArray(tools) && tools.some((tool) => nameOfTool(tool) !== tool);
    const named = isNamed ? { ...result, tools: tools.map(nameOfTool) } : result;
    const { object, isTruncated } = shorten(compactObject(named), maxEchoLength, reader);
    if (!isNamed && !isTruncated) return object;
    const note = reader === null ? 'Not complete.' : `Not complete; ${reader} reads all of it.`;
    return { ...object, truncated: note };
  };
