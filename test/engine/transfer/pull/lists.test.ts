import { describe, expect, test } from 'vitest';
import { apiPage, pullFrom, startHost } from '../../../support/assistants-host.ts';
import { messageStep, question, thread } from '../../../support/examples.ts';
import { errorResponse } from '../../../support/fake-assistants-server.ts';
import { idsOf, messageIds, threadData } from '../../../support/thread-data.ts';

/* How servers with the Assistants API page through their lists. */

/** Ignores the order that a request asks for. */
const newestFirst = (items: readonly unknown[], query: URLSearchParams) => {
  const descending = new URLSearchParams(query);
  descending.set('order', 'desc');
  return apiPage(items, descending);
};

describe('a list is read completely and in its order', () => {
  test.each([0, 1, 99, 100, 101, 250])('with %i messages, as the API sends it', async (count) => {
    const host = await startHost(threadData(count));
    const { code, exported } = await pullFrom(host.url);
    expect([code, idsOf(await exported(), 'thread.message')]).toEqual([0, messageIds(count)]);
  });

  test.each([
    [
      'as a bare list',
      (items: readonly unknown[], query: URLSearchParams) => apiPage(items, query).data,
    ],
    [
      'without has_more and last_id',
      (items: readonly unknown[], query: URLSearchParams) => ({ data: apiPage(items, query).data }),
    ],
    [
      'with has_more false on every page (Astra)',
      (items: readonly unknown[], query: URLSearchParams) => ({
        ...apiPage(items, query),
        object: 'runs',
        first_id: 'none',
        last_id: 'none',
        has_more: false,
      }),
    ],
    [
      'with has_more true on the last page (OpenOpenAI)',
      (items: readonly unknown[], query: URLSearchParams) => ({
        ...apiPage(items, query),
        has_more: apiPage(items, query).data.length > 0,
      }),
    ],
    ['newest first, whatever the request says', newestFirst],
    [
      'in pages of twenty, whatever the request says',
      (items: readonly unknown[], query: URLSearchParams) => {
        const short = new URLSearchParams(query);
        short.set('limit', '20');
        return apiPage(items, short);
      },
    ],
    [
      'in one page, without paging (hal-9100)',
      (items: readonly unknown[]) => ({ object: 'list', data: items, has_more: false }),
    ],
    [
      'under `value` (Azure)',
      (items: readonly unknown[], query: URLSearchParams) => ({
        value: apiPage(items, query).data,
      }),
    ],
    [
      'or refused with a page size and an order',
      (items: readonly unknown[], query: URLSearchParams) =>
        query.has('limit')
          ? errorResponse(422, 'limit: extra field')
          : apiPage(items, new URLSearchParams({ order: 'asc', ...Object.fromEntries(query) })),
    ],
  ])('%s', async (_, list) => {
    const host = await startHost(threadData(250), { list });
    const { code, lines, exported } = await pullFrom(host.url);
    const objects = await exported();
    expect([code, lines.filter((line) => line.startsWith('- '))]).toEqual([0, []]);
    expect(idsOf(objects, 'thread.message')).toEqual(messageIds(250));
    expect(idsOf(objects, 'thread.run.step')).toEqual([messageStep.id]);
  });
});

test.each([
  ['newest first, whatever it is asked for', newestFirst],
  ['as it is asked to', apiPage],
])('messages of one second keep their order if the server sends lists %s', async (_, list) => {
  const messages = ['msg_1', 'msg_2', 'msg_3'].map((id) => ({ ...question, id }));
  const host = await startHost(
    { threads: [thread], messages: { [thread.id]: messages } },
    { list },
  );
  const { code, exported } = await pullFrom(host.url);
  const ids = idsOf(await exported(), 'thread.message');
  expect([code, ids]).toEqual([0, ['msg_1', 'msg_2', 'msg_3']]);
});

const firstPage = (items: readonly unknown[], query: URLSearchParams) => {
  const first = new URLSearchParams(query);
  first.delete('after');
  return apiPage(items, first);
};

const bareFirstPage = (items: readonly unknown[], query: URLSearchParams) =>
  firstPage(items, query).data;

const circle = (items: readonly unknown[], query: URLSearchParams) => {
  const page = apiPage(items, query);
  return page.data.length === 0 || !page.has_more
    ? { ...apiPage(items, new URLSearchParams({ limit: '100', order: 'asc' })), has_more: true }
    : page;
};

describe('a server that repeats its pages', () => {
  test('is reported, because more may follow', async () => {
    const host = await startHost(threadData(250), { list: firstPage });
    const { code, lines, exported } = await pullFrom(host.url);
    expect([code, lines.at(-1)]).toEqual([
      1,
      `- messages of ${thread.id}: The server sends the same page again and again; objects may be missing.`,
    ]);
    expect(idsOf(await exported(), 'thread.message')).toEqual(messageIds(100));
  });

  test('is no problem if its pages are short and do not promise more (LocalAI)', async () => {
    const host = await startHost(threadData(30), { list: bareFirstPage });
    const { code, exported } = await pullFrom(host.url);
    expect([code, idsOf(await exported(), 'thread.message')]).toEqual([0, messageIds(30)]);
  });

  test('in a circle of several pages ends too', async () => {
    const host = await startHost(threadData(250), { list: circle });
    const { code } = await pullFrom(host.url);
    expect([code, host.requests.length < 20]).toEqual([1, true]);
  });
});
