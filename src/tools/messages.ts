import * as z from 'zod';
import { messageId, threadId } from '../schema/common.ts';
import { createMessage, listMessages, modifyMetadata } from '../schema/message.ts';
import { compactEcho, compactPage } from './compact-result.ts';
import { quote } from './confirm-deletion.ts';
import { deleted, withId, message, page } from './output-schemas.ts';
import { readJson } from './sdk-call.ts';
import { defineTool, repeatableOptions } from './tool.ts';

const path = { thread_id: threadId, message_id: messageId };

export const createMessageTool = defineTool({
  name: 'create_message',
  title: 'Create message',
  description:
    'Adds a message to a thread (thread_…) without running an assistant. Not while a run is active. create_run answers it.',
  toolset: 'messages',
  effect: 'create',
  isUntrusted: true,
  input: z.strictObject({ thread_id: threadId, ...createMessage.shape }),
  output: message,
  compact: compactEcho('get_message'),
  call: ({ thread_id, ...body }, context) =>
    context.openai.beta.threads.messages.create(thread_id, body, repeatableOptions(context)),
});

export const listMessagesTool = defineTool({
  name: 'list_messages',
  title: 'List messages',
  description: 'Reads a conversation: lists the messages of a thread (thread_…), newest first.',
  toolset: 'messages',
  effect: 'read',
  isUntrusted: true,
  input: z.strictObject({ thread_id: threadId, ...listMessages.shape }),
  output: page,
  compact: compactPage({
    operation: 'get_message',
    idParameter: 'message_id',
    pathParameters: ['thread_id'],
  }),
  call: ({ thread_id, ...query }, { openai, signal }) =>
    openai.beta.threads.messages.list(thread_id, query, { signal }),
});

export const getMessageTool = defineTool({
  name: 'get_message',
  title: 'Get message',
  description: 'Gets one message (msg_…) in full.',
  toolset: 'messages',
  effect: 'read',
  isUntrusted: true,
  input: z.strictObject(path),
  output: message,
  call: ({ message_id, thread_id }, { openai, signal }) =>
    openai.beta.threads.messages.retrieve(message_id, { thread_id }, { signal }),
});

export const modifyMessageTool = defineTool({
  name: 'modify_message',
  title: 'Modify message',
  description: 'Replaces the metadata of a message (msg_…), not its content.',
  toolset: 'messages',
  effect: 'modify',
  isUntrusted: true,
  input: z.strictObject({ ...path, ...modifyMetadata.shape }),
  output: withId,
  compact: compactEcho('get_message'),
  call: ({ message_id, ...params }, { openai, signal }) =>
    openai.beta.threads.messages.update(message_id, params, { signal }),
});

export const deleteMessageTool = defineTool({
  name: 'delete_message',
  title: 'Delete message',
  description: 'Permanently deletes a message (msg_…).',
  toolset: 'messages',
  effect: 'delete',
  input: z.strictObject(path),
  output: deleted,
  compact: null,
  deletion: ({ message_id, thread_id }, { openai, signal }) => ({
    named: `the message ${message_id}`,
    describe: async () => {
      const { messages } = openai.beta.threads;
      const call = messages.retrieve(message_id, { thread_id }, { signal });
      const { role, content } = (await readJson(call)).body;
      const texts = content.flatMap((part) => (part.type === 'text' ? part.text.value : []));
      const text = texts.length === 0 ? '' : `, ${quote(texts.join(' '))}`;
      return `the message ${message_id} of the ${role}${text}`;
    },
  }),
  call: ({ message_id, thread_id }, { openai, signal }) =>
    openai.beta.threads.messages.delete(message_id, { thread_id }, { signal }),
});
