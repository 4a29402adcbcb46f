import type OpenAI from 'openai';
import {
  HostedToolsMissing,
  type ModelEvent,
  type ModelRequest,
  type UnsupportedTool,
} from '../../models/model.ts';
import type { EngineDeps } from '../../options.ts';
import type { RunContext } from '../../prompt/context.ts';
import type { Execution } from '../execution.ts';
import { storeIds } from './search-files.ts';
import { isSearchTool } from './search-function.ts';
import { type CallModel, respondWithSearch } from './search-turn.ts';

interface ToolDeps {
  readonly model: Pick<EngineDeps['model'], 'unsupportedTools'>;
  readonly files: Pick<NonNullable<EngineDeps['files']>, 'canSearch'> | null;
}

/**
 * The tools that a run cannot have, each type once. The engine searches files itself where the model
 * API does not, if there are vector stores to search.
 */
export async function unsupportedTools(
  { model, files }: ToolDeps,
  tools: readonly OpenAI.Beta.AssistantTool[],
): Promise<readonly UnsupportedTool[]> {
  const unsupported = await model.unsupportedTools(tools);
  const lacksSearch = unsupported.some(({ type }) => type === 'file_search');
  if (!lacksSearch || files === null || !(await files.canSearch())) return unsupported;
  return unsupported.filter(({ type }) => type !== 'file_search');
}

/** Whether the engine, not the model endpoint, searches the run's files. */
async function isOwnSearch(
  { model, files }: Pick<EngineDeps, 'model' | 'files'>,
  settings: ModelRequest['settings'],
): Promise<boolean> {
  const tool = settings.tools.find(isSearchTool);
  if (tool === undefined || files === null) return false;
  const areLocal = await Promise.all(storeIds(settings).map((id) => files.isLocal(id)));
  if (areLocal.includes(true)) return true;
  const unsupported = await model.unsupportedTools([tool]);
  return unsupported.length > 0 && (await files.canSearch());
}

/** Makes the model call of a turn; the searches in it are made by the engine or by the endpoint. */
export async function* respondToRun(
  deps: EngineDeps,
  execution: Execution,
  context: RunContext,
  request: ModelRequest,
  call: CallModel,
): AsyncGenerator<readonly ModelEvent[]> {
  const search = () => respondWithSearch(deps, execution, context, request, call);
  if (await isOwnSearch(deps, request.settings)) {
    yield* search();
    return;
  }
  const canSearch = async () =>
    request.settings.tools.some(isSearchTool) && (await deps.files?.canSearch()) === true;
  const mayDrop = deps.dropsHostedTools === true && storeIds(request.settings).length > 0;
  const canSearchFiles = mayDrop && (await canSearch());
  let hasStarted = false;
  try {
    for await (const batch of call({ ...request, ...(canSearchFiles && { canSearchFiles }) })) {
      hasStarted = true;
      yield batch;
    }
  } catch (error) {
    // Only the call has shown that the endpoint has no API with hosted tools.
    const isMissing = error instanceof HostedToolsMissing && !hasStarted;
    if (!isMissing || !(await canSearch())) throw error;
    yield* search();
  }
}
