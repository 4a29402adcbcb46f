import { expect, test } from 'vitest';
import { createEmbeddings, EmbeddingsError } from '../../../src/engine/models/embeddings.ts';
import { createClock } from '../../support/clock.ts';

interface Body {
  readonly input: readonly string[];
  readonly model: string;
  readonly encoding_format: string;
  readonly dimensions?: number;
}

type Answer = { readonly status?: number; readonly json: unknown };

/** A vector that depends on the text: its length in the first place. */
const vectorOf = (text: string, dimensions = 8): number[] =>
  Array.from({ length: dimensions }, (_, index) => (index === 0 ? text.length : 1));

const unit = (numbers: readonly number[]): Float32Array =>
  Float32Array.from(numbers, (number) => number / Math.hypot(...numbers));

const listOf = (input: readonly string[], dimensions?: number) => ({
  object: 'list',
  data: input.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: vectorOf(text, dimensions),
  })),
});

/** A client of a server that answers with `answer`. */
function client(answer: (body: Body) => Answer) {
  const bodies: Body[] = [];
  const warnings: string[] = [];
  const embeddings = createEmbeddings({
    apiKey: 'sk-secret-0123456789',
    baseURL: 'http://embeddings.test/v1',
    model: 'tiny',
    clock: createClock(),
    log: { warn: (message) => warnings.push(message) },
    fetch: async (input, init) => {
      const request = new Request(input, init);
      expect(new URL(request.url).pathname).toBe('/v1/embeddings');
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the client sends it
      const body = (await request.json()) as Body;
      bodies.push(body);
      const { status = 200, json } = answer(body);
      return Response.json(json, { status });
    },
  });
  const embed = (texts: readonly string[]) =>
    embeddings.embedPassages(texts, new AbortController().signal);
  return { embeddings, embed, bodies, warnings };
}

const refusal = (message: string, status = 400): Answer => ({
  status,
  json: { error: { message, type: 'invalid_request_error' } },
});

test('asks for numbers and 256 dimensions, in batches of at most 64', async () => {
  const { embed, bodies } = client(({ input }) => ({ json: listOf(input, 256) }));
  const texts = Array.from({ length: 130 }, (_, index) => 'x'.repeat(index + 1));
  const vectors = await embed(texts);
  expect(bodies.map(({ input }) => input.length)).toEqual([64, 64, 2]);
  expect(bodies[0]).toMatchObject({ model: 'tiny', encoding_format: 'float', dimensions: 256 });
  expect(vectors[129]).toEqual(unit(vectorOf('x'.repeat(130), 256)));
});

test('a server that refuses dimensions is asked without them from then on', async () => {
  const { embed, bodies } = client(({ input, dimensions }) =>
    dimensions === undefined
      ? { json: listOf(input, 768) }
      : refusal('Model "tiny" does not support matryoshka representation'),
  );
  const [vector] = await embed(['one']);
  await embed(['two']);
  expect(bodies.map(({ dimensions }) => dimensions)).toEqual([256, undefined, undefined]);
  expect(vector).toEqual(unit(vectorOf('one', 768).slice(0, 512)));
});

test('vectors of a server that ignores dimensions are cut to 512 numbers', async () => {
  const { embed } = client(({ input }) => ({ json: listOf(input, 1024) }));
  expect((await embed(['a']))[0]).toHaveLength(512);
});

test('vectors are put into the order of their index', async () => {
  const { embed } = client(({ input }) => {
    const { data } = listOf(input);
    return { json: { data: data.toReversed() } };
  });
  expect(await embed(['a', 'bb'])).toEqual([unit(vectorOf('a')), unit(vectorOf('bb'))]);
});

test('indexes that are all 0 leave the order as it is', async () => {
  const { embed } = client(({ input }) => ({
    json: { data: listOf(input).data.map((item) => ({ ...item, index: 0 })) },
  }));
  expect(await embed(['a', 'bb'])).toEqual([unit(vectorOf('a')), unit(vectorOf('bb'))]);
});

test('reads base64, nested arrays, bare lists and lists of another API', async () => {
  const shapes: ((text: string) => unknown)[] = [
    (text) => ({
      data: [
        { embedding: Buffer.from(new Float32Array(vectorOf(text)).buffer).toString('base64') },
      ],
    }),
    (text) => ({ data: [{ embedding: [vectorOf(text)] }] }),
    (text) => ({ data: [{ embedding: [vectorOf(text), vectorOf(text)] }] }),
    (text) => [{ index: 0, embedding: [vectorOf(text)] }],
    (text) => ({ embeddings: [vectorOf(text)] }),
  ];
  for (const shape of shapes) {
    const { embed } = client(({ input }) => ({ json: shape(input[0] ?? '') }));
    const [vector] = await embed(['text']);
    for (const [index, value] of unit(vectorOf('text')).entries()) {
      expect(vector?.[index]).toBeCloseTo(value, 5);
    }
  }
});

test('a batch that is too large is halved', async () => {
  const { embed, bodies } = client(({ input }) =>
    input.length > 16
      ? refusal('batch size 64 > maximum allowed batch size 16', 422)
      : { json: listOf(input) },
  );
  expect(await embed(Array.from({ length: 40 }, () => 'text'))).toHaveLength(40);
  expect(Math.max(...bodies.slice(-3).map(({ input }) => input.length))).toBeLessThanOrEqual(16);
});

test.each([400, 413, 500])('a text that is too long is shortened, status %d', async (status) => {
  const { embed } = client(({ input }) =>
    input.some((text) => text.length > 2000)
      ? refusal('input (979 tokens) is too large to process', status)
      : { json: listOf(input) },
  );
  const vectors = await embed(['short', 'x'.repeat(7000)]);
  expect(vectors[0]).toEqual(unit(vectorOf('short')));
  expect(vectors[1]).not.toBeNull();
});

test('empty texts are not sent and have no vector; nor have vectors without a direction', async () => {
  const { embed, bodies } = client(({ input }) => ({
    json: { data: input.map((_, index) => ({ index, embedding: [0, 0, 0] })) },
  }));
  expect(await embed(['', ' \n', 'zero'])).toEqual([null, null, null]);
  expect(bodies.map(({ input }) => input)).toEqual([['zero']]);
});

test.each<[string, Answer]>([
  ['no path', refusal('Not Found', 404)],
  ['an unknown model', refusal('model "tiny" not found, try pulling it first')],
  ['a page', { json: '<html>' }],
  ['too few vectors', { json: listOf(['one']) }],
  ['no numbers', { json: { data: [{ embedding: ['a'] }, { embedding: null }] } }],
  ['different lengths', { json: { data: [{ embedding: [1, 2] }, { embedding: [1] }] } }],
])('fails with one sentence and one log entry: %s', async (_name, answer) => {
  const { embed, warnings, bodies } = client(() => answer);
  await expect(embed(['one', 'two'])).rejects.toThrow(EmbeddingsError);
  await expect(embed(['one', 'two'])).rejects.not.toThrow('sk-secret');
  expect(warnings).toHaveLength(1);
  expect(bodies.length).toBeLessThan(20);
});

test('a query has no vectors when the endpoint fails', async () => {
  const { embeddings } = client(() => refusal('Not Found', 404));
  expect(await embeddings.embedQueries(['question'])).toBeNull();
});

test('a query does not wait for an endpoint that hangs', async () => {
  const clock = createClock();
  const warnings: string[] = [];
  const embeddings = createEmbeddings({
    apiKey: null,
    baseURL: 'http://embeddings.test/v1',
    model: 'tiny',
    clock: { now: () => clock.now(), sleep: () => Promise.resolve() },
    log: { warn: (message) => warnings.push(message) },
    fetch: () => new Promise(() => {}),
  });
  expect(await embeddings.embedQueries(['question'])).toBeNull();
  expect(warnings).toEqual(['embedding a query timed out']);
});
