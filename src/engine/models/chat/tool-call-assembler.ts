import { parseJson } from '../../../shared/json.ts';
import type { Ids } from '../../../shared/ids.ts';
import { areSameArguments, usableArguments } from '../call-arguments.ts';
import { calledFunction } from '../called-function.ts';
import { malformedAnswer } from '../json-shape.ts';
import type { ChatCall } from '../past-turns.ts';
import { UnusableAnswer } from '../upstream-error.ts';
import { type Fields, mergeFields } from './merge-fields.ts';

/** A piece of a function call. Servers omit or repeat any of these, and add fields of their own. */
export interface CallPiece extends CalledFunction {
  readonly index?: number | string | null;
  readonly id?: string | number | null;
  readonly function?: CalledFunction | null;
}

interface CalledFunction {
  readonly name?: string | null;
  /** JSON text; some servers send the object itself. */
  readonly arguments?: string | object | null;
}

interface PartialCall {
  readonly index: number | null;
  id: string;
  name: string;
  readonly pieces: string[];
  /** The server's own fields. */
  readonly extra: Fields;
}

/** Fields that are sent back in another form, or not at all. */
const knownFunctionFields: ReadonlySet<string> = new Set(['name', 'arguments']);
const knownFields: ReadonlySet<string> = new Set([
  ...knownFunctionFields,
  'index',
  'id',
  'type',
  'function',
]);

/** Some servers send numbers as texts. */
function toIndex(index: CallPiece['index']): number | null {
  if (typeof index !== 'string') return index ?? null;
  return /^\d+$/u.test(index) ? Number(index) : null;
}

/** Longer arguments are not parsed again for each of their pieces. */
const maxCheckedLength = 65_536;

const isCompleteJson = (text: string): boolean =>
  text.length <= maxCheckedLength && parseJson(text) !== undefined;

const argumentsOf = ({ pieces }: PartialCall): string => pieces.join('');

/** In one answer; each piece is compared with all calls before it. */
const maxCalls = 1000;

interface Piece {
  readonly id: string;
  readonly name: string;
  readonly args: string;
}

/**
 * Assembles function calls from their pieces (contract §9). Pieces with the same `index` belong
 * together. For servers that send index 0 for every call, or none, ids, names and complete arguments
 * tell the calls apart.
 */
export class ToolCallAssembler {
  readonly #calls: PartialCall[] = [];
  readonly #functionNames: ReadonlySet<string>;

  /** `functionNames` are those of the functions that the model may call. */
  constructor(functionNames: ReadonlySet<string> = new Set()) {
    this.#functionNames = functionNames;
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  add(piece: CallPiece): void {
    const { id } = piece;
    // Some servers send the function's fields as those of the call.
    const details = piece.function ?? piece;
    const args = details.arguments ?? '';
    const text = typeof args === 'string' ? args : JSON.stringify(args);
    // Some servers write null as the name of all pieces but the first.
    const name = details.name === 'null' ? '' : (details.name ?? '');
    const call = this.#findOrStart(toIndex(piece.index), {
      id: String(id ?? ''),
      name,
      args: text,
    });
    if (text !== '') call.pieces.push(text);
    mergeFields(call.extra, piece, 'last', knownFields);
    const ofFunction: Fields = {};
    mergeFields(ofFunction, piece.function ?? {}, 'last', knownFunctionFields);
    if (Object.keys(ofFunction).length > 0)
      mergeFields(call.extra, { function: ofFunction }, 'last');
  }

  /**
   * The calls in the order in which they started. `call_id` is the model's id if it starts with `call_`
   * and is not in `usedIds`, the ids of the run's earlier calls; else a new id. Throws an
   * {@link UnusableAnswer} for calls without a name or with arguments that are not JSON.
   */
  finish(ids: Ids, usedIds: ReadonlySet<string>): ChatCall[] {
    const seen = new Set<string>();
    // A call without name and arguments is no call; without an id, nor was it meant to be one.
    const calls = this.#calls.filter((call) => call.name !== '' || call.pieces.length > 0);
    const isMissing = calls.length === 0 && this.#calls.some(({ id }) => id !== '');
    if (isMissing || calls.some(({ name }) => name === '')) {
      throw new UnusableAnswer('The model endpoint sent a function call without a name.');
    }
    return calls.map(({ id: modelId, name: writtenName, pieces, extra }) => {
      const name = calledFunction(writtenName, this.#functionNames);
      const isUnique = modelId !== '' && !seen.has(modelId);
      seen.add(modelId);
      const isUsable = isUnique && modelId.startsWith('call_') && !usedIds.has(modelId);
      const call_id = isUsable ? modelId : ids.newId('call_');
      return {
        id: isUnique ? modelId : call_id,
        call_id,
        type: 'function',
        function: { name, arguments: usableArguments(name, pieces) },
        ...(Object.keys(extra).length > 0 && { extra }),
      };
    });
  }

  #findOrStart(index: number | null, piece: Piece): PartialCall {
    const { id, name } = piece;
    const match = this.#calls.findLast((call) =>
      index === null ? id !== '' && call.id === id : call.index === index,
    );
    const current = match ?? (index === null ? this.#calls.at(-1) : undefined);
    if (current !== undefined && !this.#startsNewCall(current, piece)) {
      if (current.id === '') current.id = id;
      if (current.name === '') current.name = name;
      else if (this.#continuesName(current, piece)) current.name += name;
      return current;
    }
    if (this.#calls.length >= maxCalls) {
      throw malformedAnswer(`more than ${maxCalls} function calls in one answer`);
    }
    const call = { index, id, name, pieces: [], extra: {} };
    this.#calls.push(call);
    return call;
  }

  /** Whether a piece with the index of `call` starts another call instead. */
  #startsNewCall(call: PartialCall, piece: Piece): boolean {
    const { id, name, args } = piece;
    if (name === '') return false;
    const isSameId = id !== '' && id === call.id;
    const isOtherId = id !== '' && call.id !== '' && id !== call.id;
    // The name may come after the arguments.
    if (call.name === '') return isOtherId && isCompleteJson(argumentsOf(call));
    if (isSameId) return !this.#continuesCall(call, name, args);
    if (this.#continuesName(call, piece)) return false;
    if (name !== call.name || isCompleteJson(argumentsOf(call))) return true;
    return call.pieces.length === 0 && isOtherId;
  }

  /** Whether a named piece with the id of `call` belongs to it, as a part or as a repetition. */
  #continuesCall(call: PartialCall, name: string, args: string): boolean {
    if (name !== call.name && this.#functionNames.has(name)) return false;
    const isWhole = isCompleteJson(args) && isCompleteJson(argumentsOf(call));
    return !isWhole || areSameArguments(args, argumentsOf(call));
  }

  /** Whether the name came in pieces, so that only all of them name a function. */
  #continuesName(call: PartialCall, { name }: Piece): boolean {
    if (name === '' || call.pieces.length > 0 || this.#functionNames.has(call.name)) return false;
    const joined = call.name + name;
    return [...this.#functionNames].some((known) => known.startsWith(joined));
  }
}
