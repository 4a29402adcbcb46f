import { afterEach, describe, expect, test, vi } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

const strangers = {
  OPENAI_API_KEY: 'sk-environment-0123456789',
  OPENAI_ADMIN_KEY: 'sk-admin-0123456789',
  OPENAI_BASE_URL: 'https://environment.example/v1',
  OPENAI_ORG_ID: 'org-environment',
  OPENAI_PROJECT_ID: 'proj-environment',
  OPENAI_LOG: 'debug',
};

function crowdEnvironment(): void {
  for (const [name, value] of Object.entries(strangers)) vi.stubEnv(name, value);
}

/** The requests that a remote client sends. */
function captureRequests(answer: () => Response = () => Response.json({ data: [] })): Request[] {
  const requests: Request[] = [];
  vi.stubGlobal('fetch', async (input: string, init: RequestInit) => {
    requests.push(new Request(input, init));
    return answer();
  });
  return requests;
}

const sentBy = async (options: {
  baseURL: string;
  apiKey: string | null;
  apiVersion: string | null;
}): Promise<Request> => {
  const [request] = await sentAll(options);
  if (request === undefined) throw new Error('nothing was sent');
  return request;
};

async function sentAll(options: Parameters<typeof createClient>[0]): Promise<Request[]> {
  const requests = captureRequests();
  await createClient(options).beta.assistants.list();
  return requests;
}

describe('a remote client', () => {
  test('sends the key as a bearer token, to the base URL as given', async () => {
    const request = await sentBy({
      baseURL: 'https://assistants.example/some/path',
      apiKey: 'sk-own-0123456789',
      apiVersion: null,
    });
    expect(request.url).toBe('https://assistants.example/some/path/assistants');
    expect(request.headers.get('authorization')).toBe('Bearer sk-own-0123456789');
    expect(request.headers.get('api-key')).toBeNull();
    expect(request.headers.get('openai-beta')).toBe('assistants=v2');
  });

  test('sends Azure its version and the key in Azure’s header', async () => {
    const request = await sentBy({
      baseURL: 'https://unit.openai.azure.com/openai',
      apiKey: 'azure-key-0123456789',
      apiVersion: '2024-05-01-preview',
    });
    expect(request.url).toBe(
      'https://unit.openai.azure.com/openai/assistants?api-version=2024-05-01-preview',
    );
    expect(request.headers.get('api-key')).toBe('azure-key-0123456789');
    expect(request.headers.get('authorization')).toBeNull();
  });

  test.each([null, '2024-05-01-preview'])(
    'without a key sends none, version %s',
    async (apiVersion) => {
      const baseURL = 'http://127.0.0.1:4010/v1';
      const request = await sentBy({ baseURL, apiKey: null, apiVersion });
      expect(request.headers.get('authorization')).toBeNull();
      expect(request.headers.get('api-key')).toBeNull();
    },
  );
});

describe('what the environment says to the SDK', () => {
  test('does not reach a remote server', async () => {
    crowdEnvironment();
    const baseURL = 'https://assistants.example/v1';
    const request = await sentBy({ baseURL, apiKey: null, apiVersion: null });
    const headers = JSON.stringify([...request.headers]);
    expect(request.url).toBe('https://assistants.example/v1/assistants');
    expect(headers).not.toMatch(/environment|admin/u);
  });

  test('does not reach the engine', async () => {
    crowdEnvironment();
    const requests: Request[] = [];
    const openai = createClient({
      fetch: async (request) => {
        requests.push(request);
        return Response.json({ data: [] });
      },
    });
    await openai.beta.assistants.list();
    const [request] = requests;
    expect(request?.url).toBe('http://embedded/v1/assistants');
    expect(JSON.stringify([...(request?.headers ?? [])])).not.toMatch(/environment|admin/u);
  });

  test('does not make it print', async () => {
    crowdEnvironment();
    const printed = vi.fn<() => void>();
    const methods = { log: printed, info: printed, debug: printed, warn: printed, error: printed };
    vi.stubGlobal('console', methods);
    const openai = createClient({ fetch: async () => new Response(null, { status: 500 }) });
    await expect(openai.beta.assistants.list()).rejects.toThrow('500');
    expect(printed).not.toHaveBeenCalled();
  });
});

test('the engine is asked once, since asking again changes nothing', async () => {
  let asked = 0;
  const openai = createClient({
    fetch: async () => {
      asked += 1;
      return new Response(null, { status: 500 });
    },
  });
  await expect(openai.beta.assistants.list()).rejects.toThrow('500');
  expect(asked).toBe(1);
});
