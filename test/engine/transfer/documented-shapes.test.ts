import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createStore } from '../../support/transfer.ts';

const page = readFileSync('docs/import.md', 'utf8').split('\n## ');
const shapes = page.find((section) => section.startsWith('Shapes')) ?? '';
const samples = [...shapes.matchAll(/```\w+\n([^`]+)```/gu)].map(([, sample = '']) => sample);

test('docs/import.md has a sample for every shape', () => {
  expect(samples.length).toBeGreaterThan(13);
});

test.each(samples)('imports the documented sample %#', async (sample) => {
  const store = createStore();
  const { code, stderr } = await store.importText(sample);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^Imported .*(?:thread|message)/u)]);
  expect(sample.trimEnd().split('\n').length).toBeLessThanOrEqual(4);
});
