import { ApiError } from '../shared/errors.ts';
import { noRetry } from '../engine/http/errors.ts';

const keysPage = 'https://platform.openai.com/account/api-keys';
const challenge = { headers: { 'www-authenticate': 'Bearer' } };
/** The rest of such a body is not read. One that is too large is: whoever is cut off hears nothing. */
const closing = { headers: { connection: 'close' } };
/** As the hosted API did: the first and the last characters, never enough to be the key itself. */
function mask(key: string): string {
  const first = key.slice(0, Math.min(8, key.length / 4));
  const last = key.length < 24 ? '' : key.slice(-4);
  return `${first}${'*'.repeat(20)}${last}`;
}

const inMebibytes = (bytes: number): string => `${bytes / 2 ** 20} MiB`;

/** All that the listener itself answers; the rows are those of contract §2.2. */
export const serverErrors = {
  unreadable: (status: number) =>
    new ApiError(status, 'The server could not read this HTTP request.', closing),
  foreignHost: (host: string) =>
    new ApiError(
      403,
      `Host '${host}' is not served here: name it in --allowed-hosts to have it answered.`,
    ),
  foreignOrigin: (origin: string) =>
    new ApiError(
      403,
      `Web pages of '${origin}' may not call this server: name them in --allowed-origins to let them.`,
    ),
  /** Row 36. */
  noKey: () =>
    new ApiError(
      401,
      `You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a username and password. You can obtain an API key from ${keysPage}.`,
      challenge,
    ),
  /** Row 37. */
  wrongKey: (key: string) =>
    new ApiError(
      401,
      `Incorrect API key provided: ${mask(key)}. You can find your API key at ${keysPage}.`,
      { ...challenge, code: 'invalid_api_key' },
    ),
  wrongMethod: (method: string, path: string, allowed: ReadonlySet<string>) =>
    new ApiError(405, `Not allowed to ${method} on ${path}.`, {
      headers: { allow: [...allowed].join(', ') },
    }),
  tooSlow: () =>
    new ApiError(408, 'The body of this request did not arrive in time.', {
      headers: { ...closing.headers, ...noRetry },
    }),
  cutOff: () => new ApiError(400, 'The body of this request was cut off.', closing),
  tooLarge: (limit: number) =>
    new ApiError(413, `The body of this request is larger than ${inMebibytes(limit)}.`),
  /** For the log and the metrics: there is nobody else to tell. */
  clientClosed: () => new ApiError(499, 'The caller left before the answer came.'),
  loop: () =>
    new ApiError(
      508,
      'OPENAI_BASE_URL names this very server, which would ask itself for ever: have it name the model endpoint.',
      { headers: noRetry },
    ),
} as const;
