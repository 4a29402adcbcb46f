/** Levels of nesting that JSON may have: more would overflow whoever writes it out again. */
export const maxDepth = 500;

/** Whether a value has more than `levels` levels of nesting. */
export const exceedsDepth = (value: unknown, levels = maxDepth): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => exceedsDepth(inner, levels - 1)));
