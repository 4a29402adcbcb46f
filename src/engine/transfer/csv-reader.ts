import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { parse as parseAll } from 'csv-parse/sync';
import { isJsonObject, parseJson } from '../../shared/json.ts';
import { apiName, type Fields, snakeCase } from './field-names.ts';
import { ImportError } from './import-source.ts';
import { isPythonText, pythonToJson } from './python-text.ts';

/* CSV with a header: one message in each row. */

export interface CsvFormat {
  readonly delimiter: string;
  /** The columns of the header, and the field of a message that each has. */
  readonly columns: readonly { readonly header: string; readonly field: string }[];
}

/** One message of a CSV file. */
export interface CsvRow {
  readonly fields: Fields;
  /** Line, row and column of a field: `5: row 3, column 'Created At'`. */
  at(field?: string): string;
}

const kind = 'thread.message';
const requiredFields = ['thread_id', 'role', 'content'];
const usualFields = new Set([...requiredFields, 'id', 'created_at']);
const delimiters = [',', ';', '\t', '|'];

function readHeader(line: string, delimiter: string): CsvFormat | null {
  let headers: string[];
  try {
    const [row] = parseAll(line, { delimiter, relax_column_count: true });
    headers = (row ?? []).map((header: string) => header.trim());
  } catch {
    return null;
  }
  const columns = headers.map((header) => {
    const name = snakeCase(header);
    const field = apiName(kind, name);
    return { header, field: usualFields.has(field) ? field : header };
  });
  return {
    delimiter,
    columns: columns.map((column, index) => ({
      ...column,
      // A second column for the same field is one of its own.
      field:
        columns.findIndex(({ field }) => field === column.field) === index
          ? column.field
          : column.header,
    })),
  };
}

/** The format of a file with this first line; null if it is no header of a file with messages. */
export function csvFormat(line: string): CsvFormat | null {
  const formats = delimiters.map((delimiter) => readHeader(line.trimEnd(), delimiter));
  return (
    formats.find((format) => {
      const fields = format?.columns.map(({ field }) => field) ?? [];
      return fields.filter((field) => usualFields.has(field) && field !== 'id').length > 1;
    }) ?? null
  );
}

/** What databases and data frames write for a missing value. */
const absentCells: ReadonlySet<string> = new Set([
  '',
  'null',
  'none',
  'nan',
  'nat',
  String.raw`\n`,
]);

/** The value of a cell with JSON, or with what Python prints for it; undefined for other text. */
function parseCell(text: string): unknown {
  const value = parseJson(text);
  if (value !== undefined || !isPythonText(text)) return value;
  try {
    return parseJson(pythonToJson(text));
  } catch {
    return undefined;
  }
}

const isPart = (part: unknown): boolean => isJsonObject(part) && typeof part['type'] === 'string';

function cellValue(field: string, text: string): unknown {
  if (field === 'content') {
    const parts = text.startsWith('[') ? parseCell(text) : undefined;
    return Array.isArray(parts) && parts.length > 0 && parts.every((part) => isPart(part))
      ? parts
      : text;
  }
  if (absentCells.has(text.trim().toLowerCase())) return undefined;
  if (!['metadata', 'attachments', 'file_ids'].includes(field)) return text;
  return parseCell(text) ?? text;
}

function toFields({ columns }: CsvFormat, cells: readonly string[]): Fields {
  const entries = columns.flatMap(({ header, field }, index) => {
    const value = cellValue(field, cells[index] ?? '');
    return header === '' || value === undefined ? [] : [[field, value] as const];
  });
  return Object.fromEntries(entries);
}

const lineEnds = (text: string): number => text.split('\n').length - 1;

function checkHeader(name: string, line: number, { columns }: CsvFormat): void {
  const missing = requiredFields.find((field) => !columns.some((column) => column.field === field));
  if (missing === undefined) return;
  throw new ImportError(`${name}:${line}`, `The header has no column for '${missing}'.`);
}

const csvProblems: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quoted value does not end',
  CSV_INVALID_CLOSING_QUOTE: 'text follows the quotation mark that ends a value',
  INVALID_OPENING_QUOTE: 'a quotation mark is within a value that has none at its beginning',
  CSV_MAX_RECORD_SIZE: 'the row is too large; a quoted value may not end',
};

/** Bytes of one row; more are held only where a quotation mark is missing. */
const maxRowBytes = 64 * 2 ** 20;

/** A row, and the line on which it begins. */
interface RawRow {
  readonly cells: readonly string[];
  readonly line: number;
  /** Its number in a spreadsheet, where the header is row 1. */
  readonly row: number;
}

/** The rows below a header. */
async function* readRows(
  name: string,
  { columns, delimiter }: CsvFormat,
  headerLine: number,
  lines: AsyncIterable<string>,
): AsyncGenerator<RawRow> {
  let [line, row] = [headerLine + 1, 2];
  // The parser is ahead of what is read here, and drops that when it fails.
  const places: { readonly line: number; readonly row: number }[] = [];
  const onRecord = (cells: string[]): string[] => {
    places.push({ line, row });
    line += 1 + cells.reduce((sum, cell) => sum + lineEnds(cell), 0);
    row += 1;
    return cells;
  };
  const parser = parse({
    delimiter,
    relax_column_count: true,
    record_delimiter: ['\n', '\r\n'],
    max_record_size: maxRowBytes,
    on_record: onRecord,
  });
  async function* text() {
    for await (const each of lines) yield `${each}\n`;
  }
  const input = Readable.from(text());
  input.once('error', (error) => parser.destroy(error));
  input.pipe(parser);
  try {
    for await (const cells of parser) yield { cells, ...(places.shift() ?? { line, row }) };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const column = columns[Number(error['index'])]?.header;
    const place = column === undefined ? `row ${row}` : `row ${row}, column '${column}'`;
    const problem = csvProblems[error.code] ?? error.message;
    throw new ImportError(`${name}:${line}: ${place}`, `Invalid CSV: ${problem}.`);
  } finally {
    input.destroy();
  }
}

/**
 * The messages in the rows below a header, which is on line `headerLine`. Throws an {@link ImportError}
 * for a row that does not fit the header.
 */
export async function* readCsv(
  name: string,
  format: CsvFormat,
  headerLine: number,
  lines: AsyncIterable<string>,
): AsyncGenerator<CsvRow> {
  checkHeader(name, headerLine, format);
  const { columns } = format;
  for await (const { cells, line, row } of readRows(name, format, headerLine, lines)) {
    if (cells.every((cell) => cell.trim() === '')) continue;
    if (cells.length !== columns.length) {
      const sentence = `The row has ${cells.length} values, but the header has ${columns.length}.`;
      throw new ImportError(`${name}:${line}: row ${row}`, sentence);
    }
    const at = (field?: string) => {
      const index = columns.findIndex((column) => column.field === field);
      if (index < 0) return `${line}: row ${row}`;
      const before = cells.slice(0, index).reduce((sum, cell) => sum + lineEnds(cell), 0);
      return `${line + before}: row ${row}, column '${columns[index]?.header}'`;
    };
    yield { fields: toFields(format, cells), at };
  }
}
