import { isJsonObject } from '../src/shared/json.ts';
import type { Task } from './tasks.ts';

/** A call that a model has made; `args` is undefined if it is no JSON. */
export interface ModelCall {
  readonly tool: string;
  readonly args: unknown;
}

/** Whether a value is what was expected: patterns match texts, objects may have more members. */
export function isExpected(expected: unknown, actual: unknown): boolean {
  if (expected instanceof RegExp) return typeof actual === 'string' && expected.test(actual);
  if (Array.isArray(expected)) {
    const items: readonly unknown[] = expected;
    return (
      Array.isArray(actual) &&
      actual.length === items.length &&
      items.every((item, index) => isExpected(item, actual[index]))
    );
  }
  if (!isJsonObject(expected)) return expected === actual;
  return (
    isJsonObject(actual) &&
    Object.entries(expected).every(([name, value]) => isExpected(value, actual[name]))
  );
}

export type Score = 'right' | 'wrong arguments' | 'wrong tool' | 'no call';

/** The score of the first call; the same calls always have the same score. */
export function scoreCalls({ tool, args }: Task, [first]: readonly ModelCall[]): Score {
  if (first === undefined) return 'no call';
  if (first.tool !== tool) return 'wrong tool';
  return isExpected(args, first.args) ? 'right' : 'wrong arguments';
}
