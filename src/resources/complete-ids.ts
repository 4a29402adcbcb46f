import { fieldOf } from '../shared/json.ts';
import { missingPathStatuses } from '../shared/errors.ts';
import { readFailure } from '../shared/sdk-failure.ts';
import { type ApiCall, readJson } from '../tools/sdk-call.ts';
import type { Completion, ResourceContext } from './resource.ts';

/** The context of a completion. */
type CompletionContext = Pick<ResourceContext, 'openai' | 'toolName' | 'signal'>;

/** The protocol allows no more values, and one page of the API has as many objects. */
export const maxValues = 100;

export const noCompletion: Completion = { values: [], hasMore: false };

interface Page {
  readonly data?: readonly object[];
  readonly has_more?: boolean;
}

/** The newest objects of a list; none if the server does not have the list. */
export async function readNewest(
  list: (query: { limit: number; order: 'desc' }) => ApiCall<object>,
): Promise<{ readonly items: readonly object[]; readonly hasMore: boolean }> {
  try {
    const { body } = await readJson(list({ limit: maxValues, order: 'desc' }));
    const { data = [], has_more: hasMore = false }: Page = body;
    return { items: data.slice(0, maxValues), hasMore };
  } catch (error) {
    if (missingPathStatuses.has(readFailure(error).status)) return { items: [], hasMore: false };
    throw error;
  }
}

async function completeIds(
  typed: string,
  list: (query: { limit: number; order: 'desc' }) => ApiCall<object>,
): Promise<Completion> {
  const { items, hasMore } = await readNewest(list);
  const ids = items.map((item) => fieldOf(item, 'id')).filter((id) => typeof id === 'string');
  return { values: ids.filter((id) => id.includes(typed)), hasMore };
}

/** The newest threads; none if `list_threads` is not listed. */
export const completeThreadId = async (
  typed: string,
  { openai, toolName, signal }: CompletionContext,
): Promise<Completion> =>
  toolName('list_threads') === null
    ? noCompletion
    : completeIds(typed, (query) => openai.get<object>('/threads', { query, signal }));

/** The newest runs of a thread; none if `list_runs` is not listed. */
export const completeRunId = async (
  thread: string,
  typed: string,
  { openai, toolName, signal }: CompletionContext,
): Promise<Completion> =>
  toolName('list_runs') === null
    ? noCompletion
    : completeIds(typed, (query) => openai.beta.threads.runs.list(thread, query, { signal }));
