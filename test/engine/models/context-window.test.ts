import * as catalogue from 'gpt-tokenizer/models';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createWindows, knownWindow } from '../../../src/engine/models/context-window.ts';

const entry = z.object({
  name: z.string().default(''),
  supported_endpoints: z.array(z.string()).default([]),
  context_window: z.number().optional(),
  max_input_tokens: z.number().optional(),
});

/** The catalogue's models for conversations, with their maximum prompt length. */
const catalogueModels = Object.values(catalogue).flatMap((value) => {
  const { name, supported_endpoints: endpoints, ...model } = entry.parse(value);
  const isConversational = endpoints.some((endpoint) =>
    /chat|responses|assistants/u.test(endpoint),
  );
  const { context_window: window, max_input_tokens: maxInput = window } = model;
  if (!isConversational || window === undefined || maxInput === undefined) return [];
  return [{ name, tokens: Math.min(window, maxInput) }];
});

test('known windows are between 65 % and 100 % of those in the model catalogue', () => {
  expect(catalogueModels.length).toBeGreaterThan(80);
  const wrong = catalogueModels.filter(({ name, tokens }) => {
    const known = knownWindow(name);
    return known > tokens || known < tokens * 0.65;
  });
  expect(wrong).toEqual([]);
});

test.each([
  ['openai/gpt-4.1-mini', 1_047_576],
  ['ft:gpt-3.5-turbo-0125:my-org::abc', 16_385],
  ['gpt-35-turbo', 16_385],
  ['o3', 200_000],
  ['llama3.2:3b', 128_000],
  ['my-deployment', 128_000],
])('the known window of %s is %i tokens', (name, tokens) => {
  expect(knownWindow(name)).toBe(tokens);
});

test('a window reported by the endpoint overrides a larger known one and never grows', () => {
  const windows = createWindows();
  windows.learn('gpt-4o', 8192);
  windows.learn('gpt-4o', 16_384);
  expect([windows.get('gpt-4o'), windows.get('gpt-4o-mini')]).toEqual([8192, 128_000]);
});
