// `AssistantResponse` on the server, as Vercel documents it, and React's `useAssistant` in jsdom.
import { deepEqual } from 'node:assert/strict';
import { useAssistant } from '@ai-sdk/react';
import { AssistantResponse } from 'ai';
import { JSDOM } from 'jsdom';
import OpenAI from 'openai';
import { createElement } from 'react';
import { createAssistant } from './assistant.mjs';
import { answer, echo, question, toolOutput } from './conversation.mjs';

// The SDK refuses to start in a browser.
const openai = new OpenAI();
const { window } = new JSDOM('<div id="root"></div>');
Object.assign(globalThis, { window, document: window.document });
const { createRoot } = await import('react-dom/client');
const { threads } = openai.beta;
const assistant_id = await createAssistant();
const calls = [];

async function forwardRun(threadId, { forwardStream, sendDataMessage }) {
  let run = await forwardStream(threads.runs.stream(threadId, { assistant_id }));
  while (run?.status === 'requires_action') {
    const tool_outputs = run.required_action.submit_tool_outputs.tool_calls.map((call) => {
      calls.push(JSON.parse(call.function.arguments));
      return { tool_call_id: call.id, output: toolOutput };
    });
    sendDataMessage({ role: 'data', data: { outputs: tool_outputs.length } });
    const stream = threads.runs.submitToolOutputsStream(threadId, run.id, { tool_outputs });
    run = await forwardStream(stream);
  }
}

/** The route that `useAssistant` calls. */
async function post(_url, { body }) {
  const { message, threadId = null } = JSON.parse(body);
  const thread_id = threadId ?? (await threads.create({})).id;
  const { id: messageId } = await threads.messages.create(thread_id, {
    role: 'user',
    content: message,
  });
  return AssistantResponse({ threadId: thread_id, messageId }, (tools) =>
    forwardRun(thread_id, tools),
  );
}

let chat;
let onRender = () => {};

function Chat() {
  chat = useAssistant({ api: '/api/assistant', fetch: post });
  onRender();
  return createElement('ul', null, chat.messages.map(({ content }) => content).join('\n'));
}

/** Resolves when the hook has `count` messages and waits for the next. */
const untilAnswered = (count) =>
  new Promise((resolve, reject) => {
    onRender = () => {
      if (chat?.error) reject(chat.error);
      if (chat?.messages.length >= count && chat.status === 'awaiting_message') resolve();
    };
    onRender();
  });

createRoot(window.document.querySelector('#root')).render(createElement(Chat));
await untilAnswered(0);
for (const [text, count] of [
  [question, 3],
  ['Thanks!', 5],
]) {
  chat.append({ role: 'user', content: text });
  await untilAnswered(count);
}
deepEqual(
  chat.messages.map(({ role, content, data }) => [role, role === 'data' ? data : content]),
  [
    ['user', question],
    ['data', { outputs: 1 }],
    ['assistant', answer],
    ['user', 'Thanks!'],
    ['assistant', echo(2, 'Thanks!')],
  ],
);
deepEqual(calls, [{ city: 'Oslo' }]);
