import { expect, test } from 'vitest';
import {
  maxAttempts,
  StalePreparation,
  type UpstreamStores,
  withUpstreamLookups,
} from '../../../src/engine/routes/upstream-lookups.ts';

/** An endpoint whose vector stores are a set of ids. */
function createEndpoint() {
  const stores = new Set<string>();
  let created = 0;
  const createVectorStore = async () => {
    created += 1;
    stores.add(`vs_${created}`);
    return `vs_${created}`;
  };
  const deps = {
    model: { unsupportedTools: async () => [] },
    files: {
      createVectorStore,
      addToVectorStore: async (id: string) => id,
      deleteVectorStore: async (id: string) => void stores.delete(id),
      canSearch: async () => true,
    },
    log: { warn: () => {} },
  };
  return { deps, stores };
}

const prepare = (upstream: UpstreamStores) => upstream.ensure({ file_ids: [] });

test('prepares a change again when its preparation is stale, and keeps the last store', async () => {
  const { deps, stores } = createEndpoint();
  const attempts: (string | null)[] = [];
  const result = await withUpstreamLookups(deps, prepare, async (id) => {
    attempts.push(id);
    if (attempts.length < 3) throw new StalePreparation();
    return id;
  });
  expect(attempts).toEqual(['vs_1', 'vs_2', 'vs_3']);
  expect([result, [...stores]]).toEqual(['vs_3', ['vs_3']]);
});

test('gives up a change that is stale every time, and deletes its stores', async () => {
  const { deps, stores } = createEndpoint();
  let attempts = 0;
  const change = withUpstreamLookups(deps, prepare, async () => {
    attempts += 1;
    throw new StalePreparation();
  });
  await expect(change).rejects.toThrow(StalePreparation);
  expect([attempts, stores.size]).toEqual([maxAttempts, 0]);
});

test('deletes no store that existed before a change that fails', async () => {
  const { deps, stores } = createEndpoint();
  stores.add('vs_old');
  const change = withUpstreamLookups(
    deps,
    (upstream) => upstream.ensure({ file_ids: [] }, 'vs_old'),
    async () => {
      throw new Error('no');
    },
  );
  await expect(change).rejects.toThrow('no');
  expect([...stores]).toEqual(['vs_old']);
});
