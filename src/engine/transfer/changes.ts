/** What an import did differently from what its file says. */
export type ChangeKind = 'Added' | 'Changed' | 'Dropped' | 'Kept' | 'Missing';

/** Notes a change of the object at hand, at one of its fields. */
export type Note = (kind: ChangeKind, sentence: string, field?: string) => void;

interface Change {
  readonly kind: ChangeKind;
  readonly sentence: string;
  /** Where it happened first. */
  readonly location: string;
  count: number;
}

/** Files with fields of arbitrary names could have any number of different changes. */
const maxChanges = 200;

/** Collects the changes of one file; equal ones are counted. */
export class Changes {
  readonly #changes = new Map<string, Change>();
  #others = 0;

  /** Notes a change; `locate` is called for the first of its kind. */
  note(kind: ChangeKind, sentence: string, locate: () => string): void {
    const key = `${kind} ${sentence}`;
    const known = this.#changes.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#changes.size === maxChanges) this.#others += 1;
    else this.#changes.set(key, { kind, sentence, location: locate(), count: 1 });
  }

  /** One sentence for each different change, with how often and where first. */
  get sentences(): string[] {
    const sentences = [...this.#changes.values()].map(({ kind, sentence, location, count }) => {
      const times = count === 1 ? location : `${count} times, first ${location}`;
      return `${kind}: ${sentence} (${times}).`;
    });
    return this.#others === 0 ? sentences : [...sentences, `${this.#others} other changes.`];
  }
}
