import { firstCharacters } from './text.ts';

/*
 * Every pattern here is linear: no two parts that repeat can match the same characters. A look-behind
 * over a repetition would be quadratic, so what comes before a secret is matched and put back.
 */

/** API keys, which may also be part of the texts of the other patterns. */
const keyPattern = /\b(?:sk|sess|key)-[A-Za-z0-9_-]{8,}/gu;

const bearerPattern = /\b((?:Bearer\s+)+)[^\s"',]{4,}/gu;

const urlPasswordPattern = /\b([a-z\d]+:\/\/[^\s"'/:@]*:)[^\s"'/@]+(?=@)/giu;

const replacement = '[redacted]';

/** A shorter secret is replaced only where it is a whole word: ids and words may contain it. */
const minLengthInsideWords = 8;

/** Shorter values protect nothing, and occur as words and numbers in any text. */
const minSecretLength = 4;

const isWordCharacter = (character: string): boolean => /^[\p{L}\p{N}_-]$/u.test(character);

/** Replaces a short secret where no letter, digit, hyphen or underscore is next to it. */
function replaceWord(text: string, word: string): string {
  const parts: string[] = [];
  let copiedTo = 0;
  for (let start = text.indexOf(word); start >= 0; start = text.indexOf(word, start + 1)) {
    const end = start + word.length;
    const isInsideWord =
      isWordCharacter(text.charAt(start - 1)) || isWordCharacter(text.charAt(end));
    if (isInsideWord || start < copiedTo) continue;
    parts.push(text.slice(copiedTo, start), replacement);
    copiedTo = end;
  }
  return parts.join('') + text.slice(copiedTo);
}

function replaceSecret(text: string, secret: string): string {
  if (secret.length < minSecretLength) return text;
  return secret.length < minLengthInsideWords
    ? replaceWord(text, secret)
    : text.replaceAll(secret, replacement);
}

/** Replaces the given secrets, and everything that looks like a secret, with `[redacted]`. */
export function redact(text: string, secrets: readonly string[] = []): string {
  return secrets
    .toSorted((a, b) => b.length - a.length)
    .reduce(replaceSecret, text)
    .replace(keyPattern, replacement)
    .replace(bearerPattern, `$1${replacement}`)
    .replace(urlPasswordPattern, `$1${replacement}`);
}

/** What of a foreign text is looked at; the rest is never read. */
export const maxForeignTextLength = 65_536;

/** What a cut may leave of a secret that looks like one; only passwords in URLs can be this long. */
const maxCutSecretLength = 256;

/**
 * The redacted start of a foreign text, at most `maxLength` characters long, with an ellipsis if it was
 * cut. A cut never leaves a part of a secret.
 */
export function redactedExcerpt(
  text: string,
  maxLength: number,
  secrets: readonly string[] = [],
): string {
  const redacted = redact(text.slice(0, maxForeignTextLength), secrets);
  const cutSecretLength = Math.max(maxCutSecretLength, ...secrets.map(({ length }) => length));
  const isComplete = text.length <= maxForeignTextLength;
  const safeText = isComplete ? redacted : redacted.slice(0, -cutSecretLength);
  if (isComplete && safeText.length <= maxLength) return safeText;
  return `${firstCharacters(safeText, maxLength - 1)}…`;
}
