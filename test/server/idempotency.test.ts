import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { type RunningServe, sdkFor, startServe, writeRaw } from '../support/serve.ts';

/* Idempotency-Keys through sockets: by REST and by MCP over HTTP. */

const key = 'key-1';
const result = z.looseObject({
  isError: z.boolean().optional(),
  content: z.tuple([z.object({ text: z.string() })]),
  structuredContent: z.looseObject({ id: z.string() }).optional(),
});

async function threadIds(served: RunningServe): Promise<string[]> {
  const response = await fetch(`${served.url}/v1/threads`);
  const { data } = z
    .object({ data: z.array(z.object({ id: z.string() })) })
    .parse(await response.json());
  return data.map(({ id }) => id);
}

/** Creates a thread as the first call of a new MCP client, with the same request id as any other. */
async function createThreadByMcp(
  { url }: RunningServe,
  mode: 'legacy' | 'auto',
  headers: Record<string, string>,
  args: object = {},
) {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers },
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return result.parse(await client.callTool({ name: 'create_thread', arguments: { ...args } }));
}

test('the SDK repeats a request with the header, and other requests are not touched', async () => {
  const served = await startServe();
  const openai = sdkFor(served);
  const options = { headers: { 'Idempotency-Key': key } };
  const first = await openai.beta.threads.create({}, options).withResponse();
  const second = await openai.beta.threads.create({}, options).withResponse();
  expect(second.data).toEqual(first.data);
  expect(first.response.headers.get('idempotent-replayed')).toBeNull();
  expect(second.response.headers.get('idempotent-replayed')).toBe('true');
  await expect(openai.beta.threads.create({ metadata: { a: 'b' } }, options)).rejects.toMatchObject(
    {
      status: 409,
      code: 'idempotency_key_reused',
    },
  );
  expect(await threadIds(served)).toEqual([first.data.id]);
});

test('an empty key is a 400', async () => {
  const served = await startServe();
  const head = ['POST /v1/threads HTTP/1.1', 'Host: localhost', 'Content-Length: 0'];
  const { status, body } = await writeRaw(served, [...head, 'Idempotency-Key:']);
  expect(status).toBe(400);
  expect(body).toContain('The header Idempotency-Key must have between 1 and 255 characters.');
});

test.each(['legacy', 'auto'] as const)(
  'a tool call over HTTP, in mode %s, is made once for each Idempotency-Key',
  async (mode) => {
    const served = await startServe();
    const headers = { 'Idempotency-Key': key };
    const first = await createThreadByMcp(served, mode, headers);
    const second = await createThreadByMcp(served, mode, headers);
    expect(second.structuredContent).toEqual(first.structuredContent);
    const other = await createThreadByMcp(served, mode, headers, { metadata: { a: 'b' } });
    expect(other.isError).toBe(true);
    expect(other.content[0].text).toContain(
      'HTTP 409: The Idempotency-Key of this request was used',
    );
    expect(await threadIds(served)).toEqual([first.structuredContent?.id]);
  },
);

test.each(['legacy', 'auto'] as const)(
  'tool calls of two clients, in mode %s, with the same id and arguments are two calls',
  async (mode) => {
    const served = await startServe();
    const { structuredContent: first } = await createThreadByMcp(served, mode, {});
    const { structuredContent: second } = await createThreadByMcp(served, mode, {});
    expect(await threadIds(served)).toEqual([second?.id, first?.id]);
  },
);
