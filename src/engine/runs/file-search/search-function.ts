import type OpenAI from 'openai';
import { parseJson, fieldOf } from '../../../shared/json.ts';
import type { ContextMessage, ModelRequest } from '../../models/model.ts';
import { functionsOf } from '../../models/past-turns.ts';
import type { RunSettings } from '../../store/schema.ts';

type FunctionTool = Extract<OpenAI.Beta.AssistantTool, { type: 'function' }>;
type SearchTool = OpenAI.Beta.FileSearchTool;

export const isSearchTool = (tool: OpenAI.Beta.AssistantTool): tool is SearchTool =>
  tool.type === 'file_search';

const baseName = 'file_search';

/** The name of the function that the engine answers: no function of the run has it. */
export function searchFunctionName(request: ModelRequest): string {
  const names = functionsOf(request);
  let name = baseName;
  for (let count = 2; names.has(name); count += 1) name = `${baseName}_${count}`;
  return name;
}

const searchFunction = (name: string): FunctionTool => ({
  type: 'function',
  function: {
    name,
    description:
      'Searches the files of this conversation and of the assistant, and returns passages with marks to cite. Call it before you answer whenever the files may have the answer, also when you think that you know it. Write the query in the language of the files, with the words that the passage may have.',
    parameters: {
      type: 'object',
      properties: { query: { type: 'string', description: 'What to look for' } },
      required: ['query'],
    },
    strict: false,
  },
});

function toToolChoice(
  { tool_choice }: RunSettings,
  name: string | null,
): RunSettings['tool_choice'] {
  const isSearch = typeof tool_choice === 'object' && tool_choice.type === 'file_search';
  if (!isSearch) return tool_choice;
  return name === null ? 'auto' : { type: 'function', function: { name } };
}

/** Removes the marks of earlier runs, which the model would take for marks of this one. */
const withoutCitations = (message: ContextMessage): ContextMessage =>
  message.role === 'user'
    ? message
    : {
        ...message,
        content: message.content.map((part) => {
          if (part.type !== 'text') return part;
          const marks = part.text.annotations.filter(({ type }) => type === 'file_citation');
          const value = marks
            .toSorted((one, other) => other.start_index - one.start_index)
            .reduce(
              (text, { text: mark, start_index, end_index }) =>
                text.slice(start_index, end_index) === mark && mark !== ''
                  ? text.slice(0, start_index) + text.slice(end_index)
                  : text,
              part.text.value,
            );
          return { ...part, text: { value, annotations: [] } };
        }),
      };

/**
 * The request with a function in the place of the file_search tool. `name` is that of the function;
 * null: there is nothing to search, so the model is offered no search.
 */
export function withSearchFunction(request: ModelRequest, name: string | null): ModelRequest {
  const { settings, messages } = request;
  const isOffered = name !== null && settings.tool_choice !== 'none';
  const others = settings.tools.filter((tool) => !isSearchTool(tool));
  return {
    ...request,
    messages: messages.map(withoutCitations),
    settings: {
      ...settings,
      tools: isOffered ? [...others, searchFunction(name)] : others,
      tool_choice: toToolChoice(settings, isOffered ? name : null),
    },
    ...(isOffered && { searchFunction: name }),
  };
}

/** In characters; search engines refuse longer queries. */
const maxQueryLength = 4000;
const maxQueries = 4;

const textsOf = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
};

/** The queries in a call's arguments, however the model names them; none if there are none. */
export function readQueries(args: string): string[] {
  const value = parseJson(args);
  const named = ['query', 'queries', 'q', 'search_query', 'question', 'text', 'input']
    .map((name) => textsOf(fieldOf(value, name)))
    .find((texts) => texts.length > 0);
  const texts =
    named ??
    (typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsOf)
      : textsOf(value));
  const queries = texts
    .map((text) => text.toWellFormed().trim().slice(0, maxQueryLength).toWellFormed())
    .filter((text) => text !== '');
  return [...new Set(queries)].slice(0, maxQueries);
}
