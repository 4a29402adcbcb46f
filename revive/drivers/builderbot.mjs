import { equal } from 'node:assert/strict';
import { createAssistants, toAsk } from '@builderbot-plugins/openai-assistants';
import { echo } from './conversation.mjs';

const values = new Map();
const state = {
  get: (key) => values.get(key),
  update: async (changes) =>
    Object.entries(changes).forEach(([key, value]) => values.set(key, value)),
};
// Its assistant always has code_interpreter.
const { id } = await createAssistants();
equal(await toAsk(id, 'Hello.', state), echo(1, 'Hello.'));
equal(await toAsk(id, 'Thanks!', state), echo(2, 'Thanks!'));
