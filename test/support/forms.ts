import type { Clock } from '../../src/shared/clock.ts';
import { createWaitingClock } from './mcp.ts';
import type { FormAnswer, FormSupport, Peer, ShownForm } from './mcp-peers.ts';

/** Longer sleeps wait for the person. */
const longestPollMs = 5000;

/** A clock on which polls end at once, and the wait for the person only when they have answered. */
export function createPatientClock(): Clock {
  const clock = createWaitingClock();
  return {
    now: () => clock.now(),
    sleep: (ms, signal) =>
      ms <= longestPollMs
        ? clock.sleep(ms)
        : new Promise((resolve) => {
            if (signal?.aborted === true) resolve();
            signal?.addEventListener('abort', () => resolve(), { once: true });
          }),
  };
}

/** A person who gives the answers in turn; the last one repeats. */
export function createPerson(...answers: readonly FormAnswer[]) {
  const shown: ShownForm[] = [];
  const forms: FormSupport = {
    answer(form) {
      shown.push(form);
      return answers[Math.min(shown.length, answers.length) - 1] ?? { action: 'cancel' };
    },
  };
  return { shown, forms };
}

/** Calls a tool and returns its structured content, or the text of its error. */
export async function callTool(peer: Peer, name: string, args: Record<string, unknown>) {
  const { isError, structuredContent, content } = await peer.callTool({ name, arguments: args });
  const [block] = Array.isArray(content) ? content : [];
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any JSON
  const object: any = structuredContent ?? null;
  return { object, error: isError === true ? String(Reflect.get(Object(block), 'text')) : null };
}
