/** Counts the turns of the event loop in which other requests can go on while some work is done. */
export async function countTurns(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const next = () => {
    turns += 1;
    if (!isDone) setImmediate(next);
  };
  setImmediate(next);
  try {
    await work();
  } finally {
    isDone = true;
  }
  return turns;
}
