import * as z from 'zod';
import { listQuery, threadId } from '../schema/common.ts';
import { createThread, modifyThread } from '../schema/thread.ts';
import { ApiError, missingPathStatuses } from '../shared/errors.ts';
import { compactEcho, compactPage } from './compact-result.ts';
import { countOf } from './confirm-deletion.ts';
import { deleted, page, withId } from './output-schemas.ts';
import { readFailure } from '../shared/sdk-failure.ts';
import { readJson } from './sdk-call.ts';
import { defineTool, repeatableOptions } from './tool.ts';

export const createThreadTool = defineTool({
  name: 'create_thread',
  title: 'Create thread',
  description:
    'Creates a thread (thread_…) without running an assistant, optionally with messages. create_run runs one on it.',
  toolset: 'threads',
  effect: 'create',
  input: createThread,
  output: withId,
  compact: compactEcho('get_thread'),
  call: (body, context) => context.openai.beta.threads.create(body, repeatableOptions(context)),
});

export const listThreadsTool = defineTool({
  name: 'list_threads',
  title: 'List threads',
  description: 'Lists the threads (thread_…) on this server, newest first.',
  toolset: 'threads',
  effect: 'read',
  input: z.strictObject(listQuery),
  output: page,
  compact: compactPage({ operation: 'get_thread', idParameter: 'thread_id' }),
  call: async (query, { openai, signal }) => {
    try {
      return (await readJson(openai.get<object>('/threads', { query, signal }))).body;
    } catch (error) {
      const { status, message } = readFailure(error);
      const isUnknownCursor = message.startsWith('No thread found');
      if (!missingPathStatuses.has(status) || isUnknownCursor) throw error;
      throw new ApiError(status, 'This server does not list threads.');
    }
  },
});

export const getThreadTool = defineTool({
  name: 'get_thread',
  title: 'Get thread',
  description: 'Gets metadata and files of a thread (thread_…). list_messages has its messages.',
  toolset: 'threads',
  effect: 'read',
  input: z.strictObject({ thread_id: threadId }),
  output: withId,
  call: ({ thread_id }, { openai, signal }) => openai.beta.threads.retrieve(thread_id, { signal }),
});

export const modifyThreadTool = defineTool({
  name: 'modify_thread',
  title: 'Modify thread',
  description: 'Replaces metadata or files of a thread (thread_…). Omitted fields stay.',
  toolset: 'threads',
  effect: 'modify',
  input: z.strictObject({ thread_id: threadId, ...modifyThread.shape }),
  output: withId,
  compact: compactEcho('get_thread'),
  call: ({ thread_id, ...body }, { openai, signal }) =>
    openai.beta.threads.update(thread_id, body, { signal }),
});

export const deleteThreadTool = defineTool({
  name: 'delete_thread',
  title: 'Delete thread',
  description: 'Permanently deletes a thread (thread_…) with its messages, runs and steps.',
  toolset: 'threads',
  effect: 'delete',
  input: z.strictObject({ thread_id: threadId }),
  output: deleted,
  compact: null,
  deletion: ({ thread_id }, { openai, signal }) => ({
    named: `the thread ${thread_id}`,
    describe: async () => {
      const messages = openai.beta.threads.messages.list(thread_id, { limit: 100 }, { signal });
      const { data, has_more } = (await readJson(messages)).body;
      const count = has_more ? 'more than 100 messages' : countOf(data.length, 'message');
      return `the thread ${thread_id} with ${count} and all of its runs`;
    },
  }),
  call: ({ thread_id }, { openai, signal }) => openai.beta.threads.delete(thread_id, { signal }),
});
