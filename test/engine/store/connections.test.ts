import { beforeEach, describe, expect, test } from 'vitest';
import { requestFromOtherProcess } from '../../support/concurrent-process.ts';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { needPostgres, temporarySchema } from '../../support/postgres.ts';
import { createAssistant, createThread, readMessages, textOf } from '../../support/conversation.ts';

describe.each([
  { kind: 'SQLite', need: () => {}, locate: async () => temporary() },
  { kind: 'PostgreSQL', need: needPostgres, locate: temporarySchema },
])('several connections to $kind', ({ need, locate }) => {
  beforeEach(need);

  test('one connection reads what another writes', async () => {
    const database = await locate();
    const one = await setup({ database });
    const other = await setup({ database, ids: one.ids });
    const { id } = await createThread(one, 'from one');
    await other.openai.beta.threads.messages.create(id, { role: 'user', content: 'from other' });
    const expected = ['from one', 'from other'];
    expect((await readMessages(one, id)).map(textOf)).toEqual(expected);
    expect((await readMessages(other, id)).map(textOf)).toEqual(expected);
  });

  test('several processes that create a run on one thread at once create exactly one', async () => {
    const database = await locate();
    const harness = await setup({ database });
    const { id: assistant_id } = await createAssistant(harness);
    const { id } = await createThread(harness);
    const path = `/threads/${id}/runs`;
    const statuses = await Promise.all(
      Array.from({ length: 3 }, () =>
        requestFromOtherProcess(database, path, 10, { assistant_id }),
      ),
    );
    const sorted = statuses.flat().toSorted((one, other) => one - other);
    expect(sorted).toEqual([200, ...Array.from({ length: 29 }, () => 400)]);
    expect((await harness.request('GET', path)).body.data).toHaveLength(1);
  });

  test('several processes can write to one thread at the same time', async () => {
    const database = await locate();
    const harness = await setup({ database });
    const { id } = await harness.openai.beta.threads.create();
    const path = `/threads/${id}/messages`;
    const statuses = await Promise.all(
      Array.from({ length: 3 }, () =>
        requestFromOtherProcess(database, path, 20, { role: 'user', content: 'Hello.' }),
      ),
    );
    expect(statuses.flat()).toEqual(Array.from({ length: 60 }, () => 200));
    const { data } = await harness.openai.beta.threads.messages.list(id, { limit: 100 });
    expect(data).toHaveLength(60);
  });

  test('several processes can open a new database at once', async () => {
    const database = await locate();
    const opened = await Promise.all(
      Array.from({ length: 4 }, () => requestFromOtherProcess(database, 'open')),
    );
    expect(opened).toEqual([[], [], [], []]);
  });
});
