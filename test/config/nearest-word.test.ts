import { expect, test } from 'vitest';
import { nearestWord } from '../../src/config/nearest-word.ts';

const words = ['model', 'model-api', 'model-map', 'port', 'allowed-hosts', 'allowed-origins'];

test.each([
  ['a misspelt word', 'prot', 'port'],
  ['other punctuation', 'MODEL_API', 'model-api'],
  ['a missing hyphen', 'allowedhosts', 'allowed-hosts'],
  ['a glued value', 'port8080', 'port'],
  ['a glued value of the longer of two words', 'model-apichat', 'model-api'],
])('finds the known word for %s', (_title, word, expected) => {
  expect(nearestWord(word, words)).toBe(expected);
});

test.each(['', 'x', 'allowed', 'verbose'])('finds no known word for %j', (word) => {
  expect(nearestWord(word, words)).toBeNull();
});
