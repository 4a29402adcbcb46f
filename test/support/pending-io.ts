const underWay = new Set<unknown>();

/** Whether an answer is awaited from somewhere that a test's clock does not govern. */
export const hasPendingIo = (): boolean => underWay.size > 0;

/** Counts as under way whatever a method that answers with promises has begun, until it is done. */
export function trackPending<T extends object>(owner: T, name: keyof T & string): void {
  const method: unknown = Reflect.get(owner, name);
  if (typeof method !== 'function') throw new Error(`${name} is no method`);
  Reflect.set(owner, name, function tracked(this: unknown, ...args: unknown[]): unknown {
    const answer: unknown = Reflect.apply(method, this, args);
    if (answer instanceof Promise) {
      underWay.add(answer);
      const forget = () => void underWay.delete(answer);
      answer.then(forget, forget);
    }
    return answer;
  });
}
