import { isJsonObject } from '../../../shared/json.ts';
import { bothTools } from '../content-shapes.ts';
import { knownTypes, resourceNames } from '../tool-shapes.ts';
import type { Problems } from './problems.ts';

const reason = 'There are no tools of this type here.';

/** The values whose type the API has; the others are named. `retrieval` became `file_search`. */
function selectKnown(
  values: readonly unknown[],
  label: string,
  problems: Problems,
): readonly unknown[] {
  return values.flatMap((value) => {
    const type: unknown = isJsonObject(value) ? value['type'] : undefined;
    if (type === 'retrieval') return [{ ...Object(value), type: 'file_search' }];
    if (typeof type !== 'string' || knownTypes.has(type)) return [value];
    problems.add(`${type} of ${label}`, reason);
    return [];
  });
}

/** The tools of an assistant or a run that exist here. */
export const toTools = (tools: unknown, label: string, problems: Problems): unknown =>
  Array.isArray(tools) ? selectKnown(tools, label, problems) : tools;

/** A call of a tool with the fields that servers leave out. */
function toCall(call: unknown): unknown {
  if (!isJsonObject(call)) return call;
  const { type, function: called, code_interpreter: code } = call;
  if (type === 'function' && isJsonObject(called)) {
    return { ...call, function: { ...called, output: called['output'] ?? null } };
  }
  if (type === 'code_interpreter' && isJsonObject(code)) {
    return { ...call, code_interpreter: { ...code, outputs: code['outputs'] ?? [] } };
  }
  if (type === 'file_search') return { ...call, file_search: call['file_search'] ?? {} };
  return call;
}

/** The details of a step, with the calls of tools that exist here. */
export function toStepDetails(details: unknown, label: string, problems: Problems): unknown {
  if (!isJsonObject(details) || details['type'] !== 'tool_calls') return details;
  const { tool_calls } = details;
  if (!Array.isArray(tool_calls)) return { ...details, tool_calls: tool_calls ?? [] };
  const calls = selectKnown(tool_calls, label, problems).map((call) => toCall(call));
  return { ...details, tool_calls: calls };
}

/** The choice of a tool; `auto` for one that does not exist here. */
export function toToolChoice(choice: unknown, label: string, problems: Problems): unknown {
  if (!isJsonObject(choice)) return choice;
  return selectKnown([choice], `tool_choice of ${label}`, problems)[0] ?? 'auto';
}

/** The resources of tools; those of tools that do not exist here are named. */
export function toToolResources(resources: unknown, label: string, problems: Problems): unknown {
  if (!isJsonObject(resources)) return resources;
  const entries = Object.entries(resources).filter(([name, value]) => {
    if (resourceNames.has(name)) return true;
    const isEmpty = !isJsonObject(value) || Object.keys(value).length === 0;
    if (!isEmpty) problems.add(`tool_resources.${name} of ${label}`, reason);
    return false;
  });
  return Object.fromEntries(entries);
}

/** The resources of an assistant of API version v1, which had the files of all its tools in one list. */
export function withFiles(
  object: Record<string, unknown>,
  label: string,
  problems: Problems,
): unknown {
  const { file_ids, tools, tool_resources } = object;
  const resources = toToolResources(tool_resources, label, problems);
  if (!Array.isArray(file_ids) || file_ids.length === 0) return resources;
  const hasCode =
    Array.isArray(tools) && tools.some((tool) => Object(tool).type === 'code_interpreter');
  if (hasCode) return { ...Object(resources), code_interpreter: { file_ids } };
  problems.add(`file_ids of ${label}`, 'Without code_interpreter they need a vector store.');
  return resources;
}

/** A message's attachments; API version v1 had the ids of files, for every tool. */
export function toAttachments(
  { attachments, file_ids }: Record<string, unknown>,
  label: string,
  problems: Problems,
): unknown {
  if (Array.isArray(attachments) && attachments.length > 0) {
    return attachments.map((attachment: unknown) =>
      isJsonObject(attachment)
        ? { ...attachment, tools: toTools(attachment['tools'], label, problems) }
        : attachment,
    );
  }
  return Array.isArray(file_ids)
    ? file_ids.map((file_id: unknown) => ({ file_id, tools: bothTools }))
    : attachments;
}
