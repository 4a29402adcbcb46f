/** Names in one line before the rest is only counted. */
const maxNames = 5;

function names(list: readonly string[]): string {
  const shown = list.slice(0, maxNames).join(', ');
  return list.length > maxNames ? `${shown} and ${list.length - maxNames} more` : shown;
}

/** What an import could not get, and why. */
export class Problems {
  readonly #byReason = new Map<string, Set<string>>();

  /** Adds what is missing, such as `thread thread_abc`, and the reason, a sentence. */
  add(what: string, reason: string): void {
    const list = this.#byReason.get(reason) ?? new Set();
    this.#byReason.set(reason, list.add(what));
  }

  /** One line for each reason; empty if nothing is missing. */
  lines(): string[] {
    return [...this.#byReason].map(([reason, list]) => `${names([...list])}: ${reason}`);
  }
}
