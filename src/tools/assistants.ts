import * as z from 'zod';
import { createAssistant, modifyAssistant } from '../schema/assistant.ts';
import { assistantId, listQuery } from '../schema/common.ts';
import { ApiError, missingPathStatuses } from '../shared/errors.ts';
import { compactEcho, compactPage } from './compact-result.ts';
import { quote } from './confirm-deletion.ts';
import { deleted, withId, page } from './output-schemas.ts';
import { readFailure } from '../shared/sdk-failure.ts';
import { readJson } from './sdk-call.ts';
import { defineTool, repeatableOptions } from './tool.ts';

export const createAssistantTool = defineTool({
  name: 'create_assistant',
  title: 'Create assistant',
  description: 'Creates an assistant (asst_…): a model with a name, instructions and tools.',
  toolset: 'assistants',
  effect: 'create',
  input: createAssistant,
  output: withId,
  compact: compactEcho('get_assistant'),
  call: (body, context) => context.openai.beta.assistants.create(body, repeatableOptions(context)),
});

export const listAssistantsTool = defineTool({
  name: 'list_assistants',
  title: 'List assistants',
  description: 'Lists assistants (asst_…), newest first.',
  toolset: 'assistants',
  effect: 'read',
  input: z.strictObject(listQuery),
  output: page,
  compact: compactPage({ operation: 'get_assistant', idParameter: 'assistant_id' }),
  call: (query, { openai, signal }) => openai.beta.assistants.list(query, { signal }),
});

export const getAssistantTool = defineTool({
  name: 'get_assistant',
  title: 'Get assistant',
  description: 'Gets an assistant (asst_…) with its settings.',
  toolset: 'assistants',
  effect: 'read',
  input: z.strictObject({ assistant_id: assistantId }),
  output: withId,
  call: ({ assistant_id }, { openai, signal }) =>
    openai.beta.assistants.retrieve(assistant_id, { signal }),
});

export const modifyAssistantTool = defineTool({
  name: 'modify_assistant',
  title: 'Modify assistant',
  description:
    'Changes an assistant (asst_…) for future runs. Omitted fields stay; lists and metadata are replaced.',
  toolset: 'assistants',
  effect: 'modify',
  input: z.strictObject({ assistant_id: assistantId, ...modifyAssistant.shape }),
  output: withId,
  compact: compactEcho('get_assistant'),
  call: ({ assistant_id, ...body }, { openai, signal }) =>
    openai.beta.assistants.update(assistant_id, body, { signal }),
});

export const deleteAssistantTool = defineTool({
  name: 'delete_assistant',
  title: 'Delete assistant',
  description: 'Permanently deletes an assistant (asst_…). Its threads and runs stay.',
  toolset: 'assistants',
  effect: 'delete',
  input: z.strictObject({ assistant_id: assistantId }),
  output: deleted,
  compact: null,
  deletion: ({ assistant_id }, { openai, signal }) => ({
    named: `the assistant ${assistant_id}`,
    describe: async () => {
      const call = openai.beta.assistants.retrieve(assistant_id, { signal });
      const { name } = (await readJson(call)).body;
      return `the assistant ${name ? `${quote(name)} (${assistant_id})` : assistant_id}`;
    },
  }),
  call: ({ assistant_id }, { openai, signal }) =>
    openai.beta.assistants.delete(assistant_id, { signal }),
});

export const listModelsTool = defineTool({
  name: 'list_models',
  title: 'List models',
  description: 'Lists the ids of the models that assistants (asst_…) can use.',
  toolset: 'assistants',
  effect: 'read',
  input: z.strictObject({}),
  output: page,
  compact: compactPage(null, ({ id }) => ({ id })),
  call: async (_, { openai, signal }) => {
    try {
      return (await readJson(openai.models.list({ signal }))).body;
    } catch (error) {
      const { status, code } = readFailure(error);
      if (code === 'unsupported_endpoint' || !missingPathStatuses.has(status)) throw error;
      throw new ApiError(status, 'This server does not list models.');
    }
  },
});
