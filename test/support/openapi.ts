import * as z from 'zod';
import { createAssistant } from '../../src/schema/assistant.ts';
import {
  createRunBody,
  createThreadAndRunBody,
  submitToolOutputsBody,
} from '../../src/schema/run.ts';
import { createThread } from '../../src/schema/thread.ts';

/** Without `listing`, which only tools/list uses. */
const asSchema = (schema: z.ZodType) =>
  z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => void delete jsonSchema['listing'],
  });

const responses = { '200': { description: 'Done.' } };

const pagingParameters = ['limit', 'order', 'after', 'before'].map((name) => ({
  name,
  in: 'query',
  schema: { type: name === 'limit' ? 'integer' : 'string' },
}));

/** An operation whose path parameters are taken from its path. */
function operation(operationId: string, path: string, body?: z.ZodType, isList = false) {
  const parameters = [...path.matchAll(/\{(?<name>\w+)\}/gu)].map(({ groups }) => ({
    name: groups?.['name'],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const content = body && { 'application/json': { schema: asSchema(body) } };
  return {
    operationId,
    parameters: isList ? [...parameters, ...pagingParameters] : parameters,
    ...(content && { requestBody: { content } }),
    responses,
  };
}

const thread = '/threads/{thread_id}';
const run = `${thread}/runs/{run_id}`;

/** An OpenAPI document with the operations of a conversation, for generated clients. */
export const openapiDocument = {
  openapi: '3.0.3',
  info: { title: 'Assistants', version: '2' },
  servers: [{ url: '/v1' }],
  paths: {
    '/assistants': { post: operation('createAssistant', '', createAssistant) },
    '/threads': { post: operation('createThread', '', createThread) },
    '/threads/runs': { post: operation('createThreadAndRun', '', createThreadAndRunBody) },
    [thread]: { delete: operation('deleteThread', thread) },
    [`${thread}/messages`]: { get: operation('listMessages', thread, undefined, true) },
    [`${thread}/runs`]: { post: operation('createRun', thread, createRunBody) },
    [run]: { get: operation('getRun', run) },
    [`${run}/steps`]: { get: operation('listRunSteps', run, undefined, true) },
    [`${run}/submit_tool_outputs`]: {
      // Misspelt as in the published document.
      post: operation('submitToolOuputsToRun', run, submitToolOutputsBody),
    },
  },
};
