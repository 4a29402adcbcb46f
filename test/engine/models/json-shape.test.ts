import { expect, test } from 'vitest';
import { blameEndpoint } from '../../../src/engine/models/json-shape.ts';
import { ModelFailure } from '../../../src/engine/models/model.ts';

function* eventsThenError(error: Error): Generator<string> {
  yield 'first';
  throw error;
}

function readAll(error: Error): { events: string[]; thrown: unknown } {
  const events: string[] = [];
  try {
    for (const event of blameEndpoint(eventsThenError(error))) events.push(event);
  } catch (thrown) {
    return { events, thrown };
  }
  return { events, thrown: undefined };
}

test('an unexpected error in an answer fails the run without its text, and is kept as the cause', () => {
  const bug = new TypeError("Cannot read properties of undefined (reading 'text')");
  const { events, thrown } = readAll(bug);
  expect(events).toEqual(['first']);
  expect(thrown).toBeInstanceOf(ModelFailure);
  expect(thrown).toMatchObject({
    message: 'The model endpoint sent an answer that this program cannot process.',
    retryAfterMs: null,
    cause: bug,
  });
});

test('a model failure in an answer stays as it is', () => {
  const failure = new ModelFailure('rate_limit_exceeded', 'Too many requests.', 1000);
  expect(readAll(failure).thrown).toBe(failure);
});
