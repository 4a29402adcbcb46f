import { firstCharacters } from '../../../shared/text.ts';

/*
 * Models cite a search result by its mark, such as 【3】. They have also learned marks of other
 * programs, such as 【4:0†source】 or 【3†L5-L8】, and write those as well.
 */

/** A search result that a text can cite. */
export interface Source {
  /** The number in its mark, unique within the run. */
  readonly number: number;
  /** `search:result`, as hosted citations count; both from 0. */
  readonly position: string;
  readonly file_id: string;
  readonly filename: string;
}

/** What a mark refers to, as far as it can be read. */
interface Reference {
  readonly number?: number;
  readonly position?: string;
}

/** What stands between the brackets of a mark. */
interface MarkContent {
  readonly references: readonly Reference[];
  /** What follows the dagger: usually a file name, `source` or lines. */
  readonly name: string;
}

/** Opening bracket → closing bracket. The last pair are characters that OpenAI's models use. */
export const markBrackets: ReadonlyMap<string, string> = new Map([
  ['【', '】'],
  ['〖', '〗'],
  ['[', ']'],
  ['［', '］'],
  ['\ue200', '\ue201'],
]);

/** Ordinary text has these, too: what stands in them is a mark only if it cites a result. */
export const isOrdinaryBracket = (bracket: string): boolean => bracket === '[' || bracket === '［';

/** In characters, between the brackets. */
export const maxMarkLength = 200;

const dagger = '†';

/** A word before a number, as in `source 1` or `citation:1`. */
const leadingWord =
  /(?:sources?|results?|citations?|cite|references?|refs?|documents?|docs?|no\.?|[#^])[ :]*(?=\d)/giu;

const maxRange = 10;

function toReferences(piece: string): readonly Reference[] | null {
  if (/^\d{1,15}$/u.test(piece)) return [{ number: Number(piece) }];
  if (/^\d{1,6}:\d{1,6}$/u.test(piece)) return [{ position: piece }];
  const [, from, to] = /^(\d{1,6})[-–](\d{1,6})$/u.exec(piece) ?? [];
  if (from === undefined || to === undefined) return null;
  const length = Number(to) - Number(from) + 1;
  if (length < 1 || length > maxRange) return [];
  return Array.from({ length }, (_, index) => ({ number: Number(from) + index }));
}

/** A citation as OpenAI's own programs have them: `turn0file3`. */
function internalReferences(text: string): readonly Reference[] {
  return [...text.matchAll(/turn(\d{1,6})[a-z]{1,20}(\d{1,6})/gu)].map(([, turn, index]) => ({
    position: `${turn}:${index}`,
  }));
}

/** Reads the text between the brackets of a mark; null if it is ordinary text in brackets. */
export function readMark(opening: string, content: string): MarkContent | null {
  if (opening === '\ue200') return { references: internalReferences(content), name: '' };
  const text = content.normalize('NFKC');
  const [before = '', ...after] = text.split(dagger);
  const rest = after.join(dagger).trim();
  const [numbers, name] = before.trim() === '' ? [rest, ''] : [before, rest];
  const pieces = numbers
    .replaceAll(leadingWord, '')
    .split(/[,;、&\s]/u)
    .filter((piece) => piece !== '');
  const references = pieces.map(toReferences);
  const isReadable = pieces.length > 0 && references.every((found) => found !== null);
  if (isReadable) return { references: references.flatMap((found) => found ?? []), name };
  return after.length > 0 ? { references: [], name } : null;
}

/** Names of the kind of source, or of lines, which every mark may have. */
const isGenericName = (name: string): boolean =>
  name === '' || /^(?:sources?|files?|L\d{1,9}.{0,20})$/iu.test(name);

/** In characters, of a file's name in a mark. */
const maxNameLength = 100;

/** A file's name that cannot end its mark, or the JSON string or the line that it stands in. */
export const nameInMark = (filename: string): string =>
  firstCharacters(
    filename.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029【】〖〗"\\†]/gu, '_'),
    maxNameLength,
  );

/** The mark of a citation in a message, as clients know it (contract §3.7). */
export const toMark = ({ position, filename }: Source): string =>
  `【${position}${dagger}${nameInMark(filename)}】`;

/** The results of a run's searches, which its messages can cite. */
export class Sources {
  readonly #byNumber = new Map<number, Source>();
  readonly #byPosition = new Map<string, Source>();
  readonly #byName = new Map<string, Source>();
  readonly #ordinaryNumbers = new Set<number>();

  get count(): number {
    return this.#byNumber.size;
  }

  add(source: Source): void {
    const { number, position, filename } = source;
    this.#byNumber.set(number, source);
    this.#byPosition.set(position, source);
    if (!this.#byName.has(filename)) this.#byName.set(filename, source);
  }

  /** Notes the numbers that a result's text has in brackets: a quotation of it may have them too. */
  noteText(text: string): void {
    for (const [, number] of text.matchAll(/[[［](\d{1,6})[\]］]/gu)) {
      this.#ordinaryNumbers.add(Number(number));
    }
  }

  /** Whether the files have this number in ordinary brackets. */
  isOrdinary(number: number): boolean {
    return this.#ordinaryNumbers.has(number);
  }

  /**
   * The results that a mark cites; none for a mark that the model has invented. Null: no mark, but
   * ordinary text in brackets.
   */
  cited(opening: string, content: string): readonly Source[] | null {
    const named = this.#byName.get(content.split(dagger)[0]?.trim() ?? '');
    if (named !== undefined) return [named];
    const mark = readMark(opening, content);
    if (mark === null) return null;
    const { references, name } = mark;
    const isOther = ({ filename }: Source) =>
      !isGenericName(name) && ![filename, nameInMark(filename)].includes(name);
    const found = references.flatMap(({ number, position }) => {
      const source =
        number === undefined ? this.#byPosition.get(position ?? '') : this.#byNumber.get(number);
      return source === undefined ? [] : [source];
    });
    // The name tells a mark of this run from one that the model has seen earlier in the thread.
    const matching = found.filter((source) => !isOther(source));
    const byName = matching.length === 0 ? this.#byName.get(name) : undefined;
    return byName === undefined ? [...new Set(matching)] : [byName];
  }
}
