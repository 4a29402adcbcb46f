/** Lets other requests go on before long work continues. */
export const yieldToOthers = (): Promise<void> => new Promise(setImmediate);

const maxTurnMs = 20;

let turnStartedAt: number | null = null;

/**
 * Lets other requests go on if they have waited for long; cheap otherwise. To be called before each
 * step of work that may have many steps. (Resolved promises let no other request go on.)
 */
export async function yieldIfOthersWait(): Promise<void> {
  const now = performance.now();
  if (turnStartedAt === null) {
    turnStartedAt = now;
    setImmediate(() => (turnStartedAt = null));
  } else if (now - turnStartedAt > maxTurnMs) {
    await yieldToOthers();
  }
}
