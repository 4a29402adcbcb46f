import { maxDepth } from '../../schema/limits.ts';
import { exceedsDepth } from '../../shared/json.ts';
import { type Conversion, type ObjectPlace, toApiObject } from './api-objects.ts';
import { fileLineKind } from './object-kinds.ts';
import { ImportError, type Source } from './import-source.ts';
import { type JsonDocument, splitJson } from './json-documents.ts';
import { linesBefore, type PathSegment } from './json-position.ts';
import { type Candidate, findObjects, type OnField } from './object-shapes.ts';
import { isPythonText, pythonToJson, PythonTextError } from './python-text.ts';
import { readLines } from './text-lines.ts';

/** An API object of a source, which is not checked yet. */
export interface LocatedObject {
  readonly value: unknown;
  /** Whether the source only names this thread, which may exist already. */
  readonly isReference: boolean;
  /** File and line of the object or of one of its fields, and the path to it: `a.json:12: data[3]`. */
  readonly at: ObjectPlace['at'];
}

/** `content[0].text` → `content`, 0, `text`. */
const toSegments = (field: string): PathSegment[] =>
  [...field.matchAll(/\[(\d+)\]|[^.[\]]+/gu)].map(([name, index]) =>
    index === undefined ? name : Number(index),
  );

const formatPath = (path: readonly PathSegment[]): string =>
  path
    .map((segment, index) =>
      typeof segment === 'number' ? `[${segment}]` : `${index === 0 ? '' : '.'}${segment}`,
    )
    .join('');

/** Where values of a document are in the source. Does not hold the text of a single line. */
function locator(name: string, { text, line, index }: JsonDocument) {
  const lines = text.includes('\n') ? text : '';
  return (path: readonly PathSegment[], field: readonly PathSegment[] = []): string => {
    const label = formatPath([...(index === null ? [] : [index]), ...path]);
    const place = `${name}:${line + linesBefore(lines, [...path, ...field])}`;
    return label === '' ? place : `${place}: ${label}`;
  };
}

/** The API object of a candidate; nothing if it is dropped. */
function* convert(
  candidate: Candidate,
  conversion: Conversion,
  locate: (field: readonly PathSegment[]) => string,
): Generator<LocatedObject> {
  const place: ObjectPlace = {
    sourceNames: new Map(),
    at: (field) => {
      const [first, ...rest] = toSegments(field ?? '');
      return locate(
        first === undefined ? [] : [place.sourceNames.get(String(first)) ?? first, ...rest],
      );
    },
  };
  const { at } = place;
  if (candidate.isReference) return yield { value: candidate.value, isReference: true, at };
  const value = toApiObject(candidate, conversion, place);
  if (value !== undefined) yield { value, isReference: false, at };
}

function* readDocument(
  name: string,
  document: JsonDocument,
  conversion: Conversion,
): Generator<LocatedObject> {
  const locate = locator(name, document);
  if (exceedsDepth(document.value, maxDepth)) {
    throw new ImportError(locate([]), `The JSON is nested more than ${maxDepth} levels deep.`);
  }
  if (fileLineKind(document.value) !== null) {
    const at = (field?: string) => locate([], toSegments(field ?? ''));
    return yield { value: document.value, isReference: false, at };
  }
  const onField: OnField = (kind, path) => {
    const sentence =
      kind === 'Missing'
        ? "the rest of a list, whose 'has_more' is true"
        : `field '${path.at(-1)}' beside the objects`;
    conversion.changes.note(kind, sentence, () => locate(path));
  };
  for (const candidate of findObjects(document.value, [], onField)) {
    const { path } = candidate;
    yield* convert(candidate, conversion, (field) => locate(path, field));
  }
}

type Lines = AsyncIterable<string>;

async function* readJson(name: string, lines: Lines | string[], conversion: Conversion) {
  for await (const document of splitJson(name, lines)) {
    yield* readDocument(name, document, conversion);
  }
}

/** JSON for a text of objects that Python printed, which is held as a whole. */
async function pythonLines(name: string, lines: Lines): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  const text = all.join('\n');
  try {
    return pythonToJson(text).split('\n');
  } catch (error) {
    if (!(error instanceof PythonTextError)) throw error;
    const line = text.slice(0, error.index).split('\n').length;
    throw new ImportError(`${name}:${line}`, `Invalid Python text: ${error.message}.`);
  }
}

/** The beginning of a text, and the whole text. */
interface OpenText {
  /** The lines up to the second that is not blank. */
  readonly first: readonly string[];
  readonly lines: Lines;
}

const isBlank = (line: string): boolean => line.trim() === '';

async function openText(lines: AsyncGenerator<string>): Promise<OpenText> {
  const first: string[] = [];
  while (first.filter((line) => !isBlank(line)).length < 2) {
    const next = await lines.next();
    if (next.done === true) break;
    first.push(next.value);
  }
  async function* all(): AsyncGenerator<string> {
    yield* first;
    yield* lines;
  }
  return { first, lines: all() };
}

async function* skipLines(lines: Lines, count: number): AsyncGenerator<string> {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (number > count) yield line;
  }
}

/** Excel names the delimiter in a line before the header. */
const isDelimiterLine = (line: string): boolean => /^"?sep=.?"?\s*$/iu.test(line);

const isJson = (line: string): boolean => /^\s*(?:[{["\d-]|true|false|null)/u.test(line);

const unknownFormat =
  "The file is neither JSON nor CSV with a header that names 'thread_id', 'role' and 'content'.";

/** The objects of a text that begins neither with `{` nor with `[`, which may be CSV. */
async function* readOther(
  name: string,
  { first, lines }: OpenText,
  conversion: Conversion,
): AsyncGenerator<LocatedObject> {
  const header = first.findIndex((line) => !isBlank(line) && !isDelimiterLine(line));
  const text = first[header] ?? '';
  const { csvFormat, readCsv } = await import('./csv-reader.ts');
  const format = csvFormat(text);
  if (format === null) {
    if (text !== '' && !isJson(text)) throw new ImportError(`${name}:${header + 1}`, unknownFormat);
    return yield* readJson(name, lines, conversion);
  }
  const rows = readCsv(name, format, header + 1, skipLines(lines, header + 1));
  for await (const row of rows) {
    const candidate = { value: row.fields, kind: 'thread.message', path: [], parents: {} } as const;
    yield* convert(candidate, conversion, ([field]) => `${name}:${row.at(String(field))}`);
  }
}

/**
 * The API objects of a source, in order, whatever its format: JSON Lines, JSON documents, CSV, or what
 * Python prints for objects. Throws an {@link ImportError} for a source that cannot be read.
 */
export async function* readObjects(
  source: Source,
  conversion: Conversion,
): AsyncGenerator<LocatedObject> {
  const { name } = source;
  const text = await openText(readLines(source));
  const start = text.first.join('\n');
  if (isPythonText(start)) {
    yield* readJson(name, await pythonLines(name, text.lines), conversion);
  } else if (/^\s*[{[]/u.test(start)) yield* readJson(name, text.lines, conversion);
  else yield* readOther(name, text, conversion);
}
