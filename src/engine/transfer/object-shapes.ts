import { isJsonObject } from '../../shared/json.ts';
import { type Fields, type Kind, snakeCase } from './field-names.ts';
import type { PathSegment } from './json-position.ts';
import {
  type Child,
  childrenOf,
  declaredKind,
  inferKind,
  isEmpty,
  isLost,
  isMap,
  isMessage,
  isNewestFirst,
  oldestTime,
  ownKind,
  type Parents,
  parentsIn,
} from './object-kinds.ts';

/* People save API objects alone, in lists, in pages of SDKs, and inside one another. */

/** A value of a file that should be an API object. */
export interface Candidate {
  readonly value: unknown;
  /** What it should be, by the name of its list; null if nothing says so. */
  readonly kind: Kind | null;
  readonly path: readonly PathSegment[];
  readonly parents: Parents;
  /** Whether the value is a list with the newest object first. */
  readonly isNewestFirst?: boolean;
  /** Whether it only names a thread, which may exist already. */
  readonly isReference?: true;
}

/** Reports a field beside objects that is not imported, or that says that some objects are missing. */
export type OnField = (kind: 'Dropped' | 'Missing', path: readonly PathSegment[]) => void;

/** Finds the API objects in a value of a file. */
class ObjectFinder {
  readonly #onField: OnField;

  constructor(onField: OnField) {
    this.#onField = onField;
  }

  *find(candidate: Candidate): Generator<Candidate> {
    const { value, kind, path, parents } = candidate;
    if (Array.isArray(value)) {
      const items = [...value.entries()];
      for (const [index, item] of candidate.isNewestFirst === true ? items.toReversed() : items) {
        yield* this.find({ kind, parents, value: item, path: [...path, index] });
      }
      return;
    }
    if (!isJsonObject(value)) return yield candidate;
    const declared = declaredKind(value);
    if (declared === null && isMap(value, kind)) return yield* this.#findInMap(candidate, value);
    const own = declared ?? kind ?? inferKind(value);
    const isLeaf =
      isMessage(value) || value['step_details'] !== undefined || declared === 'thread.message';
    const children = isLeaf
      ? []
      : childrenOf(value).filter((child) => declared === null || child.kind !== null);
    if (children.length === 0) return yield { ...candidate, kind: own };
    yield* this.#findBeside(candidate, value, children);
  }

  /** The objects of `{"thread_1": […], "thread_2": {…}}`. */
  *#findInMap({ kind, path, parents }: Candidate, map: Fields): Generator<Candidate> {
    const owner = kind === 'thread.run.step' ? 'run_id' : 'thread_id';
    for (const [key, value] of Object.entries(map)) {
      const isList =
        Array.isArray(value) || childrenOf(Object(value)).some((child) => child.kind === null);
      const child = { path: [...path, key], parents };
      if (isList && (kind === null || kind === 'thread')) {
        yield { value: { id: key }, kind: 'thread', path: child.path, parents, isReference: true };
      }
      if (isList) {
        const itemKind = kind === null || kind === 'thread' ? 'thread.message' : kind;
        yield* this.find({
          ...child,
          value,
          kind: itemKind,
          parents: { ...parents, [owner]: key },
        });
      } else
        yield* this.find({
          ...child,
          value: { id: key, ...Object(value) },
          kind: kind ?? 'thread',
        });
    }
  }

  /** An object and the objects in its fields. */
  *#findBeside(
    candidate: Candidate,
    value: Fields,
    children: readonly Child[],
  ): Generator<Candidate> {
    const { path } = candidate;
    const own = ownKind(candidate.kind, value, children);
    const childKeys = new Set(children.map(({ key }) => key));
    const rest = Object.entries(value).filter(([key]) => !childKeys.has(key));
    const named = parentsIn(value, own, candidate.parents);
    const created_at = named.created_at ?? (own === 'thread' ? oldestTime(value) : undefined);
    const parents = { ...named, created_at };
    this.#report(path, rest, own);
    if (own !== null) {
      yield { ...candidate, value: Object.fromEntries(rest), kind: own, parents };
    } else if (typeof parents.thread_id === 'string' && !childKeys.has('thread')) {
      yield { value: { id: parents.thread_id }, kind: 'thread', path, parents, isReference: true };
    }
    for (const { key, kind } of children.filter((child) => !isEmpty(value[child.key]))) {
      yield* this.find({
        value: value[key],
        kind: kind ?? (own === null ? candidate.kind : null),
        path: [...path, key],
        parents,
        isNewestFirst: isNewestFirst(value),
      });
    }
  }

  /** Reports the fields beside objects that are not imported, unless they are of the object `own`. */
  #report(path: readonly PathSegment[], fields: [string, unknown][], own: Kind | null): void {
    for (const [key, value] of fields) {
      if (own === null && isLost(key, value)) this.#onField('Dropped', [...path, key]);
      if (snakeCase(key) === 'has_more' && value === true) this.#onField('Missing', [...path, key]);
    }
  }
}

/** The API objects in a value of a file, parents first. */
export const findObjects = (
  value: unknown,
  path: readonly PathSegment[],
  onField: OnField,
): Generator<Candidate> => new ObjectFinder(onField).find({ value, kind: null, path, parents: {} });
