import {
  CLIENT_CAPABILITIES_META_KEY,
  type CallToolResult,
  type InputRequiredResult,
  type McpServer,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Clock } from '../shared/clock.ts';
import { fieldOf } from '../shared/json.ts';
import type { TaskKey, TaskReader } from '../tools/run-task.ts';
import type { RunTask } from '../tools/tool.ts';
import { anyParams, shownName } from './any-params.ts';
import { answerRequest, type RequestDeps } from './request-errors.ts';
import { failure, success } from './result.ts';

/** The extension by which a call is answered with a task, which the client then polls (SEP-2663). */
const extension = 'io.modelcontextprotocol/tasks';

export type StartTask = (task: RunTask) => void;

/** What tasks need beside the tools. */
export interface TaskOffer extends RequestDeps {
  readonly clock: Clock;
  /** Loads the code that reads tasks; called for each request. */
  readonly load: () => Promise<TaskReader>;
}

/** Calls a listed tool; with `startTask` it may start a task, and its result is then void. */
export type CallTool = (
  name: string,
  args: unknown,
  context: ServerContext,
  startTask: StartTask | null,
) => Promise<CallToolResult | InputRequiredResult>;

/** Every request says what its client can do. */
function acceptsTasks({ mcpReq }: ServerContext): boolean {
  const capabilities = fieldOf(mcpReq.envelope, CLIENT_CAPABILITIES_META_KEY);
  const declared = fieldOf(fieldOf(capabilities, 'extensions'), extension);
  return typeof declared === 'object' && declared !== null;
}

function requireTasks(context: ServerContext): void {
  if (acceptsTasks(context)) return;
  throw new MissingRequiredClientCapabilityError(
    { requiredCapabilities: { extensions: { [extension]: {} } } },
    `The request does not declare the client capability ${extension}.`,
  );
}

/** Answers calls with tasks: the SDK itself would refuse the task of a tool with an output schema. */
function registerCalls({ server }: McpServer, names: readonly string[], callTool: CallTool): void {
  server.setRequestHandler('tools/call', { params: anyParams }, async (params, context) => {
    const requested = fieldOf(params, 'name');
    const name = names.find((each) => each === requested);
    if (name === undefined) {
      // In the SDK's words.
      const shown = typeof requested === 'string' ? requested : shownName(requested);
      const message = `Tool ${shown} not found`;
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    const args = fieldOf(params, 'arguments') ?? {};
    const started: RunTask[] = [];
    const startTask = acceptsTasks(context) ? (task: RunTask) => void started.push(task) : null;
    const result = await callTool(name, args, context, startTask);
    const [task] = started;
    return task === undefined ? result : { resultType: 'task', ...task };
  });
}

/** The result of the call, as the tool would have returned it. */
function toCallResult(
  object: object,
  { threadId, runId }: TaskKey,
  { toolName, secrets }: TaskOffer,
): CallToolResult {
  const call = { name: `${toolName('get_run')}`, args: { thread_id: threadId, run_id: runId } };
  try {
    return success(object, { images: [], isUntrusted: true, call });
  } catch (error) {
    return failure(error, { advice: null, secrets });
  }
}

/** Registers `tasks/get`, `tasks/cancel` and `tasks/update`. */
function registerMethods({ server }: McpServer, offer: TaskOffer): void {
  const { clock, toolName } = offer;
  const register = (
    method: string,
    answer: (
      reader: TaskReader,
      task: { readonly taskId: string; readonly key: TaskKey },
      context: Parameters<TaskReader['readTask']>[2],
    ) => Promise<object>,
  ): void =>
    server.setRequestHandler(method, { params: anyParams }, async (params, context) => {
      requireTasks(context);
      const reader = await offer.load();
      const taskId = fieldOf(params, 'taskId');
      const key = typeof taskId === 'string' ? reader.parseTaskId(taskId) : null;
      if (typeof taskId !== 'string' || key === null) {
        const message = `No task has the id ${shownName(taskId)}.`;
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
      }
      const args = { thread_id: key.threadId, run_id: key.runId };
      const { signal } = context.mcpReq;
      const answered = await answerRequest(offer, { context, args }, (openai) =>
        answer(reader, { taskId, key }, { openai, clock, toolName, signal }),
      );
      return { resultType: 'complete', ...answered };
    });
  register('tasks/get', async ({ readTask }, { taskId, key }, context) => {
    const { task, result } = await readTask(taskId, key, context);
    if (result === null) return task;
    return { ...task, result: { resultType: 'complete', ...toCallResult(result, key, offer) } };
  });
  register('tasks/cancel', async ({ cancelTask }, { key }, context) => {
    if (toolName('cancel_run') === null) {
      const message = 'The task goes on: this server does not offer to cancel runs.';
      throw new ProtocolError(ProtocolErrorCode.InvalidRequest, message);
    }
    await cancelTask(key, context);
    return {};
  });
  // No task ever asks for input, so there is nothing to update.
  register('tasks/update', async ({ readTask }, { taskId, key }, context) => {
    await readTask(taskId, key, context);
    return {};
  });
}

/** Declares the extension, answers calls with tasks and serves the requests of the extension. */
export function registerTasks(
  server: McpServer,
  offer: TaskOffer,
  { names, callTool }: { readonly names: readonly string[]; readonly callTool: CallTool },
): void {
  server.server.registerCapabilities({ extensions: { [extension]: {} } });
  registerCalls(server, names, callTool);
  registerMethods(server, offer);
}
