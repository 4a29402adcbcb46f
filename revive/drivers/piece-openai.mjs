import { deepEqual, equal } from 'node:assert/strict';
import { openai } from '@activepieces/piece-openai';
import { createAssistant } from './assistant.mjs';
import { echo } from './conversation.mjs';

const { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: apiKey } = process.env;
const auth = { apiKey, baseUrl };
const assistant = await createAssistant();
const action = openai.getAction('ask_assistant');

const { options } = await action.props.assistant.options({ auth });
deepEqual(options, [{ label: 'Weather', value: assistant }]);

const values = new Map();
const store = {
  get: async (key) => values.get(key) ?? null,
  put: async (key, value) => void values.set(key, value),
};

async function ask(prompt) {
  const propsValue = { assistant, prompt, memoryKey: 'chat' };
  const [message] = await action.run({ auth, propsValue, store });
  return message.content[0].text.value;
}

equal(await ask('Hello.'), echo(1, 'Hello.'));
equal(await ask('Thanks!'), echo(2, 'Thanks!'));
