import type OpenAI from 'openai';
import { parseJson } from '../src/shared/json.ts';
import { listedDescription, serverInstructions } from '../src/tools/instructions.ts';
import { toolList } from '../src/tools/tool-list.ts';
import type { ModelCall } from './score.ts';

const names = new Set(toolList.default.map(({ name }) => name));
const toolName = (operation: string) => (names.has(operation) ? operation : null);

/** The tools as hosts show them to a model. */
const tools = toolList.default.map(({ name, description, inputSchema }) => ({
  type: 'function' as const,
  function: {
    name,
    description: listedDescription(description, toolName),
    parameters: inputSchema,
  },
}));

/** The calls that a model makes for a task, with the server's instructions and all tools. */
export async function askModel(
  openai: OpenAI,
  model: string,
  words: string,
): Promise<readonly ModelCall[]> {
  const { choices } = await openai.chat.completions.create({
    model,
    tools,
    messages: [
      { role: 'system', content: serverInstructions(toolName) },
      { role: 'user', content: words },
    ],
  });
  return (choices[0]?.message.tool_calls ?? []).flatMap((call) =>
    call.type === 'function'
      ? [{ tool: call.function.name, args: parseJson(call.function.arguments) }]
      : [],
  );
}
