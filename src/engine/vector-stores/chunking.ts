import type { Chunking } from './chunking-strategy.ts';
import { tooLarge } from './extract/extraction-error.ts';
import type { Section, Sections } from './extract/text-builder.ts';
import { betweenCharacters, boundary, textUnits, type TextUnit } from './text-units.ts';

/** A passage of a file, as it is stored. */
export interface Chunk {
  readonly page: number | null;
  readonly text: string;
  /** How many characters at its start the chunk before has too. */
  readonly overlap: number;
}

/** The most tokens of a file (contract §4.7). */
const maxFileTokens = 5_000_000;

type CountTokens = (text: string) => number;

interface CountedUnit extends TextUnit {
  readonly tokens: number;
}

/** A chunk ends at the best place in this share of it. */
const endShare = 0.25;

/** A unit has at most this share of a chunk's tokens. */
const maxUnitShare = 0.25;

/** Counts a unit, and halves it as long as it has too many tokens. */
function* countUnit(
  text: string,
  unit: TextUnit,
  maxTokens: number,
  count: CountTokens,
): Generator<CountedUnit> {
  const tokens = count(text.slice(unit.start, unit.end));
  const middle = betweenCharacters(text, Math.floor((unit.start + unit.end) / 2));
  if (tokens <= maxTokens || middle >= unit.end || middle <= unit.start) {
    yield { ...unit, tokens };
    return;
  }
  yield* countUnit(text, { ...unit, end: middle, strength: boundary.word }, maxTokens, count);
  yield* countUnit(text, { ...unit, start: middle }, maxTokens, count);
}

/** The index behind the last unit of a chunk of the units from `start` to `limit`. */
function bestEnd(
  units: readonly CountedUnit[],
  { start, limit, maxTokens }: { start: number; limit: number; maxTokens: number },
): number {
  let best = limit;
  let strength = -1;
  let omitted = 0;
  for (let end = limit; end > start && omitted <= maxTokens * endShare; end -= 1) {
    const unit = units[end - 1];
    if (unit === undefined) break;
    if (unit.strength > strength) {
      best = end;
      ({ strength } = unit);
    }
    omitted += unit.tokens;
  }
  return best;
}

/** The index of the first unit that the next chunk repeats: where a sentence begins, if one does. */
function overlapStart(
  units: readonly CountedUnit[],
  { start, end, maxTokens }: { start: number; end: number; maxTokens: number },
): number {
  let first = end;
  let atSentence = end;
  let tokens = 0;
  for (let index = end - 1; index > start; index -= 1) {
    tokens += units[index]?.tokens ?? 0;
    if (tokens > maxTokens) break;
    first = index;
    if ((units[index - 1]?.strength ?? 0) > boundary.word) atSentence = index;
  }
  return atSentence < end ? atSentence : first;
}

/** Cuts one section. */
function* chunkSection(
  { page, text }: Section,
  { max_chunk_size_tokens, chunk_overlap_tokens }: Chunking,
  units: readonly CountedUnit[],
): Generator<Chunk> {
  let start = 0;
  let previousEnd = 0;
  while (start < units.length) {
    let tokens = 0;
    let limit = start;
    while (limit < units.length) {
      tokens += units[limit]?.tokens ?? 0;
      if (tokens > max_chunk_size_tokens && limit > start) break;
      limit += 1;
    }
    const isLast = limit === units.length;
    const end = isLast ? limit : bestEnd(units, { start, limit, maxTokens: max_chunk_size_tokens });
    const from = units[start]?.start ?? 0;
    const to = units[end - 1]?.end ?? text.length;
    const chunk = text.slice(from, to);
    if (chunk.trim() !== '') {
      yield { page, text: chunk, overlap: Math.max(0, previousEnd - from) };
    }
    if (isLast) return;
    previousEnd = to;
    start = overlapStart(units, { start, end, maxTokens: chunk_overlap_tokens });
  }
}

/**
 * Cuts a file into chunks of at most so many tokens, where possible between paragraphs or sentences.
 * A chunk is on one page. Each repeats the end of the one before on its page.
 */
export async function* chunkSections(
  sections: Sections,
  chunking: Chunking,
  count: CountTokens,
): AsyncGenerator<Chunk> {
  const maxUnitTokens = Math.floor(chunking.max_chunk_size_tokens * maxUnitShare);
  let total = 0;
  for await (const section of sections) {
    const units: CountedUnit[] = [];
    for (const unit of textUnits(section.text)) {
      for (const counted of countUnit(section.text, unit, maxUnitTokens, count)) {
        total += counted.tokens;
        if (total > maxFileTokens) throw tooLarge();
        units.push(counted);
      }
    }
    yield* chunkSection(section, chunking, units);
  }
}
