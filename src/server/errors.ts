import { noRetryHeaders } from '../engine/http/errors.ts';
import { ApiError } from '../shared/errors.ts';

const keysPage = 'https://platform.openai.com/account/api-keys';
const challenge = { headers: { 'www-authenticate': 'Bearer' } };
/** For a body that is not read to its end. Not after a 413: the client would miss the response. */
const closeConnection = { headers: { connection: 'close' } };

/** The first and last characters, as the hosted API shows them; never the complete key. */
function mask(key: string): string {
  const first = key.slice(0, Math.min(8, key.length / 4));
  const last = key.length < 24 ? '' : key.slice(-4);
  return `${first}${'*'.repeat(20)}${last}`;
}

const allowHeader = (methods: ReadonlySet<string>) => ({
  headers: { allow: [...methods].join(', ') },
});

/** The errors of the HTTP server itself; the row numbers are those of contract §2.2. */
export const serverErrors = {
  malformedRequest: (status: number) =>
    new ApiError(status, 'The server could not parse this HTTP request.', closeConnection),
  badTransferEncoding: () =>
    new ApiError(
      400,
      "Unsupported Transfer-Encoding. Send the body with a Content-Length, or with HTTP/1.1 and 'Transfer-Encoding: chunked' alone.",
      closeConnection,
    ),
  bodyNotAllowed: (method: string) =>
    new ApiError(
      400,
      `A ${method} request to the model endpoint cannot have a body. Remove the body.`,
      closeConnection,
    ),
  unknownHost: (host: string) =>
    new ApiError(
      403,
      `Host '${host}' is not allowed. Add it to --allowed-hosts to use this server by that name.`,
    ),
  disallowedOrigin: (origin: string) =>
    new ApiError(
      403,
      `Origin '${origin}' is not allowed. Add it to --allowed-origins to call this server from its pages.`,
    ),
  otherSite: () =>
    new ApiError(
      403,
      "This server has no token and does not answer pages of other sites or links to it. Set ASSISTANTS_TOKEN, or add the page's origin to --allowed-origins.",
    ),
  /** Row 36. */
  missingKey: () =>
    new ApiError(
      401,
      `You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a username and password. You can obtain an API key from ${keysPage}.`,
      challenge,
    ),
  /** Row 37. */
  incorrectKey: (key: string) =>
    new ApiError(
      401,
      `Incorrect API key provided: ${mask(key)}. You can find your API key at ${keysPage}.`,
      { ...challenge, code: 'invalid_api_key' },
    ),
  /** In place of rows 36 and 37 for MCP, whose clients have no key of OpenAI. */
  mcpTokenRequired: (isWrong: boolean) =>
    new ApiError(
      401,
      `${isWrong ? 'The token of this request is wrong' : 'This MCP server needs a token'}. Add the header 'Authorization: Bearer TOKEN' to this server in your MCP host, where TOKEN is the value of ASSISTANTS_TOKEN on the server.`,
      challenge,
    ),
  methodNotAllowed: (method: string, path: string, allowed: ReadonlySet<string>) =>
    new ApiError(405, `Not allowed to ${method} on ${path}.`, allowHeader(allowed)),
  readOnly: (allowed: ReadonlySet<string>) =>
    new ApiError(405, 'This server is read-only.', allowHeader(allowed)),
  bodyTimedOut: () =>
    new ApiError(408, 'The request body did not arrive in time.', {
      headers: { ...closeConnection.headers, ...noRetryHeaders },
    }),
  bodyIncomplete: () => new ApiError(400, 'The request body is incomplete.', closeConnection),
  bodyTooLarge: (maxBytes: number) =>
    new ApiError(413, `The request body is larger than ${maxBytes / 2 ** 20} MiB.`),
  proxyLoop: () =>
    new ApiError(
      508,
      'OPENAI_BASE_URL points to this server itself. Set it to the model endpoint.',
      { headers: noRetryHeaders },
    ),
} as const;
