interface Facts {
  readonly code?: string;
  /** Header → value, beside those of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request turned away at the door; its sentence is for the caller. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, { code, headers = {} }: Facts = {}) {
    super(message);
    this.status = status;
    this.code = code ?? null;
    this.headers = headers;
  }

  /** The API's envelope (contract §2.1), all four keys always. */
  toJSON() {
    const type = this.status < 500 ? 'invalid_request_error' : 'server_error';
    return { error: { message: this.message, type, param: null, code: this.code } };
  }
}

const keysPage = 'https://platform.openai.com/account/api-keys';
const challenge = { headers: { 'www-authenticate': 'Bearer' } };
/** The rest of such a body is not read. One that is too large is: whoever is cut off hears nothing. */
const closing = { headers: { connection: 'close' } };
/** The SDKs would else ask again and again. */
const final = { 'x-should-retry': 'false' };

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
    new Refusal(status, 'The server could not read this HTTP request.', closing),
  foreignHost: (host: string) =>
    new Refusal(
      403,
      `Host '${host}' is not served here: name it in --allowed-hosts to have it answered.`,
    ),
  foreignOrigin: (origin: string) =>
    new Refusal(
      403,
      `Web pages of '${origin}' may not call this server: name them in --allowed-origins to let them.`,
    ),
  /** Row 36. */
  noKey: () =>
    new Refusal(
      401,
      `You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the API from your browser and are prompted for a username and password. You can obtain an API key from ${keysPage}.`,
      challenge,
    ),
  /** Row 37. */
  wrongKey: (key: string) =>
    new Refusal(
      401,
      `Incorrect API key provided: ${mask(key)}. You can find your API key at ${keysPage}.`,
      { ...challenge, code: 'invalid_api_key' },
    ),
  /** Row 40. */
  unknownUrl: (method: string, path: string) => new Refusal(404, `Invalid URL (${method} ${path})`),
  noFile: (id: string) => new Refusal(404, `No such File object: ${id}`),
  wrongMethod: (method: string, path: string, allowed: ReadonlySet<string>) =>
    new Refusal(405, `Not allowed to ${method} on ${path}.`, {
      headers: { allow: [...allowed].join(', ') },
    }),
  tooSlow: () =>
    new Refusal(408, 'The body of this request did not arrive in time.', {
      headers: { ...closing.headers, ...final },
    }),
  cutOff: () => new Refusal(400, 'The body of this request was cut off.', closing),
  tooLarge: (limit: number) =>
    new Refusal(413, `The body of this request is larger than ${inMebibytes(limit)}.`),
  /** For the log and the metrics: there is nobody else to tell. */
  clientClosed: () => new Refusal(499, 'The caller left before the answer came.'),
  /** Row 38. */
  fault: () =>
    new Refusal(500, 'The server had an error processing your request. Sorry about that!'),
  unsupportedEndpoint: (method: string, path: string, reason: string) =>
    new Refusal(501, `${method} ${path} is not supported here: ${reason}`, {
      code: 'unsupported_endpoint',
      headers: final,
    }),
  unreachable: (reason: string) =>
    new Refusal(502, `The model endpoint could not be reached: ${reason}.`),
  loop: () =>
    new Refusal(
      508,
      'OPENAI_BASE_URL names this very server, which would ask itself for ever: have it name the model endpoint.',
      { headers: final },
    ),
} as const;
