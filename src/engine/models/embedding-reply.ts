import { fieldOf } from '../../shared/json.ts';

/** Longer vectors are cut, of servers that cannot send fewer numbers; fewer would lose too much. */
const maxDimensions = 512;

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number');

/** The sum of vectors of one length, which has the direction of their average: of servers that send one for each token. */
function combine(vectors: readonly (readonly number[])[]): readonly number[] | null {
  const [first] = vectors;
  if (first === undefined || vectors.some(({ length }) => length !== first.length)) return null;
  return first.map((_, index) => vectors.reduce((sum, vector) => sum + (vector[index] ?? 0), 0));
}

const bytesPerNumber = 4;

/** Four bytes for each number, little-endian. */
function fromBase64(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  const count = Math.floor(bytes.length / bytesPerNumber);
  return Array.from({ length: count }, (_, index) => bytes.readFloatLE(index * bytesPerNumber));
}

function readNumbers(value: unknown): readonly number[] | null {
  if (typeof value === 'string') return fromBase64(value);
  if (isNumbers(value)) return value;
  if (!Array.isArray(value) || value.length === 0) return null;
  return value.every(isNumbers) ? combine(value) : null;
}

/** The first numbers as a vector of length 1; null for one that has no direction. */
function normalise(numbers: readonly number[]): Float32Array | null {
  const kept = numbers.slice(0, maxDimensions);
  const length = Math.hypot(...kept);
  return Number.isFinite(length) && length > 0
    ? Float32Array.from(kept, (number) => number / length)
    : null;
}

/** The list of vectors of a reply, whichever API the server imitates. */
function listOf(reply: unknown): readonly unknown[] | null {
  for (const list of [reply, fieldOf(reply, 'data'), fieldOf(reply, 'embeddings')]) {
    if (Array.isArray(list)) return list;
  }
  return null;
}

/** Puts items into the order of their `index` if these are the numbers from 0. */
function inOrder(items: readonly unknown[]): readonly unknown[] {
  const ordered = new Map(items.map((item) => [fieldOf(item, 'index'), item]));
  const isComplete = items.every((_, index) => ordered.has(index));
  return isComplete ? items.map((_, index) => ordered.get(index)) : items;
}

/** Reads the vectors of `count` texts. Throws for a reply without these vectors. */
export function readEmbeddings(reply: unknown, count: number): readonly (Float32Array | null)[] {
  const items = listOf(reply);
  if (items === null) throw new Error('The model endpoint sent no embeddings.');
  if (items.length !== count) {
    throw new Error(`The model endpoint sent ${items.length} embeddings for ${count} texts.`);
  }
  const vectors = inOrder(items).map((item) => {
    const numbers = readNumbers(fieldOf(item, 'embedding') ?? item);
    if (numbers === null) throw new Error('The model endpoint sent an embedding without numbers.');
    return normalise(numbers);
  });
  const lengths = new Set(vectors.flatMap((vector) => (vector === null ? [] : [vector.length])));
  if (lengths.size > 1) throw new Error('The model endpoint sent embeddings of different lengths.');
  return vectors;
}
