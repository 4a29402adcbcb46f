import { fieldOf } from '../../shared/json.ts';

/** The list that an object belongs to, and its time. */
interface Position {
  readonly list: string;
  readonly time: unknown;
}

function positionOf(value: unknown): Position {
  const [object, thread_id, run_id] = ['object', 'thread_id', 'run_id'].map((name) =>
    fieldOf(value, name),
  );
  // The content of files is in order, and too large to be held.
  if (object === 'file.content') return { list: 'file.content', time: {} };
  const list = JSON.stringify([object, thread_id, object === 'thread.run.step' ? run_id : null]);
  return { list, time: fieldOf(value, 'created_at') };
}

/** At most so many objects are held; more of one second stay in the order of the file. */
const maxHeld = 1000;

/** Whether times descend at a group: from the one before, to the one after, as far as they are known. */
function isDescending(before: unknown, time: unknown, after: unknown): boolean {
  const known = [before, time, after].filter((each) => typeof each === 'number');
  const isSorted = known.every((each, index) => index === 0 || each < (known[index - 1] ?? 0));
  return known.length > 1 && isSorted;
}

/**
 * The API lists newest objects first, and so do most files. Objects of the same second, which only
 * their order tells apart, are put into the order of time here: reversed where the times around them
 * descend.
 */
export async function* inOrderOfTime<Located extends { readonly value: unknown }>(
  objects: AsyncIterable<Located>,
): AsyncGenerator<Located> {
  let held: Located[] = [];
  let group: Position = { list: '', time: undefined };
  let before: unknown;
  let isTooLarge = false;
  const release = (after: unknown) => {
    const ordered =
      !isTooLarge && isDescending(before, group.time, after) ? held.toReversed() : held;
    held = [];
    return ordered;
  };
  for await (const object of objects) {
    const position = positionOf(object.value);
    const isSameList = position.list === group.list;
    if (!isSameList || position.time !== group.time) {
      yield* release(isSameList ? position.time : undefined);
      before = isSameList ? group.time : undefined;
      isTooLarge = false;
    } else if (held.length === maxHeld) {
      isTooLarge = true;
      yield* release(undefined);
    }
    held.push(object);
    group = position;
  }
  yield* release(undefined);
}
