import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pullFrom, startHost } from '../support/assistants-host.ts';
import { thread } from '../support/examples.ts';
import { temporary } from '../support/temporary-files.ts';
import { createStore } from '../support/transfer.ts';

const threads = ['thread_a', 'thread_b', 'thread_c'].map((id) => ({ ...thread, id }));

const idsFile = (content: string) => {
  const path = join(dirname(temporary()), 'ids.txt');
  writeFileSync(path, content);
  return path;
};

describe('--threads', () => {
  test.each(['', '@'])('takes a file of ids, marked by "%s"', async (mark) => {
    const path = idsFile('\uFEFF# customers\r\nthread_b\r\n\r\n  thread_a  # VIP\nthread_b\n');
    const host = await startHost({ threads });
    const { code, exported } = await pullFrom(host.url, { threads: [`${mark}${path}`] });
    expect([code, (await exported()).map(({ id }) => id)]).toEqual([0, ['thread_b', 'thread_a']]);
  });

  test('names each thread that does not exist', async () => {
    const host = await startHost({ threads });
    const { code, lines, exported } = await pullFrom(host.url, {
      threads: ['thread_x', 'thread_c'],
    });
    expect([code, lines.slice(1), (await exported()).length]).toEqual([
      1,
      ['Not imported:', "- thread thread_x: HTTP 404: No thread found with id 'thread_x'."],
      1,
    ]);
  });

  test.each([
    ['# nothing\n', 'has no thread ids.'],
    ['{"id": "thread_a"}\n', `must have one thread id on each line, not '{"id": "thread_a"}'.`],
  ])('refuses a file with other content: %j', async (content, sentence) => {
    const path = idsFile(content);
    const host = await startHost({ threads });
    const { code, lines } = await pullFrom(host.url, { threads: [`@${path}`] });
    expect([code, lines, host.requests]).toEqual([1, [`--threads: ${path} ${sentence}`], []]);
  });

  test('names a file that does not exist', async () => {
    const { code, lines } = await pullFrom('http://127.0.0.1:1', { threads: ['@/nowhere/ids'] });
    expect([code, lines]).toEqual([1, ['--threads: /nowhere/ids: no such file or directory.']]);
  });

  test('takes a file for export as well', async () => {
    const store = createStore();
    await store.importObjects(threads);
    const { stdout } = await store.exportAll([`@${idsFile('thread_b\n')}`]);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(stdout).toContain('thread_b');
  });
});
