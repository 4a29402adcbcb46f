import { isDeepStrictEqual } from 'node:util';
import { type Context, Hono } from 'hono';
import { unixSeconds } from '../../shared/clock.ts';
import {
  type CreateAssistant,
  createAssistantBody,
  modifyAssistantBody,
  type ModifyAssistant,
} from '../../schema/assistant.ts';
import { fileIdsOf } from '../../schema/v1-fields.ts';
import { errors } from '../http/errors.ts';
import { replaceFiles } from './assistant-files.ts';
import { assistantFromPath, parseBetweenChecks } from './path-objects.ts';
import { listResponse, listSchema } from '../http/pagination.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineOptions } from '../options.ts';
import {
  type AssistantBody,
  assistantBody,
  chosenSampling,
  deleteAssistant,
  insertAssistant,
  listAssistants,
  assistantCursor,
  toAssistant,
  updateAssistant,
} from '../store/assistants.ts';
import { answerOnce, changeOnce } from './idempotency.ts';
import { transact } from '../store/transaction.ts';
import type { ToolResources } from '../store/schema.ts';
import { StalePreparation, withUpstreamLookups } from './upstream-lookups.ts';
import { createToolResources, modifyToolResources, normalizeTools } from './tool-resources.ts';

const defaults: Omit<AssistantBody, 'model'> = {
  name: null,
  description: null,
  instructions: null,
  tools: [],
  top_p: null,
  temperature: null,
  reasoning_effort: null,
  tool_resources: {},
  metadata: {},
  response_format: 'auto',
};

type Fields = Omit<CreateAssistant | ModifyAssistant, 'tool_resources' | 'file_ids' | 'fileIds'>;

/** The assistant with a request's fields: absent ones stay, null clears (contract §4.1). */
function applyFields(
  body: AssistantBody,
  { tools, metadata, response_format, ...others }: Fields,
  tool_resources: ToolResources,
): AssistantBody {
  const changed: AssistantBody = { ...body, ...others, tool_resources };
  if (tools !== undefined) changed.tools = normalizeTools(tools);
  if (metadata !== undefined) changed.metadata = metadata ?? {};
  for (const name of ['temperature', 'top_p'] as const) {
    // Null clears it, unlike in a run.
    if (others[name] === 1) changed[name] = chosenSampling(1, body[name]);
  }
  if (response_format !== undefined) changed.response_format = response_format ?? 'auto';
  if (changed.tools.some((tool) => tool.type === 'code_interpreter')) {
    changed.tool_resources = { code_interpreter: { file_ids: [] }, ...changed.tool_resources };
  }
  return changed;
}

/** A body's files apart from its other fields; undefined where `tool_resources` stand alone. */
function splitFields(body: CreateAssistant | ModifyAssistant) {
  const { tool_resources, file_ids: _ids, fileIds: _sameIds, ...fields } = body;
  const file_ids = fileIdsOf(body);
  const hasResources = Object.keys(tool_resources ?? {}).length > 0;
  if (!hasResources) return { tool_resources, fields, file_ids };
  if (file_ids === undefined || file_ids.length === 0) return { tool_resources, fields };
  throw errors.mutuallyExclusive('file_ids', ['file_ids', 'tool_resources']);
}

function createAssistantRoute(options: EngineOptions) {
  const { db, clock, ids, files } = options;
  return answerOnce(options, async (context, key) => {
    const body = await parseBody(context, createAssistantBody);
    const { tool_resources, fields, file_ids = [] } = splitFields(body);
    const initial = { ...defaults, model: body.model };
    const row = await withUpstreamLookups(
      options,
      (stores) =>
        file_ids.length === 0
          ? createToolResources(tool_resources, stores)
          : replaceFiles(applyFields(initial, fields, {}), file_ids, { stores, files }),
      (resources) =>
        transact(db, (transaction) => {
          const assistant = applyFields(initial, fields, resources);
          const insert = () =>
            insertAssistant(transaction, ids.newId('asst_'), unixSeconds(clock), assistant);
          return changeOnce(transaction, key, insert, (inserted) => ({
            object: toAssistant(inserted),
            thread_id: null,
          }));
        }),
    );
    return context.json(toAssistant(row));
  });
}

function modifyAssistantRoute(options: EngineOptions) {
  const { db, files } = options;
  return async (context: Context) => {
    const [, body] = await parseBetweenChecks(assistantFromPath(db, context), () =>
      parseBody(context, modifyAssistantBody),
    );
    const { tool_resources, fields, file_ids } = splitFields(body);
    const row = await withUpstreamLookups(
      options,
      async (stores) => {
        if (file_ids === undefined) return null;
        const before = assistantBody(await assistantFromPath(db, context));
        const changed = applyFields(before, fields, before.tool_resources);
        return { before, resources: await replaceFiles(changed, file_ids, { stores, files }) };
      },
      (prepared) =>
        transact(db, async (transaction) => {
          const assistant = await assistantFromPath(transaction, context);
          const current = assistantBody(assistant);
          if (prepared !== null && !isDeepStrictEqual(prepared.before, current)) {
            throw new StalePreparation();
          }
          const resources =
            prepared?.resources ?? modifyToolResources(current.tool_resources, tool_resources);
          return updateAssistant(
            transaction,
            assistant.id,
            applyFields(current, fields, resources),
          );
        }),
    );
    return context.json(toAssistant(row));
  };
}

/** `/assistants` (contract §4.1). */
export function assistantRoutes(options: EngineOptions): Hono {
  const { db } = options;
  const routes = new Hono();

  routes.get('/', (context) =>
    listResponse(parseQuery(context, listSchema), {
      kind: 'assistant',
      findCursor: (id) => assistantCursor(db, id),
      read: (page) => listAssistants(db, page),
      toObject: toAssistant,
    }),
  );

  routes.post('/', createAssistantRoute(options));

  routes.get('/:assistant_id', async (context) =>
    context.json(toAssistant(await assistantFromPath(db, context))),
  );

  routes.post('/:assistant_id', modifyAssistantRoute(options));

  routes.delete('/:assistant_id', async (context) => {
    const id = await transact(db, async (transaction) => {
      const assistant = await assistantFromPath(transaction, context);
      await deleteAssistant(transaction, assistant.id);
      return assistant.id;
    });
    return context.json({ id, object: 'assistant.deleted', deleted: true });
  });

  return routes;
}
