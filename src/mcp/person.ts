import {
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  type InputRequiredResult,
  inputResponse,
  type McpServer,
  METHOD_NOT_FOUND,
  ProtocolError,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Clock } from '../shared/clock.ts';
import { ApiError, errorMessage } from '../shared/errors.ts';
import { fieldOf, isJsonObject } from '../shared/json.ts';
import { nodeCrypto } from '../shared/node-crypto.ts';
import { cutText } from '../shared/text.ts';
import type { Form, Person, PersonAnswer, RunIds, Subject } from '../tools/person.ts';
import { anyParams } from './any-params.ts';

/** How long the person may take. */
const answerTimeoutMs = 600_000;

/** Clients give up calls that report no progress. */
const reminderMs = 15_000;

/** Forms in one call; the SDK's client follows ten. */
const maxRounds = 8;

/** In characters, of what a host says when it cannot show a form. */
const maxReasonLength = 200;

/** Shorter keys could be guessed from what they sign. */
const minKeyLength = 32;

/** What a client of 2026-07-28 sends back with the answer, signed. */
interface RoundState {
  /** The call that asked; an answer to one call is not taken for another. */
  readonly call: string;
  readonly subject: Subject;
  readonly round: number;
}

const sha256 = (text: string) => nodeCrypto().createHash('sha256').update(text);

export type RoundCodec = RequestStateCodec<RoundState>;

/**
 * Signs what clients send back. Processes with the same API key accept each other's states: the answer
 * may reach another one.
 */
export function createRoundCodec(apiKey: string | null): RoundCodec {
  let codec: RoundCodec | undefined;
  const loaded = () =>
    (codec ??= createRequestStateCodec({
      key:
        apiKey === null || apiKey.length < minKeyLength
          ? nodeCrypto().randomBytes(32)
          : sha256(`request state ${apiKey}`).digest(),
      ttlSeconds: answerTimeoutMs / 1000,
    }));
  return {
    mint: (state, context) => loaded().mint(state, context),
    verify: (text, context) => loaded().verify(text, context),
  };
}

/** Ends a round: the client asks the person and makes the call again. */
class FormRequired extends Error {
  readonly form: Form;
  readonly state: RoundState;
  constructor(form: Form, state: RoundState) {
    super('the client has to ask the person');
    this.form = form;
    this.state = state;
  }
}

/** The answer's key among the responses of a client. */
const responseKey = 'answer';

const toRequest = ({ message, fields }: Form) => ({
  message,
  requestedSchema: {
    type: 'object' as const,
    properties: Object.fromEntries(
      fields.map(({ name, ...field }) => [
        name,
        { type: 'string' as const, minLength: 1, ...field },
      ]),
    ),
    ...(fields.length > 0 && { required: fields.map(({ name }) => name) }),
  },
});

/** The result that asks a client of 2026-07-28; null for any other error. */
export async function toInputRequired(
  error: unknown,
  codec: RoundCodec,
): Promise<InputRequiredResult | null> {
  if (!(error instanceof FormRequired)) return null;
  return inputRequired({
    inputRequests: { [responseKey]: inputRequired.elicit(toRequest(error.form)) },
    requestState: await codec.mint(error.state),
  });
}

/** Reads an answer liberally: `content` may be missing, null or have numbers. */
function readAnswer(responses: Readonly<Record<string, unknown>>): PersonAnswer | null {
  const response = inputResponse(responses, responseKey);
  if (response.kind !== 'elicit') return null;
  if (response.action !== 'accept') return { action: response.action };
  const entries = Object.entries(response.content ?? {});
  const texts = entries.flatMap(([name, value]): [string, string][] =>
    ['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value)]] : [],
  );
  return { action: 'accept', texts: new Map(texts) };
}

/** JSON with the fields of each object in one order. */
const stableJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isJsonObject(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

const hashCall = (name: string, args: object): string =>
  sha256(`${name} ${stableJson(args)}`).digest('base64url');

/** A call of a tool, and what asking the person in it needs. */
export interface PersonDeps {
  readonly name: string;
  readonly args: object;
  readonly clock: Clock;
  readonly closing: AbortSignal;
  readonly progress: ((message: string) => Promise<void>) | null;
  readonly functions: ReadonlySet<string>;
}

/** Resolves when the person has taken too long, or the signal aborts. */
async function waitForPerson({ clock, progress }: PersonDeps, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; waitedMs < answerTimeoutMs && !signal.aborted; waitedMs += reminderMs) {
    await progress?.('Waiting for the answer of the person.');
    await clock.sleep(reminderMs, signal);
  }
}

const unanswered = (reason: string): PersonAnswer => ({ action: 'failed', reason });

function toFailure(error: unknown): PersonAnswer {
  const isUnknown = error instanceof ProtocolError && error.code === METHOD_NOT_FOUND;
  if (isUnknown) return { action: 'unavailable' };
  const reason = cutText(errorMessage(error), maxReasonLength);
  return { action: 'failed', reason: `The host could not ask the person: ${reason}.` };
}

/** Asks by a request to the client, as in protocol 2025. */
async function askClient(
  form: Form,
  { mcpReq }: ServerContext,
  deps: PersonDeps,
): Promise<PersonAnswer> {
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, mcpReq.signal, deps.closing]);
  const request = { method: 'elicitation/create', params: toRequest(form) };
  const asked: Promise<PersonAnswer> = mcpReq
    .send(request, anyParams, { signal, timeout: 2 * answerTimeoutMs })
    .then(
      (result) =>
        readAnswer({ [responseKey]: result }) ?? toFailure('its answer has no valid action'),
      toFailure,
    );
  const late = waitForPerson(deps, signal).then(() => null);
  const answer = await Promise.race([asked, late]);
  // Closes the form of a person who is late.
  done.abort();
  if (mcpReq.signal.aborted) return unanswered('The call ended before the person answered.');
  if (answer?.action !== 'failed' && answer !== null) return answer;
  if (deps.closing.aborted) return unanswered('The server shut down before the person answered.');
  const minutes = answerTimeoutMs / 60_000;
  return answer ?? unanswered(`The person did not answer within ${minutes} minutes.`);
}

/** Whether the client can show a form: a declaration without modes means forms. */
function declaresForms(elicitation: unknown): boolean {
  if (!isJsonObject(elicitation)) return false;
  return 'form' in elicitation || !('url' in elicitation);
}

/** Asks by a request, and in one call at most `maxRounds` times. */
function personByRequest(context: ServerContext, deps: PersonDeps): Person {
  let rounds = 0;
  return {
    functions: deps.functions,
    pendingRun: null,
    async ask(_, createForm) {
      rounds += 1;
      if (rounds > maxRounds) return { action: 'failed', reason: 'The call has asked too often.' };
      return askClient(await createForm(), context, deps);
    },
  };
}

/** Asks by ending the call, which the client makes again with the answer, as in protocol 2026-07-28. */
function personByRounds({ mcpReq }: ServerContext, { name, args, functions }: PersonDeps): Person {
  const callHash = () => hashCall(name, args);
  const state = mcpReq.requestState<RoundState>() ?? null;
  if (state !== null && state.call !== callHash()) {
    const message = 'The answer of the person belongs to another call. Nothing was done.';
    throw new ApiError(null, message, { code: 'invalid_request_state' });
  }
  const round = (state?.round ?? 0) + 1;
  let answer = state === null ? null : readAnswer(mcpReq.inputResponses ?? {});
  const pendingRun: RunIds | null = state?.subject.run ?? null;
  return {
    functions,
    pendingRun,
    async ask(subject, createForm) {
      const given = subject.key === state?.subject.key ? answer : null;
      answer = null;
      if (given !== null) return given;
      if (round > maxRounds) return { action: 'failed', reason: 'The call has asked too often.' };
      throw new FormRequired(await createForm(), { call: callHash(), subject, round });
    },
  };
}

/** The person of a call; null when the client cannot show a form. Throws for an answer to another call. */
export function createPerson(
  server: McpServer,
  context: ServerContext,
  deps: PersonDeps,
): Person | null {
  const { envelope } = context.mcpReq;
  if (envelope === undefined) {
    // Over HTTP, a client of 2025 declares nothing that is known in its calls.
    const declared = server.server.getClientCapabilities()?.elicitation;
    return declaresForms(declared) ? personByRequest(context, deps) : null;
  }
  const declared = fieldOf(fieldOf(envelope, CLIENT_CAPABILITIES_META_KEY), 'elicitation');
  return declaresForms(declared) ? personByRounds(context, deps) : null;
}
