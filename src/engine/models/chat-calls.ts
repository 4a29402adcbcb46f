import type { Ids } from '../../clock.ts';
import type { FunctionCall } from './model.ts';

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

interface Growing {
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
function startsAnother(call: Growing, id: string, name: string): boolean {
  if (name === '' || (id !== '' && id === call.id)) return false;
  if (name !== call.name || isWhole(call.arguments)) return true;
  return call.arguments === '' && id !== '' && call.id !== '';
}

/**
 * Function calls put together from their pieces (contract §9). Pieces belong together by `index`;
 * servers that number every call 0, or none, are understood by ids, names and whole arguments.
 */
export class CallPieces {
  readonly #calls: Growing[] = [];

  add(piece: CallPiece): void {
    const { index = null, id, function: called } = piece;
    const name = called?.name ?? '';
    const args = called?.arguments ?? '';
    const call = this.#find(index, id ?? '', name);
    call.arguments += typeof args === 'string' ? args : JSON.stringify(args);
  }

  /** The calls in the order in which they began; those without an id of their own are given one. */
  finish(ids: Ids): FunctionCall[] {
    const used = new Set<string>();
    return this.#calls.map(({ id: given, name, arguments: args }) => {
      const id = given === '' || used.has(given) ? ids.object('call_') : given;
      used.add(id);
      return { id, name, arguments: args === '' ? '{}' : args };
    });
  }

  #find(index: number | null, id: string, name: string): Growing {
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
