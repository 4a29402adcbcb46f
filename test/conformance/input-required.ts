import {
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  type ElicitRequestFormParams,
  inputRequired,
  type InputRequiredResult,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { text } from './content.ts';

/** Signs what the client sends back with its responses. */
export const requestState = createRequestStateCodec<number>({ key: 'k'.repeat(32) });

type Requests = NonNullable<Parameters<typeof inputRequired>[0]['inputRequests']>;

type Property = ElicitRequestFormParams['requestedSchema']['properties'][string];

const elicit = (message: string, name: string, property: Property = { type: 'string' }) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { [name]: property }, required: [name] },
  });

const sample = (question: string, maxTokens: number) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: text(question) }],
    maxTokens,
  });

const userName = elicit('What is your name?', 'name');

/** What each tool asks the client, round by round; more than one request or round needs a state. */
const rounds: Readonly<Record<string, readonly Requests[]>> = {
  test_input_required_result_elicitation: [{ user_name: userName }],
  test_input_required_result_sampling: [
    { capital_question: sample('What is the capital of France?', 100) },
  ],
  test_input_required_result_list_roots: [{ client_roots: inputRequired.listRoots() }],
  test_input_required_result_request_state: [
    { confirm: elicit('Please confirm', 'ok', { type: 'boolean' }) },
  ],
  test_input_required_result_tampered_state: [
    { confirm: elicit('Please confirm', 'ok', { type: 'boolean' }) },
  ],
  test_input_required_result_multiple_inputs: [
    {
      user_name: userName,
      greeting: sample('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    },
  ],
  test_input_required_result_multi_round: [
    { step1: elicit('Step 1: What is your name?', 'name') },
    { step2: elicit('Step 2: What is your favorite color?', 'color') },
  ],
};

/** The requests of this round that the client has not answered; null after the last round. */
async function nextRequests(
  asked: readonly Requests[],
  context: ServerContext,
): Promise<InputRequiredResult | null> {
  const { mcpReq } = context;
  const round = mcpReq.requestState<number>() ?? 0;
  const requests = asked[round];
  if (requests === undefined) return null;
  const isAnswered = Object.keys(requests).every((name) =>
    Object.hasOwn(mcpReq.inputResponses ?? {}, name),
  );
  const inputRequests = isAnswered ? asked[round + 1] : requests;
  if (inputRequests === undefined) return null;
  const state = await requestState.mint(isAnswered ? round + 1 : round, context);
  return inputRequired({ inputRequests, requestState: state });
}

/** What the client declares in the envelope of a request. */
const clientCapabilities = z
  .looseObject({
    [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({
      sampling: z.unknown().optional(),
      elicitation: z.unknown().optional(),
    }),
  })
  .transform((envelope) => envelope[CLIENT_CAPABILITIES_META_KEY]);

/** A tool that asks only for what the client has declared. */
function addCapabilityTool(server: McpServer): void {
  server.registerTool(
    'test_input_required_result_capabilities',
    { description: 'Asks for what the client can do.', inputSchema: z.object({}) },
    (_args, { mcpReq }) => {
      const { sampling, elicitation } = clientCapabilities.parse(mcpReq.envelope);
      const inputRequests: Requests = {
        ...(sampling !== undefined && { greeting: sample('Generate a greeting', 50) }),
        ...(elicitation !== undefined && { user_name: userName }),
      };
      if (mcpReq.inputResponses !== undefined || Object.keys(inputRequests).length === 0) {
        return { content: [text('Nothing to ask.')] };
      }
      return inputRequired({ inputRequests });
    },
  );
}

/** Tools of the scenario `server-stateless`. */
function addDiagnosticTools(server: McpServer): void {
  const inputSchema = z.object({});
  server.registerTool(
    'test_missing_capability',
    { description: 'Needs sampling.', inputSchema },
    () => inputRequired({ inputRequests: { greeting: sample('Generate a greeting', 50) } }),
  );
  server.registerTool(
    'test_streaming_elicitation',
    { description: 'Asks the user.', inputSchema },
    () => inputRequired({ inputRequests: { user_name: userName } }),
  );
  server.registerTool(
    'test_logging_tool',
    { description: 'Logs.', inputSchema },
    async (_args, { mcpReq }) => {
      await mcpReq.log('info', 'Logged.');
      return { content: [text('Logged.')] };
    },
  );
}

function addPrompt(server: McpServer): void {
  const asked = [{ user_context: elicit('What context should the prompt use?', 'context') }];
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks for its context.' },
    async (context) => {
      const next = await nextRequests(asked, context);
      return next ?? { messages: [{ role: 'user', content: text('With context.') }] };
    },
  );
}

/** The tools and the prompt that ask the client in their results, as the 2026-07-28 protocol has it. */
export function addInputRequired(server: McpServer): void {
  for (const [name, asked] of Object.entries(rounds)) {
    server.registerTool(
      name,
      { description: 'Asks the client.', inputSchema: z.object({}) },
      async (_args, context) =>
        (await nextRequests(asked, context)) ?? { content: [text('state-ok: Hello, Alice!')] },
    );
  }
  addCapabilityTool(server);
  addDiagnosticTools(server);
  addPrompt(server);
}
