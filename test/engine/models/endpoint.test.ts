import { afterEach, expect, test, vi } from 'vitest';
import { createEndpointClient } from '../../../src/engine/models/endpoint.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test('the SDK client ignores OPENAI_* variables in the environment', async () => {
  for (const name of ['OPENAI_ORG_ID', 'OPENAI_PROJECT_ID', 'OPENAI_ADMIN_KEY']) {
    vi.stubEnv(name, 'environment');
  }
  const sent: Request[] = [];
  const fetch = async (...input: ConstructorParameters<typeof Request>) => {
    sent.push(new Request(...input));
    return Response.json({ object: 'list', data: [] });
  };
  const client = createEndpointClient({ apiKey: 'sk-own', baseURL: null, fetch }, 1000);
  await client.files.list();
  const headers = [...(sent[0]?.headers ?? [])];
  expect(headers).toContainEqual(['authorization', 'Bearer sk-own']);
  expect(headers.filter(([, value]) => value.includes('environment'))).toEqual([]);
});
