import { ApiError } from '../shared/errors.ts';
import { readFailure } from '../shared/sdk-failure.ts';
import { cutText, escapeControlCharacters } from '../shared/text.ts';
import { singleLineJson } from '../shared/json.ts';
import type { Person } from './person.ts';

/** In characters, of a name or text in the question. */
const maxNameLength = 100;

/** A name or text in quotes: one line, without characters that would change how others are shown. */
export const quote = (text: string, maxLength = maxNameLength): string =>
  escapeControlCharacters(singleLineJson(cutText(text, maxLength)));

/** `1 message`, `2 messages`. */
export const countOf = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

/** What a deletion is about, for the person who is asked. */
export interface Deletion {
  /** The object by its id alone, such as `the thread thread_1`. */
  readonly named: string;
  /** Reads what there is to say about the object; rejects if it cannot be read. */
  describe(): Promise<string>;
}

async function describeDeletion(deletion: Deletion): Promise<string> {
  try {
    return await deletion.describe();
  } catch (error) {
    if (readFailure(error).status === 404) throw error;
    return deletion.named;
  }
}

/** The result of a deletion that did not take place. */
const notDeleted = (reason: string) => ({ deleted: false, reason });

/**
 * Asks the person before something is deleted, if their host can. Resolves to null when it may be
 * deleted, and to the tool's result otherwise.
 */
export async function confirmDeletion(
  deletion: Deletion,
  person: Person | null,
): Promise<object | null> {
  if (person === null) return null;
  const answer = await person.ask({ key: 'delete', run: null }, async () => ({
    message: `Delete ${await describeDeletion(deletion)}?`,
    fields: [],
  }));
  switch (answer.action) {
    case 'accept':
    case 'unavailable':
      return null;
    case 'decline':
      return notDeleted('The person declined, so nothing was deleted. Do not ask them again.');
    case 'cancel':
      return notDeleted('The person closed the question, so nothing was deleted.');
    case 'failed':
      throw new ApiError(null, `${answer.reason} Nothing was deleted.`, { code: 'not_confirmed' });
  }
}
