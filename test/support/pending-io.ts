/*
 * A manual clock may advance only when the program is idle. The event loop shows no sign of an fsync
 * or a PostgreSQL query in progress, and the engine creates the objects that make these calls. So
 * the calls are counted by wrapping the methods of their classes.
 */

/** The promises of the calls in progress, with the names of the calls. */
const pendingCalls = new Map<Promise<unknown>, string>();

/** The tracked calls in progress, such as `WriteAheadLog.sync`. */
export const pendingIo = (): readonly string[] => [...pendingCalls.values()];

/** Tracks the calls of a promise-returning method, for all objects of the class in this process. */
export function trackCalls<T extends object>(
  { name, prototype }: { readonly name: string; readonly prototype: T },
  method: keyof T & string,
): void {
  const original: unknown = Reflect.get(prototype, method);
  if (typeof original !== 'function') throw new Error(`${name}.${method} is not a method`);
  Reflect.set(prototype, method, function tracked(this: unknown, ...args: unknown[]): unknown {
    const result: unknown = Reflect.apply(original, this, args);
    if (result instanceof Promise) {
      pendingCalls.set(result, `${name}.${method}`);
      const remove = () => void pendingCalls.delete(result);
      result.then(remove, remove);
    }
    return result;
  });
}
