/* Text that Python printed for objects, such as `SyncCursorPage[Message](data=[Message(id='msg_1')])`. */

/** A Python text that cannot be read, from this index on. */
export class PythonTextError extends Error {
  override readonly name = 'PythonTextError';
  readonly index: number;

  constructor(index: number, sentence: string) {
    super(sentence);
    this.index = index;
  }
}

const words: Readonly<Record<string, string>> = {
  None: 'null',
  True: 'true',
  False: 'false',
  nan: 'null',
};

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\n': '',
};

/** The number of digits after each escape with a character's code. */
const codeLengths: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

const identifier = /[A-Za-z_][\w.]*/y;
const numberPattern = /-?(?:\d[\d_]*)?(?:\.\d*)?(?:[eE][+-]?\d+)?/y;
const stringStart = /[rbuRBU]{0,2}(?='|")/y;

const pad = (part: string | undefined, length = 2): string => (part ?? '0').padStart(length, '0');

/** Writes Python's notation as JSON with the same line ends. */
class PythonReader {
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** All values, one after the other. */
  readAll(): string {
    let json = this.#space();
    while (this.#index < this.#text.length) json += this.#value() + this.#space();
    return json;
  }

  #fail(): never {
    const rest = this.#text.slice(this.#index, this.#index + 20).split('\n')[0] ?? '';
    throw new PythonTextError(this.#index, `unexpected '${rest}'`);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#index;
    const match = pattern.exec(this.#text)?.[0] ?? null;
    if (match !== null) this.#index += match.length;
    return match;
  }

  #peek(): string {
    return this.#text.charAt(this.#index);
  }

  #skip(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#index)) return false;
    this.#index += expected.length;
    return true;
  }

  #space(): string {
    return this.#match(/\s*/y) ?? '';
  }

  #value(): string {
    const first = this.#peek();
    if (first === '[') return this.#items('[', ']');
    if (first === '(') return this.#items('(', ')');
    if (first === '{') return this.#dictionary();
    if (first === '<') return this.#enumeration();
    const prefix = this.#match(stringStart);
    if (prefix !== null) return this.#string(prefix.toLowerCase().includes('r'));
    const name = this.#match(identifier);
    if (name !== null) return this.#named(name);
    const digits = this.#match(numberPattern);
    if (digits === null || digits === '') this.#fail();
    return String(Number(digits.replaceAll('_', '')));
  }

  #list(end: string, readItem: () => string): string {
    let json = this.#space();
    while (!this.#skip(end)) {
      json += readItem() + this.#space();
      if (!this.#skip(',')) {
        if (this.#peek() !== end) this.#fail();
        continue;
      }
      const space = this.#space();
      json += this.#peek() === end ? space : `,${space}`;
    }
    return json;
  }

  #items(start: string, end: string): string {
    this.#skip(start);
    return `[${this.#list(end, () => this.#value())}]`;
  }

  #dictionary(): string {
    this.#skip('{');
    const readMember = () => {
      const key = this.#value();
      const space = this.#space();
      if (!this.#skip(':')) this.#fail();
      return `${key.startsWith('"') ? key : JSON.stringify(key)}${space}:${this.#space()}${this.#value()}`;
    };
    return `{${this.#list('}', readMember)}}`;
  }

  /** `<Role.USER: 'user'>`. */
  #enumeration(): string {
    this.#skip('<');
    if (this.#match(identifier) === null || !this.#skip(':')) this.#fail();
    const json = this.#space() + this.#value();
    if (!this.#skip('>')) this.#fail();
    return json;
  }

  /** A word, an object such as `Text(value='a')`, or a call such as `UUID('a')`. */
  #named(name: string): string {
    const word = Object.hasOwn(words, name) ? words[name] : undefined;
    if (word !== undefined) return word;
    this.#skipTypeArguments();
    // The only argument of a call, such as `UTC`.
    if (this.#peek() === ')') return JSON.stringify(name);
    if (!this.#skip('(')) this.#fail();
    const positional: string[] = [];
    let hasFields = false;
    const fields = this.#list(')', () => {
      const field = this.#fieldName();
      if (field === null) {
        positional.push(this.#value());
        return 'null';
      }
      hasFields = true;
      return `${JSON.stringify(field)}:${this.#space()}${this.#value()}`;
    });
    if (name.endsWith('datetime')) return dateText(positional);
    if (positional.length === 0) return `{${fields}}`;
    if (hasFields || positional.length > 1) this.#fail();
    return positional[0] ?? '';
  }

  /** `[Message]` in `SyncCursorPage[Message](…)`. */
  #skipTypeArguments(): void {
    if (this.#peek() !== '[') return;
    let depth = 0;
    do {
      if (this.#peek() === '[') depth += 1;
      if (this.#peek() === ']') depth -= 1;
      this.#index += 1;
    } while (depth > 0 && this.#index < this.#text.length);
  }

  /** The name in `name=value`, which is read with its sign; null for another value. */
  #fieldName(): string | null {
    const start = this.#index;
    const name = this.#match(/[A-Za-z_]\w*/y);
    this.#space();
    if (name !== null && this.#skip('=')) return name;
    this.#index = start;
    return null;
  }

  #string(isRaw: boolean): string {
    const quote = this.#peek();
    const end = this.#skip(quote.repeat(3)) ? quote.repeat(3) : quote;
    if (end === quote) this.#skip(quote);
    let [value, lineEnds] = ['', ''];
    while (!this.#skip(end)) {
      if (this.#index >= this.#text.length) this.#fail();
      if (this.#peek() === '\n') lineEnds += '\n';
      if (this.#peek() === '\\') value += this.#escape(isRaw);
      else {
        value += this.#peek();
        this.#index += 1;
      }
    }
    return JSON.stringify(value) + lineEnds;
  }

  #escape(isRaw: boolean): string {
    const letter = this.#text.charAt(this.#index + 1);
    this.#index += 2;
    if (isRaw) return `\\${letter}`;
    const length = codeLengths[letter];
    if (length !== undefined) {
      const code = Number.parseInt(this.#text.slice(this.#index, this.#index + length), 16);
      if (!(code <= 0x10_ff_ff)) this.#fail();
      this.#index += length;
      return String.fromCodePoint(code);
    }
    return Object.hasOwn(escapes, letter) ? (escapes[letter] ?? '') : letter;
  }
}

/** `datetime.datetime(2024, 5, 1, 10, 0, tzinfo=…)`, whose time zone is UTC in all SDKs. */
function dateText([year, month, day, ...time]: readonly string[]): string {
  const [hour, minute, second] = [0, 1, 2].map((index) => pad(time[index]));
  return JSON.stringify(`${pad(year, 4)}-${pad(month)}-${pad(day)}T${hour}:${minute}:${second}Z`);
}

const printedObject = /^[A-Za-z_][\w.]*(?:\[[\w\s.,]*\])?\(/u;

/** Whether a text begins like an object, or a list of objects, that Python printed. */
export function isPythonText(text: string): boolean {
  const start = text.trimStart();
  const first = start.startsWith('[') ? start.slice(1).trimStart() : start;
  return first.startsWith('{')
    ? first.slice(1).trimStart().startsWith("'")
    : printedObject.test(first);
}

/** JSON for objects that Python printed, with the same line ends. Throws a {@link PythonTextError}. */
export const pythonToJson = (text: string): string => new PythonReader(text).readAll();
