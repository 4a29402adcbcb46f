import { fieldOf, parseJson } from '../../shared/json.ts';
import { textOf, type ToolResult } from './tool-fetch.ts';

export interface RunIds {
  readonly thread_id: string;
  readonly run_id: string;
}

/** The object of a result; some hosts pass on only its text. */
export function objectOf(result: ToolResult): unknown {
  if (result.structuredContent !== undefined) return result.structuredContent;
  const lines = textOf(result).split('\n');
  return lines.map((line) => parseJson(line)).find((value) => fieldOf(value, 'id') !== undefined);
}

/** The run that a result is about; null if it is about none. */
export function runIdsOf(result: ToolResult): RunIds | null {
  const object = objectOf(result);
  const [thread_id, run_id] = [fieldOf(object, 'thread_id'), fieldOf(object, 'id')];
  const areIds = typeof thread_id === 'string' && typeof run_id === 'string';
  return areIds ? { thread_id, run_id } : null;
}
