import type { Ids } from '../../../shared/ids.ts';
import type { ChatCall } from '../past-turns.ts';

/** A piece of a function call as servers send it: anything of it may be missing, or come again. */
export interface CallPiece {
  readonly index?: number | null;
  readonly id?: string | null;
  readonly function?: {
    readonly name?: string | null;
    /** JSON text; some servers send the object itself. */
    readonly arguments?: string | object | null;
  } | null;
}

interface PartialCall {
  readonly index: number | null;
  id: string;
  readonly name: string;
  arguments: string;
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether a piece that comes to the place of a call is the beginning of another one. */
function startsAnother(call: PartialCall, id: string, name: string): boolean {
  if (name === '' || (id !== '' && id === call.id)) return false;
  if (name !== call.name || isWhole(call.arguments)) return true;
  return call.arguments === '' && id !== '' && call.id !== '';
}

/**
 * Function calls put together from their pieces (contract §9). Pieces belong together by `index`;
 * servers that number every call 0, or none, are understood by ids, names and whole arguments.
 */
export class ToolCallAssembler {
  readonly #calls: PartialCall[] = [];

  add(piece: CallPiece): void {
    const { index = null, id, function: called } = piece;
    const name = called?.name ?? '';
    const args = called?.arguments ?? '';
    const call = this.#find(index, id ?? '', name);
    call.arguments += typeof args === 'string' ? args : JSON.stringify(args);
  }

  /**
   * The calls in the order in which they began. Ids of another shape than the contract's, and such
   * as are `used` in this run already, are for the model alone: callers are given new ones.
   */
  finish(ids: Ids, used: ReadonlySet<string>): ChatCall[] {
    const own = new Set<string>();
    return this.#calls.map(({ id: given, name, arguments: args }) => {
      const isOwn = given !== '' && !own.has(given);
      own.add(given);
      const isKept = isOwn && given.startsWith('call_') && !used.has(given);
      const call_id = isKept ? given : ids.newId('call_');
      const called = { name, arguments: args === '' ? '{}' : args };
      return { id: isOwn ? given : call_id, call_id, type: 'function', function: called };
    });
  }

  #find(index: number | null, id: string, name: string): PartialCall {
    const same = this.#calls.findLast((call) =>
      index === null ? id !== '' && call.id === id : call.index === index,
    );
    const place = same ?? (index === null ? this.#calls.at(-1) : undefined);
    if (place !== undefined && !startsAnother(place, id, name)) {
      if (place.id === '') place.id = id;
      return place;
    }
    const begun = { index, id, name, arguments: '' };
    this.#calls.push(begun);
    return begun;
  }
}
