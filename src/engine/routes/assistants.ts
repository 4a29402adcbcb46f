import { Hono } from 'hono';
import { seconds } from '../../shared/clock.ts';
import { createAssistant, modifyAssistant } from '../../schema/assistant.ts';
import { pathAssistant, withBody } from './path-objects.ts';
import { answerList } from '../http/pagination.ts';
import { parseBody } from '../http/request.ts';
import type { EngineOptions } from '../options.ts';
import {
  type AssistantBody,
  assistantBody,
  deleteAssistant,
  insertAssistant,
  listAssistants,
  placeOfAssistant,
  toAssistant,
  updateAssistant,
} from '../store/assistants.ts';
import type { CreateAssistant, ModifyAssistant } from '../../schema/assistant.ts';
import { transact } from '../store/transaction.ts';
import type { ToolResources } from '../store/schema.ts';
import { withErrands } from './upstream-lookups.ts';
import { makeToolResources, modifyToolResources, normalizeTools } from './tool-resources.ts';

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

type Fields = Omit<CreateAssistant | ModifyAssistant, 'tool_resources'>;

/** An assistant with the given fields changed: absent ones stay, null clears (contract §4.1). */
function change(
  body: AssistantBody,
  { tools, metadata, response_format, ...plain }: Fields,
  tool_resources: ToolResources,
): AssistantBody {
  const changed: AssistantBody = { ...body, ...plain, tool_resources };
  if (tools !== undefined) changed.tools = normalizeTools(tools);
  if (metadata !== undefined) changed.metadata = metadata ?? {};
  if (response_format !== undefined) changed.response_format = response_format ?? 'auto';
  if (changed.tools.some((tool) => tool.type === 'code_interpreter')) {
    changed.tool_resources = { code_interpreter: { file_ids: [] }, ...changed.tool_resources };
  }
  return changed;
}

/** `/assistants` (contract §4.1). */
export function assistantRoutes(options: EngineOptions): Hono {
  const { db, clock, ids } = options;
  const routes = new Hono();

  routes.get('/', (context) =>
    answerList(context, {
      kind: 'assistant',
      find: (id) => placeOfAssistant(db, id),
      read: (page) => listAssistants(db, page),
      toObject: toAssistant,
    }),
  );

  routes.post('/', async (context) => {
    const { tool_resources, ...fields } = await parseBody(context, createAssistant);
    const row = await withErrands(options, async (errands) => {
      const resources = makeToolResources(tool_resources, errands);
      const body = change({ ...blank, model: fields.model }, fields, resources);
      return insertAssistant(db, ids.object('asst_'), seconds(clock), body);
    });
    return context.json(toAssistant(row));
  });

  routes.get('/:assistant_id', async (context) =>
    context.json(toAssistant(await pathAssistant(db, context))),
  );

  routes.post('/:assistant_id', async (context) => {
    const [{ id }, { tool_resources, ...fields }] = await withBody(pathAssistant(db, context), () =>
      parseBody(context, modifyAssistant),
    );
    const row = await transact(db, async (transaction) => {
      const current = assistantBody(await pathAssistant(transaction, context));
      const resources = modifyToolResources(current.tool_resources, tool_resources);
      return updateAssistant(transaction, id, change(current, fields, resources));
    });
    return context.json(toAssistant(row));
  });

  routes.delete('/:assistant_id', async (context) => {
    const id = await transact(db, async (transaction) => {
      const assistant = await pathAssistant(transaction, context);
      await deleteAssistant(transaction, assistant.id);
      return assistant.id;
    });
    return context.json({ id, object: 'assistant.deleted', deleted: true });
  });

  return routes;
}
