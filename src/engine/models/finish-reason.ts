/** How an answer ended, as the reasons of different servers say it; the first that matches decides. */
const reasons: readonly (readonly ['length' | 'content_filter' | 'error', RegExp])[] = [
  ['content_filter', /content.?filter|safety|sensitive|prohibited|blocklist|spii|recitation/iu],
  ['content_filter', /^(?:refusal|guardrail)/iu],
  ['length', /length|max.{0,10}tokens|token.?limit|context_window/iu],
  ['error', /^error|_error$|insufficient_system_resource|^(?:abort|cancel)/iu],
];

/** What a reason means with which a server ends an answer; `stop` if it is none of the others. */
export const endOf = (reason: string): 'stop' | 'length' | 'content_filter' | 'error' =>
  reasons.find(([, pattern]) => pattern.test(reason))?.[0] ?? 'stop';
