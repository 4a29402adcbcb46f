import { isDeepStrictEqual } from 'node:util';
import { type Context, Hono } from 'hono';
import { createAssistantFile } from '../../schema/assistant.ts';
import { findLinkedFile, pageLinkedFiles } from '../../schema/linked-files.ts';
import { listSchema } from '../http/pagination.ts';
import { errors } from '../http/errors.ts';
import { parseBody, parseQuery } from '../http/request.ts';
import type { EngineOptions } from '../options.ts';
import { type AssistantBody, assistantBody, updateAssistant } from '../store/assistants.ts';
import type { AssistantRow, ToolResources } from '../store/schema.ts';
import { transact } from '../store/transaction.ts';
import { assistantFromPath, parseBetweenChecks } from './path-objects.ts';
import { maxCodeFiles, searchStoreId } from './tool-resources.ts';
import { StalePreparation, type UpstreamStores, withUpstreamLookups } from './upstream-lookups.ts';
import { fileToolsOf } from './v1-files.ts';

/* An assistant's files as version 1 of the API had them: each file for every tool that reads files. */

type Files = EngineOptions['files'];

const codeFiles = ({ code_interpreter }: ToolResources): string[] =>
  code_interpreter?.file_ids ?? [];

const searchFiles = async (resources: ToolResources, files: Files): Promise<string[]> => {
  const store = searchStoreId(resources);
  return store === undefined || files === null ? [] : files.listStoreFiles(store);
};

/**
 * The resources with these files for the code interpreter, which has them also where the assistant has
 * no tool that reads files.
 */
function withCodeFiles(
  { tools, tool_resources }: AssistantBody,
  file_ids: string[],
  param: string,
): ToolResources {
  const types = fileToolsOf(tools);
  if (types.length > 0 && !types.includes('code_interpreter')) return tool_resources;
  if (file_ids.length > maxCodeFiles) {
    throw errors.tooManyFiles(param, maxCodeFiles, file_ids.length);
  }
  return { ...tool_resources, code_interpreter: { file_ids } };
}

const isSearched = ({ tools }: AssistantBody): boolean =>
  fileToolsOf(tools).includes('file_search');

async function withSearchFiles(
  resources: ToolResources,
  file_ids: string[],
  { stores, files }: { readonly stores: UpstreamStores; readonly files: Files },
): Promise<ToolResources> {
  const current = await searchFiles(resources, files);
  if (current.length === file_ids.length && file_ids.every((id) => current.includes(id))) {
    return resources;
  }
  const store = file_ids.length === 0 ? null : await stores.ensure({ file_ids });
  if (store === null && file_ids.length > 0) throw errors.vectorStoresUnsupported('file_ids');
  return { ...resources, file_search: { vector_store_ids: store === null ? [] : [store] } };
}

/** The resources of an assistant whose files are these alone. Throws for files that it cannot have. */
export async function replaceFiles(
  assistant: AssistantBody,
  file_ids: string[],
  lookups: { readonly stores: UpstreamStores; readonly files: Files },
): Promise<ToolResources> {
  const resources = withCodeFiles(assistant, file_ids, 'file_ids');
  return isSearched(assistant) ? withSearchFiles(resources, file_ids, lookups) : resources;
}

/** The resources of an assistant with one more file. */
async function addFile(
  assistant: AssistantBody,
  file_id: string,
  stores: UpstreamStores,
): Promise<ToolResources> {
  const all = [...new Set([...codeFiles(assistant.tool_resources), file_id])];
  const resources = withCodeFiles(assistant, all, 'file_id');
  if (!isSearched(assistant)) return resources;
  const store = await stores.ensure({ file_ids: [file_id] }, searchStoreId(resources));
  if (store === null) throw errors.vectorStoresUnsupported('file_id');
  return { ...resources, file_search: { vector_store_ids: [store] } };
}

const toAssistantFile = ({ id: assistant_id, created_at }: AssistantRow, id: string) => ({
  id,
  object: 'assistant.file' as const,
  created_at,
  assistant_id,
});

const notFoundIn =
  ({ id: assistant_id }: AssistantRow) =>
  (id: string) =>
    errors.assistantFileNotFound(id, assistant_id);

/** Saves resources that were prepared for this state of the assistant. */
const saveResources = (
  { db }: EngineOptions,
  context: Context,
  before: AssistantBody,
  tool_resources: ToolResources,
) =>
  transact(db, async (transaction) => {
    const row = await assistantFromPath(transaction, context);
    const current = assistantBody(row);
    if (!isDeepStrictEqual(current, before)) throw new StalePreparation();
    return updateAssistant(transaction, row.id, { ...current, tool_resources });
  });

function deleteRoute(options: EngineOptions, linksOf: (row: AssistantRow) => Promise<Link[]>) {
  const { db, files } = options;
  return async (context: Context) => {
    const row = await assistantFromPath(db, context);
    const { id } = findLinkedFile(
      await linksOf(row),
      context.req.param('file_id') ?? '',
      notFoundIn(row),
    );
    const { tool_resources } = assistantBody(row);
    const store = searchStoreId(tool_resources);
    if (store !== undefined && (await searchFiles(tool_resources, files)).includes(id)) {
      await files?.removeFromVectorStore(store, id);
    }
    await transact(db, async (transaction) => {
      const assistant = assistantBody(await assistantFromPath(transaction, context));
      const resources = assistant.tool_resources;
      if (!codeFiles(resources).includes(id)) return;
      const file_ids = codeFiles(resources).filter((other) => other !== id);
      const changed = { ...resources, code_interpreter: { file_ids } };
      await updateAssistant(transaction, row.id, { ...assistant, tool_resources: changed });
    });
    return context.json({ id, object: 'assistant.file.deleted', deleted: true });
  };
}

type Link = ReturnType<typeof toAssistantFile>;

/** `/assistants/{assistant_id}/files`, of API v1 only. */
export function assistantFileRoutes(options: EngineOptions): Hono {
  const { db, files } = options;
  const routes = new Hono();
  const linksOf = async (row: AssistantRow): Promise<Link[]> => {
    const { tool_resources } = assistantBody(row);
    const ids = [...codeFiles(tool_resources), ...(await searchFiles(tool_resources, files))];
    return [...new Set(ids)].map((id) => toAssistantFile(row, id));
  };

  routes.get('/', async (context) => {
    const [row, query] = await parseBetweenChecks(assistantFromPath(db, context), async () =>
      parseQuery(context, listSchema),
    );
    return context.json(pageLinkedFiles(await linksOf(row), query, notFoundIn(row)));
  });

  routes.post('/', async (context) => {
    const [, { file_id }] = await parseBetweenChecks(assistantFromPath(db, context), () =>
      parseBody(context, createAssistantFile),
    );
    const row = await withUpstreamLookups(
      options,
      async (stores) => {
        const before = assistantBody(await assistantFromPath(db, context));
        return { before, resources: await addFile(before, file_id, stores) };
      },
      ({ before, resources }) => saveResources(options, context, before, resources),
    );
    return context.json(toAssistantFile(row, file_id));
  });

  routes.get('/:file_id', async (context) => {
    const row = await assistantFromPath(db, context);
    const links = await linksOf(row);
    return context.json(findLinkedFile(links, context.req.param('file_id'), notFoundIn(row)));
  });

  routes.delete('/:file_id', deleteRoute(options, linksOf));

  return routes;
}
