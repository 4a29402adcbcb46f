import type { Ids } from '../../../shared/ids.ts';
import { malformedAnswer } from '../json-shape.ts';
import type { ChatCall } from '../past-turns.ts';

/** A piece of a function call. Servers omit or repeat any of these. */
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

/** Longer arguments are not parsed again for each of their pieces. */
const maxCheckedLength = 65_536;

function isCompleteJson(text: string): boolean {
  if (text.length > maxCheckedLength) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether a piece with the index of `call` starts another call instead. */
function startsNewCall(call: PartialCall, id: string, name: string): boolean {
  if (name === '' || (id !== '' && id === call.id)) return false;
  if (name !== call.name || isCompleteJson(call.arguments)) return true;
  return call.arguments === '' && id !== '' && call.id !== '';
}

/** In one answer; each piece is compared with all calls before it. */
const maxCalls = 1000;

/**
 * Assembles function calls from their pieces (contract §9). Pieces with the same `index` belong
 * together. For servers that send index 0 for every call, or none, ids, names and complete arguments
 * tell the calls apart.
 */
export class ToolCallAssembler {
  readonly #calls: PartialCall[] = [];

  add(piece: CallPiece): void {
    const { index = null, id, function: details } = piece;
    const name = details?.name ?? '';
    const args = details?.arguments ?? '';
    const call = this.#findOrStart(index, id ?? '', name);
    call.arguments += typeof args === 'string' ? args : JSON.stringify(args);
  }

  /**
   * The calls in the order in which they started. `call_id` is the model's id if it starts with `call_`
   * and is not in `usedIds`, the ids of the run's earlier calls; else a new id.
   */
  finish(ids: Ids, usedIds: ReadonlySet<string>): ChatCall[] {
    const seen = new Set<string>();
    if (this.#calls.some(({ name }) => name === '')) {
      throw malformedAnswer('a function call without a name');
    }
    return this.#calls.map(({ id: modelId, name, arguments: args }) => {
      const isUnique = modelId !== '' && !seen.has(modelId);
      seen.add(modelId);
      const isUsable = isUnique && modelId.startsWith('call_') && !usedIds.has(modelId);
      const call_id = isUsable ? modelId : ids.newId('call_');
      const details = { name, arguments: args === '' ? '{}' : args };
      return { id: isUnique ? modelId : call_id, call_id, type: 'function', function: details };
    });
  }

  #findOrStart(index: number | null, id: string, name: string): PartialCall {
    const match = this.#calls.findLast((call) =>
      index === null ? id !== '' && call.id === id : call.index === index,
    );
    const current = match ?? (index === null ? this.#calls.at(-1) : undefined);
    if (current !== undefined && !startsNewCall(current, id, name)) {
      if (current.id === '') current.id = id;
      return current;
    }
    if (this.#calls.length >= maxCalls) {
      throw malformedAnswer(`more than ${maxCalls} function calls in one answer`);
    }
    const call = { index, id, name, arguments: '' };
    this.#calls.push(call);
    return call;
  }
}
