import { afterEach, describe, expect, test, vi } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

const sdkVariables = {
  OPENAI_API_KEY: 'sk-environment-0123456789',
  OPENAI_ADMIN_KEY: 'sk-admin-0123456789',
  OPENAI_BASE_URL: 'https://environment.example/v1',
  OPENAI_ORG_ID: 'org-environment',
  OPENAI_PROJECT_ID: 'proj-environment',
  OPENAI_LOG: 'debug',
};

function setSdkVariables(): void {
  for (const [name, value] of Object.entries(sdkVariables)) vi.stubEnv(name, value);
}

/** Replaces the global `fetch`; returns the list of the requests it gets. */
function captureRequests(): Request[] {
  const requests: Request[] = [];
  vi.stubGlobal('fetch', async (input: string, init: RequestInit) => {
    requests.push(new Request(input, init));
    return Response.json({ data: [] });
  });
  return requests;
}

/** The request that a client with these options sends. */
async function requestOf(options: Parameters<typeof createClient>[0]): Promise<Request> {
  const requests = captureRequests();
  await createClient(options).beta.assistants.list();
  const [request] = requests;
  if (request === undefined) throw new Error('the client sent no request');
  return request;
}

describe('a remote client', () => {
  test('sends the key as a bearer token and appends nothing to the base URL', async () => {
    const request = await requestOf({
      baseURL: 'https://assistants.example/some/path',
      apiKey: 'sk-own-0123456789',
      apiVersion: null,
    });
    expect(request.url).toBe('https://assistants.example/some/path/assistants');
    expect(request.headers.get('authorization')).toBe('Bearer sk-own-0123456789');
    expect(request.headers.get('api-key')).toBeNull();
    expect(request.headers.get('openai-beta')).toBe('assistants=v2');
  });

  test('sends the API version and the `api-key` header to Azure', async () => {
    const request = await requestOf({
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
    'sends no key header without a key, with API version %s',
    async (apiVersion) => {
      const baseURL = 'http://127.0.0.1:4010/v1';
      const request = await requestOf({ baseURL, apiKey: null, apiVersion });
      expect(request.headers.get('authorization')).toBeNull();
      expect(request.headers.get('api-key')).toBeNull();
    },
  );
});

describe('environment variables of the SDK', () => {
  test('do not change requests to a remote server', async () => {
    setSdkVariables();
    const baseURL = 'https://assistants.example/v1';
    const request = await requestOf({ baseURL, apiKey: null, apiVersion: null });
    const headers = JSON.stringify([...request.headers]);
    expect(request.url).toBe('https://assistants.example/v1/assistants');
    expect(headers).not.toMatch(/environment|admin/u);
  });

  test('do not change requests to the engine', async () => {
    setSdkVariables();
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

  test('do not make the SDK print', async () => {
    setSdkVariables();
    const printed = vi.fn<() => void>();
    const methods = { log: printed, info: printed, debug: printed, warn: printed, error: printed };
    vi.stubGlobal('console', methods);
    const openai = createClient({ fetch: async () => new Response(null, { status: 500 }) });
    await expect(openai.beta.assistants.list()).rejects.toThrow('500');
    expect(printed).not.toHaveBeenCalled();
  });
});

test('requests to the engine are not retried', async () => {
  let calls = 0;
  const openai = createClient({
    fetch: async () => {
      calls += 1;
      return new Response(null, { status: 500 });
    },
  });
  await expect(openai.beta.assistants.list()).rejects.toThrow('500');
  expect(calls).toBe(1);
});
