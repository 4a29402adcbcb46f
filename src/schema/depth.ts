/** Levels of nesting that JSON may have: more would overflow whoever writes it out again. */
export const deepest = 500;

/** Whether a value has more than `levels` levels of nesting. */
export const isDeeper = (value: unknown, levels = deepest): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1)));
