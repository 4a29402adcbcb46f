import { assistant, completedRun, messageStep, question, thread } from './examples.ts';

export const textContent = (value: string) => [{ type: 'text', text: { value, annotations: [] } }];

/** Messages `msg_0000`, `msg_0001`, …, two in each second. */
const messagesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    ...question,
    id: `msg_${String(index).padStart(4, '0')}`,
    created_at: thread.created_at + Math.floor(index / 2),
    content: textContent(`Question ${index}`),
  }));

export const messageIds = (count: number) => messagesOf(count).map(({ id }) => id);

/** A server's thread with so many messages. */
export const threadData = (count: number) => ({
  assistants: [assistant],
  threads: [thread],
  messages: { [thread.id]: messagesOf(count) },
  runs: { [thread.id]: [completedRun] },
  steps: { [completedRun.id]: [messageStep] },
});

export const idsOf = (objects: readonly Record<string, unknown>[], kind: string) =>
  objects.filter(({ object }) => object === kind).map(({ id }) => id);
