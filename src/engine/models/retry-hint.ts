const unitMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** A delay in a field of an error, in seconds unless its name or a unit says otherwise. */
const fieldHint =
  /retry_?(?:delay|after)(?:_(?<nameUnit>ms|s)\w{0,10})?\\{0,9}["']\s{0,9}:\s{0,9}\\{0,9}["']?(?<amount>\d{1,9}(?:\.\d{1,9})?)(?<unit>ms|s)?/iu;

/** A delay in a sentence, such as `Please try again in 1m30.5s` or `retry after 7 seconds`. */
const sentenceHint =
  /(?:try again|retry|wait)(?: again)?(?: in| after| for)?:? (?<time>(?:\d{1,9}(?:\.\d{1,9})? ?(?:hours?|h|minutes?|min|ms|m|seconds?|secs?|s)\b ?){1,3}|(?:\d{1,9}h)?(?:\d{1,9}m)?\d{1,9}(?:\.\d{1,9})?m?s\b)/iu;

const toUnit = (name = 's'): keyof typeof unitMs => {
  const unit = name.toLowerCase();
  if (unit === 'ms' || unit === 'h' || unit === 'm') return unit;
  return unit.startsWith('h') ? 'h' : unit.startsWith('m') ? 'm' : 's';
};

const sumOf = (time: string): number =>
  [...time.matchAll(/(?<amount>\d{1,9}(?:\.\d{1,9})?) ?(?<unit>[a-z]{1,9})/giu)].reduce(
    (sum, { groups }) => sum + Number(groups?.['amount']) * unitMs[toUnit(groups?.['unit'])],
    0,
  );

/** Milliseconds that the text of an error asks the client to wait; null: it does not say. */
export function retryDelayIn(text: string): number | null {
  const field = fieldHint.exec(text)?.groups;
  if (field !== undefined) {
    const unit = toUnit(field['nameUnit'] ?? field['unit']);
    return Math.ceil(Number(field['amount']) * unitMs[unit]);
  }
  const time = sentenceHint.exec(text)?.groups?.['time'];
  return time === undefined ? null : Math.ceil(sumOf(time));
}
