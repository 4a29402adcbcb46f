import { ApiError } from '../shared/errors.ts';
import { fieldOf } from '../shared/json.ts';
import { noCompletion, readNewest } from '../resources/complete-ids.ts';
import { readPages } from '../resources/pages.ts';
import type { Completion, ResourceContext } from '../resources/resource.ts';
import { readFailure } from '../shared/sdk-failure.ts';
import { readJson } from '../tools/sdk-call.ts';

/** An error repeats no more ids. */
const maxRepeatedIds = 10;

async function existsWithId(id: string, { openai, signal }: ResourceContext): Promise<boolean> {
  try {
    await readJson(openai.beta.assistants.retrieve(id, { signal }));
    return true;
  } catch (error) {
    // 400: some servers refuse what does not look like an id.
    const { status } = readFailure(error);
    if (status === 404 || status === 400) return false;
    throw error;
  }
}

const isSameName = (name: unknown, wanted: string): boolean =>
  typeof name === 'string' && name.trim().toLowerCase() === wanted.toLowerCase();

/**
 * The id of the assistant with an id or a name, in any case of letters. Rejects with an ApiError if
 * there is none, or if several have the name.
 */
export async function findAssistant(wanted: string, context: ResourceContext): Promise<string> {
  const { openai, signal } = context;
  const isPathSegment = wanted !== '.' && wanted !== '..' && wanted.isWellFormed();
  if (isPathSegment && (await existsWithId(wanted, context))) return wanted;
  const ids: string[] = [];
  const hasMore = await readPages<{ id: string; name: string | null }>(
    (after) =>
      openai.beta.assistants.list({ limit: 100, ...(after !== null && { after }) }, { signal }),
    ({ id, name }) => {
      if (isSameName(name, wanted)) ids.push(id);
      return true;
    },
  );
  const [id] = ids;
  if (id === undefined) {
    const place = hasMore ? ' among the newest 1,000. Use its id.' : '.';
    throw new ApiError(404, `No assistant found with id or name '${wanted}'${place}`, {
      param: 'assistant',
    });
  }
  if (ids.length === 1) return id;
  const shown = ids.slice(0, maxRepeatedIds).join(', ');
  const message = `${ids.length} assistants are named '${wanted}'. Use an id: ${shown}.`;
  throw new ApiError(null, message, { param: 'assistant', code: 'invalid_value' });
}

function textOf(item: object, field: string): string {
  const value = fieldOf(item, field);
  return typeof value === 'string' ? value.trim() : '';
}

/** The newest assistants, by name where only one of them has it, else by id. */
export async function completeAssistant(
  typed: string,
  { openai, toolName, signal }: ResourceContext,
): Promise<Completion> {
  if (toolName('list_assistants') === null) return noCompletion;
  const { items, hasMore } = await readNewest((query) =>
    openai.beta.assistants.list(query, { signal }),
  );
  const names = items.map((item) => textOf(item, 'name').toLowerCase());
  const wanted = typed.trim().toLowerCase();
  const values = items.flatMap((item) => {
    const [id, name] = [textOf(item, 'id'), textOf(item, 'name')];
    const key = name.toLowerCase();
    const isUnique = name !== '' && names.indexOf(key) === names.lastIndexOf(key);
    if (isUnique && key.includes(wanted)) return [name];
    return id.toLowerCase().includes(wanted) || key.includes(wanted) ? [id] : [];
  });
  return { values, hasMore };
}
