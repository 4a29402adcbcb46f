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

/** A shorter value can be guessed, and may be part of any id or word. */
const minSecretLength = 8;

/** A word or a number is a secret from this length on; shorter ones occur in any text. */
const minWordSecretLength = 16;

const wordOrNumber = /^(?:[\p{L}\p{P}\s]*|[\p{N}\p{P}]*)$/u;

/** Whether a key is one to hide, and no placeholder such as `x`, `none`, `ollama` or `lm-studio`. */
export const isSecret = (key: string): boolean =>
  key.length >= (wordOrNumber.test(key) ? minWordSecretLength : minSecretLength);

/** Replaces the given secrets, and everything that looks like a secret, with `[redacted]`. */
export function redact(text: string, secrets: readonly string[] = []): string {
  return secrets
    .filter(isSecret)
    .toSorted((a, b) => b.length - a.length)
    .reduce((cleaned, secret) => cleaned.replaceAll(secret, replacement), text)
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
