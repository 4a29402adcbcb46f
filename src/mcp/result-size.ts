import { isJsonObject, singleLineJson } from '../shared/json.ts';
import { ApiError } from '../shared/errors.ts';
import { cutText } from '../shared/text.ts';

/**
 * The largest result of a tool, in UTF-8 bytes of the serialised message. The SDKs of clients drop the
 * connection at 10 MiB; an image of 3 MiB, in base64, must fit.
 */
export const maxResultBytes = 5 * 2 ** 20;

/** For everything around the object: the envelope, `next` and `truncated`. */
const reservedBytes = 32_768;

/** The largest document in one result, in bytes of JSON. */
export const maxDocumentBytes = maxResultBytes - reservedBytes;

/** Longer ids and arguments are not repeated in `next`. */
const maxRepeatedLength = 1000;

/** The longest texts that a result keeps when it has to be shortened, tried in this order. */
const textLimits = [2 ** 20, 2 ** 18, 2 ** 16, 2 ** 14, 2 ** 12];
const minTextLimit = 2 ** 10;

/** A list may have one item for so many characters of the text limit. */
const charactersPerItem = 8;

/** The tool call that a result belongs to. */
export interface CallInfo {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Whether the texts of a value have more characters; reads no further than it has to. */
function hasLongerTexts(value: unknown, maxLength: number): boolean {
  let remaining = maxLength;
  const read = (part: unknown): boolean => {
    if (typeof part === 'string') remaining -= part.length;
    else if (Array.isArray(part)) return part.some(read);
    else if (isJsonObject(part)) return Object.values(part).some(read);
    return remaining < 0;
  };
  return read(value);
}

/**
 * The bytes of a value in a result, which has it twice: as JSON text and as structured content.
 * Infinite if they are certainly more than `maxBytes`.
 */
function resultBytes(value: unknown, maxBytes: number): number {
  if (hasLongerTexts(value, maxBytes / 2)) return Infinity;
  const json = JSON.stringify(value);
  return Buffer.byteLength(json) + Buffer.byteLength(JSON.stringify(singleLineJson(value)));
}

function shortenValue(value: unknown, maxLength: number): unknown {
  if (typeof value === 'string') return cutText(value, maxLength);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value.slice(0, maxLength / charactersPerItem);
    return items.map((item) => shortenValue(item, maxLength));
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, shortenValue(item, maxLength)]));
}

const truncationNote = (maxLength: number): string =>
  `The result was too large. Texts longer than ${maxLength} characters end with a note, and lists have at most ${maxLength / charactersPerItem} items.`;

function shortenTo(object: JsonObject, maxLength: number, maxBytes: number): JsonObject | null {
  const shortened = shortenValue(object, maxLength);
  if (!isJsonObject(shortened) || resultBytes(shortened, maxBytes) > maxBytes) return null;
  return { ...shortened, truncated: truncationNote(maxLength) };
}

/** Cuts the longest texts and lists of an object; null if that is not enough. */
function shortenObject(object: JsonObject, maxBytes: number): JsonObject | null {
  const shortest = shortenTo(object, minTextLimit, maxBytes);
  if (shortest === null) return null;
  for (const maxLength of textLimits) {
    const shortened = shortenTo(object, maxLength, maxBytes);
    if (shortened !== null) return shortened;
  }
  return shortest;
}

/** How to read the items after `lastId`. */
function nextPageCall({ name, args }: CallInfo, lastId: string): string {
  const callArgs = singleLineJson({ ...args, after: lastId });
  const described =
    callArgs.length <= maxRepeatedLength
      ? callArgs
      : `the same arguments and after ${singleLineJson(lastId)}`;
  return `Call ${name} with ${described} to read the next items.`;
}

/** The first items that fit; the first one is shortened if it does not fit alone. */
function firstItems(items: readonly JsonObject[], maxBytes: number): readonly JsonObject[] {
  let remainingBytes = maxBytes;
  const end = items.findIndex((item) => {
    remainingBytes -= resultBytes(item, remainingBytes);
    return remainingBytes < 0;
  });
  const [first] = items;
  if (end !== 0 || first === undefined) return end === -1 ? items : items.slice(0, end);
  const shortened = shortenObject(first, maxBytes);
  return shortened === null ? [] : [shortened];
}

/** A page with fewer items and the call for the others; null if the object is no page. */
function shortenPage(page: JsonObject, maxBytes: number, call: CallInfo): JsonObject | null {
  const { data, ...fields } = page;
  if (!Array.isArray(data) || !data.every(isJsonObject)) return null;
  const items = firstItems(data, maxBytes - resultBytes(fields, maxBytes));
  const lastId = items.at(-1)?.['id'];
  if (typeof lastId !== 'string' || lastId.length > maxRepeatedLength) return null;
  const isComplete = items.length === data.length;
  return {
    ...page,
    data: items,
    last_id: lastId,
    ...(!isComplete && { has_more: true, next: nextPageCall(call, lastId) }),
  };
}

/**
 * The object, or as much of it as fits into one result: the first items of a page, with `next` for the
 * others, or the beginnings of long texts. Throws an ApiError if it cannot be shortened.
 */
export function fitResult(object: object, otherBytes: number, call: CallInfo): JsonObject {
  const result: JsonObject = { ...object };
  const maxBytes = maxResultBytes - reservedBytes - otherBytes;
  if (resultBytes(result, maxBytes) <= maxBytes) return result;
  const fitting = shortenPage(result, maxBytes, call) ?? shortenObject(result, maxBytes);
  if (fitting !== null) return fitting;
  const { id } = result;
  const name = typeof id === 'string' && id.length <= maxRepeatedLength ? ` ${id}` : '';
  throw new ApiError(
    null,
    `The call succeeded, but its result${name} is larger than ${maxResultBytes / 2 ** 20} MiB and cannot be shortened.`,
    { code: 'result_too_large' },
  );
}
