import { expect, test } from 'vitest';
import { expectedText, jobTools, nextAction } from '../../hosts/job.ts';

const job = { weather: 'windy-1' };
const id = (prefix: string) => `${prefix}${'a'.repeat(24)}`;

/** A result of each tool, with what the later calls need. */
const results: Readonly<Record<string, string>> = {
  create_assistant: `{"id":"${id('asst_')}"}`,
  upload_file: '{"id":"file-1"}',
  create_thread: `{"id":"${id('thread_')}"}`,
  create_message: `{"id":"${id('msg_')}"}`,
  create_run: `{"next":"Call get_run with run_id \\"${id('run_')}\\""}`,
  get_run: `[{"text":"{\\"id\\":\\"${id('call_')}\\"}"}]`,
  submit_tool_outputs: '{"reply":"The tools said: windy-1"}',
  list_run_steps: `${id('step_')}x ${id('step_')}y ${id('step_')}x`,
  list_message_files: '{"data":[{"id":"file-1"}]}',
};

test('the job calls each tool with the ids of earlier results, and ends with the final text', () => {
  const seen = new Map<string, string>();
  const made: unknown[] = [];
  let action = nextAction(seen, job);
  while ('tool' in action) {
    made.push(action.args);
    seen.set(action.tool, results[action.tool] ?? '');
    action = nextAction(seen, job);
  }
  expect(action.text).toBe(expectedText(job));
  expect([...seen.keys()]).toEqual(jobTools);
  const inRun = { thread_id: id('thread_'), run_id: id('run_') };
  expect(made.at(4)).toMatchObject({ assistant_id: id('asst_'), wait_seconds: 0 });
  expect(made.at(6)).toMatchObject({
    ...inRun,
    tool_outputs: [{ tool_call_id: id('call_'), output: 'windy-1' }],
  });
  expect(made.at(8)).toEqual({ thread_id: id('thread_'), message_id: id('msg_') });
});

test('a result without the id that the next call needs ends the job with that result', () => {
  const seen = new Map(Object.entries(results).slice(0, 5));
  seen.set('get_run', 'HTTP 404: No run found.');
  expect(nextAction(seen, job)).toEqual({
    text: 'The job stopped after get_run: HTTP 404: No run found.',
  });
});

test('steps and files that the host did not get do not appear in the final text', () => {
  const seen = new Map(Object.entries({ ...results, list_run_steps: 'cut' }));
  expect(nextAction(seen, job)).not.toEqual({ text: expectedText(job) });
});
