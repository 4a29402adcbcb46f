// The web component in jsdom, connected directly to the server. Argument: `stream`.
import { deepEqual } from 'node:assert/strict';
import { JSDOM } from 'jsdom';
import { createAssistant } from './assistant.mjs';
import { answer, echo, question, toolOutput } from './conversation.mjs';

const { OPENAI_BASE_URL: custom_base_url, OPENAI_API_KEY: key } = process.env;
const assistant_id = await createAssistant();
const { window } = new JSDOM('<body></body>', { url: 'http://127.0.0.1', pretendToBeVisual: true });
for (const name of Object.getOwnPropertyNames(window)) {
  if (!(name in globalThis)) globalThis[name] = window[name];
}
// What jsdom lacks.
const { textContent } = Object.getOwnPropertyDescriptors(window.Node.prototype);
Object.defineProperty(window.HTMLElement.prototype, 'innerText', textContent);
window.Element.prototype.scrollTo = () => {};
window.fetch = fetch;
const ResizeObserver = class {
  observe() {}
};
Object.assign(globalThis, { Event: window.Event, CustomEvent: window.CustomEvent, ResizeObserver });
await import('deep-chat');

const calls = [];
const chat = window.document.createElement('deep-chat');
chat.directConnection = {
  openAI: {
    key,
    assistant: {
      assistant_id,
      custom_base_url,
      function_handler: (functions) =>
        functions.map((call) => {
          calls.push(JSON.parse(call.arguments));
          return toolOutput;
        }),
    },
  },
};
chat.connect = { stream: process.argv[2] === 'stream' };

const failed = new Promise((_resolve, reject) => {
  chat.onError = reject;
});
const answered = () =>
  new Promise((resolve) => {
    chat.onMessage = ({ message }) => {
      if (message.role === 'ai') resolve(message.text);
    };
  });
const rendered = new Promise((resolve) => {
  chat.onComponentRender = resolve;
});
window.document.body.append(chat);
await rendered;

const texts = [];
for (const text of [question, 'Thanks!']) {
  const next = answered();
  chat.submitUserMessage({ text });
  texts.push(await Promise.race([next, failed]));
}
deepEqual(texts, [answer, echo(2, 'Thanks!')]);
deepEqual(calls, [{ city: 'Oslo' }]);
process.exit();
