import { Hono } from 'hono';
import { unixSeconds } from '../../shared/clock.ts';
import {
  createAssistant,
  type CreateAssistant,
  modifyAssistant,
  type ModifyAssistant,
} from '../../schema/assistant.ts';
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
import { withUpstreamLookups } from './upstream-lookups.ts';
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

type Fields = Omit<CreateAssistant | ModifyAssistant, 'tool_resources'>;

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

function createAssistantRoute(options: EngineOptions) {
  const { db, clock, ids } = options;
  return answerOnce(options, async (context, key) => {
    const { tool_resources, ...fields } = await parseBody(context, createAssistant);
    const row = await withUpstreamLookups(
      options,
      (stores) => createToolResources(tool_resources, stores),
      (resources) =>
        transact(db, (transaction) => {
          const body = applyFields({ ...defaults, model: fields.model }, fields, resources);
          const insert = () =>
            insertAssistant(transaction, ids.newId('asst_'), unixSeconds(clock), body);
          return changeOnce(transaction, key, insert, (assistant) => ({
            object: toAssistant(assistant),
            thread_id: null,
          }));
        }),
    );
    return context.json(toAssistant(row));
  });
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

  routes.post('/:assistant_id', async (context) => {
    const [{ id }, { tool_resources, ...fields }] = await parseBetweenChecks(
      assistantFromPath(db, context),
      () => parseBody(context, modifyAssistant),
    );
    const row = await transact(db, async (transaction) => {
      const current = assistantBody(await assistantFromPath(transaction, context));
      const resources = modifyToolResources(current.tool_resources, tool_resources);
      return updateAssistant(transaction, id, applyFields(current, fields, resources));
    });
    return context.json(toAssistant(row));
  });

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
