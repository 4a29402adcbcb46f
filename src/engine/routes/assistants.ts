import { Hono } from 'hono';
import { seconds } from '../../clock.ts';
import { createAssistant, modifyAssistant } from '../../schema/assistant.ts';
import { pathAssistant, withBody } from './lookup.ts';
import { answerList } from '../http/page.ts';
import { parseBody } from '../http/parse.ts';
import type { EngineOptions } from '../options.ts';
import {
  type AssistantBody,
  assistantBody,
  deleteAssistant,
  findAssistant,
  insertAssistant,
  listAssistants,
  toAssistant,
  updateAssistant,
} from '../store/assistants.ts';
import type { CreateAssistant, ModifyAssistant } from '../../schema/assistant.ts';
import { transact } from '../store/transaction.ts';
import { normalizeTools, takeToolResources } from './tools.ts';

const blank: Omit<AssistantBody, 'model'> = {
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

/** An assistant with the given fields changed: absent ones stay, null clears (contract §4.1). */
function change(body: AssistantBody, fields: CreateAssistant | ModifyAssistant): AssistantBody {
  const { tools, tool_resources, metadata, response_format, ...plain } = fields;
  const changed: AssistantBody = { ...body, ...plain };
  if (tools !== undefined) changed.tools = normalizeTools(tools);
  if (metadata !== undefined) changed.metadata = metadata ?? {};
  if (response_format !== undefined) changed.response_format = response_format ?? 'auto';
  if (tool_resources !== undefined) changed.tool_resources = takeToolResources(tool_resources);
  if (changed.tools.some((tool) => tool.type === 'code_interpreter')) {
    changed.tool_resources = { code_interpreter: { file_ids: [] }, ...changed.tool_resources };
  }
  return changed;
}

/** `/assistants` (contract §4.1). */
export function assistantRoutes({ db, clock, ids }: EngineOptions): Hono {
  const routes = new Hono();

  routes.get('/', (context) =>
    answerList(context, {
      kind: 'assistant',
      find: (id) => findAssistant(db, id),
      read: (page) => listAssistants(db, page),
      toObject: toAssistant,
    }),
  );

  routes.post('/', async (context) => {
    const fields = await parseBody(context, createAssistant);
    const body = change({ ...blank, model: fields.model }, fields);
    const row = await insertAssistant(db, ids.object('asst_'), seconds(clock), body);
    return context.json(toAssistant(row));
  });

  routes.get('/:assistant_id', async (context) =>
    context.json(toAssistant(await pathAssistant(db, context))),
  );

  routes.post('/:assistant_id', async (context) => {
    const [{ id }, fields] = await withBody(pathAssistant(db, context), () =>
      parseBody(context, modifyAssistant),
    );
    const row = await transact(db, async (transaction) => {
      const current = await pathAssistant(transaction, context);
      return updateAssistant(transaction, id, change(assistantBody(current), fields));
    });
    return context.json(toAssistant(row));
  });

  routes.delete('/:assistant_id', async (context) => {
    const { id } = await pathAssistant(db, context);
    await deleteAssistant(db, id);
    return context.json({ id, object: 'assistant.deleted', deleted: true });
  });

  return routes;
}
