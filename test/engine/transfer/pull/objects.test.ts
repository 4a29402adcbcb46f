import { describe, expect, test } from 'vitest';
import { pullFrom, startHost } from '../../../support/assistants-host.ts';
import {
  assistant,
  completedRun,
  messageStep,
  question,
  reply,
  thread,
} from '../../../support/examples.ts';
import { textContent } from '../../../support/thread-data.ts';

/* Objects as servers with the Assistants API send them. */

const { created_at } = thread;

/** Imports one thread with one message, run and step. */
const pullOne = async (habits: {
  thread?: object;
  message?: object;
  run?: object;
  step?: object;
  assistant?: object;
}) => {
  const host = await startHost({
    assistants: [{ ...assistant, ...habits.assistant }],
    threads: [{ ...thread, ...habits.thread }],
    messages: { [thread.id]: [{ ...question, ...habits.message }] },
    runs: { [thread.id]: [{ ...completedRun, ...habits.run }] },
    steps: { [completedRun.id]: [{ ...messageStep, ...habits.step }] },
  });
  const { code, lines, exported } = await pullFrom(host.url);
  const objects = await exported();
  const find = (kind: string) => objects.find(({ object }) => object === kind);
  return {
    code,
    problems: lines.filter((line) => line.startsWith('- ')),
    assistant: find('assistant'),
    thread: find('thread'),
    message: find('thread.message'),
    run: find('thread.run'),
    step: find('thread.run.step'),
  };
};

describe('objects become those of the API', () => {
  test('with all their fields, if they are already', async () => {
    const pulled = await pullOne({});
    expect(pulled).toMatchObject({
      code: 0,
      assistant,
      thread,
      message: question,
      run: completedRun,
    });
    expect(pulled.step).toMatchObject(messageStep);
  });

  test('whose times are milliseconds, ids UUIDs and missing ids the text None (Astra)', async () => {
    const time = created_at * 1000;
    const pulled = await pullOne({
      thread: { created_at: time, object: undefined },
      message: { created_at: time, run_id: 'None', assistant_id: 'None', file_ids: null },
      run: { created_at: time, completed_at: time, usage: undefined, object: 'run' },
      step: { created_at: time, object: undefined, thread_id: undefined, run_id: undefined },
    });
    expect(pulled).toMatchObject({
      code: 0,
      thread: { created_at },
      message: { created_at, run_id: null, assistant_id: null },
      run: { created_at, completed_at: created_at, usage: null },
      step: { created_at, thread_id: thread.id, run_id: completedRun.id },
    });
  });

  test('whose times are ISO dates and whose metadata has another name (Open Assistant API)', async () => {
    const time = new Date(created_at * 1000).toISOString().replace('Z', '');
    const pulled = await pullOne({
      thread: { metadata: undefined, metadata_: { user: 'u1' } },
      message: {
        created_at: created_at + 0.25,
        status: undefined,
        attachments: null,
        file_ids: null,
      },
      run: {
        started_at: time,
        completed_at: time,
        incomplete_details: 'max_completion_tokens',
        extra_body: {},
        tool_choice: null,
        updated_at: null,
      },
      step: { metadata_: null, message_id: reply.id },
    });
    expect(pulled).toMatchObject({
      code: 0,
      thread: { metadata: { user: 'u1' } },
      message: { created_at },
      run: {
        started_at: created_at,
        completed_at: created_at,
        incomplete_details: { reason: 'max_completion_tokens' },
        tool_choice: 'auto',
      },
    });
  });

  test('with a time under another name and the tool `retrieval` (LocalAI)', async () => {
    const pulled = await pullOne({
      assistant: {
        created_at: undefined,
        created: created_at,
        tools: [{ type: 'retrieval' }],
        name: undefined,
        metadata: undefined,
      },
    });
    expect(pulled).toMatchObject({
      code: 0,
      assistant: { created_at, tools: [{ type: 'file_search' }], name: null },
    });
  });

  test('with empty ids (Rubra), plain contents and missing annotations', async () => {
    const empty = await pullOne({ message: { run_id: '', assistant_id: '' } });
    expect(empty).toMatchObject({ code: 0, message: { run_id: null, assistant_id: null } });
    const contents = [
      'Hello',
      [{ type: 'text', text: 'Hello' }],
      [{ type: 'text', text: { value: 'Hello' } }],
    ];
    for (const content of contents) {
      const { code, message } = await pullOne({ message: { content } });
      expect([code, message?.['content']]).toEqual([0, textContent('Hello')]);
    }
    expect((await pullOne({ message: { content: null } })).message?.['content']).toEqual([]);
  });

  test('with citations that do not say where they stand in the text', async () => {
    const citation = { type: 'file_citation', text: '[1]', file_citation: { file_id: 'file-1' } };
    const text = { value: 'See [1].', annotations: [citation] };
    const { message } = await pullOne({ message: { content: [{ type: 'text', text }] } });
    expect(message?.['content']).toMatchObject([
      { text: { annotations: [{ ...citation, start_index: 4, end_index: 7 }] } },
    ]);
  });

  test('with `file_ids` beside an empty list of attachments', async () => {
    const { message } = await pullOne({ message: { attachments: [], file_ids: ['file-2'] } });
    expect(message?.['attachments']).toMatchObject([{ file_id: 'file-2' }]);
  });

  test('with `file_ids` of version 1 as attachments and as files for code (OpenOpenAI)', async () => {
    const pulled = await pullOne({
      assistant: { tools: [{ type: 'code_interpreter' }], file_ids: ['file-1'] },
      message: { attachments: undefined, file_ids: ['file-2'] },
    });
    expect(pulled).toMatchObject({
      assistant: { tool_resources: { code_interpreter: { file_ids: ['file-1'] } } },
      message: {
        attachments: [
          { file_id: 'file-2', tools: [{ type: 'code_interpreter' }, { type: 'file_search' }] },
        ],
      },
    });
  });

  test('without the resources and the choice of tools that exist only there', async () => {
    const pulled = await pullOne({
      assistant: {
        tools: [{ type: 'retrieval' }],
        file_ids: ['file-1'],
        tool_resources: { azure_ai_search: { indexes: [{ index_name: 'i' }] }, file_search: {} },
      },
      run: { tool_choice: { type: 'bing_grounding' } },
      message: { attachments: [{ file_id: 'file-2', tools: [{ type: 'browser' }] }] },
    });
    expect(pulled.problems.filter((line) => !line.startsWith('- file file-'))).toEqual([
      `- tool_resources.azure_ai_search of assistant ${assistant.id}, bing_grounding of tool_choice of run ${completedRun.id} of ${thread.id}, browser of message ${question.id} of ${thread.id}: There are no tools of this type here.`,
      `- file_ids of assistant ${assistant.id}: Without code_interpreter they need a vector store.`,
    ]);
    expect(pulled).toMatchObject({
      assistant: { tool_resources: {} },
      run: { tool_choice: 'auto' },
      message: { attachments: [{ file_id: 'file-2', tools: [] }] },
    });
  });

  test('with the time of their thread if they have none, which is named', async () => {
    const pulled = await pullOne({ message: { created_at: null } });
    expect([pulled.problems, pulled.message?.['created_at']]).toEqual([
      [`- time of message ${question.id} of ${thread.id}: The server gave none.`],
      created_at,
    ]);
  });

  test('unless they are nested too deeply', async () => {
    let deep: unknown = 'end';
    for (let level = 0; level < 1000; level += 1) deep = { deep };
    const pulled = await pullOne({
      message: { content: [{ type: 'text', text: { value: 'a', deep } }] },
    });
    expect([pulled.problems, pulled.message]).toEqual([
      [`- message ${question.id} of ${thread.id}: It is nested more than 500 levels deep.`],
      undefined,
    ]);
  });

  test('with nulls, numbers and objects in metadata', async () => {
    const metadata = { user: 7, tags: ['a'], none: null, text: 'b' };
    const pulled = await pullOne({ thread: { metadata } });
    expect(pulled.thread?.['metadata']).toEqual({ user: '7', tags: '["a"]', text: 'b' });
  });

  test('without the resources of a run for tools that exist only there, which are named', async () => {
    const { problems, run } = await pullOne({
      run: { tool_resources: { azure_ai_search: { indexes: ['a'] } } },
    });
    expect([problems, run?.['id']]).toEqual([
      [
        `- tool_resources.azure_ai_search of run ${completedRun.id} of ${thread.id}: There are no tools of this type here.`,
      ],
      completedRun.id,
    ]);
  });

  test('without the model of a run, which has its assistant’s', async () => {
    const { code, run } = await pullOne({ run: { model: null } });
    expect([code, run?.['model']]).toEqual([0, assistant.model]);
  });

  test('without tools, tool calls and annotations that exist only there, which are named (Foundry)', async () => {
    const url_citation = {
      type: 'url_citation',
      text: '[1]',
      url_citation: { url: 'https://x.example' },
    };
    const bing = { type: 'bing_grounding', bing_grounding: { connections: [] } };
    const tools = [bing, { type: 'code_interpreter' }];
    const pulled = await pullOne({
      assistant: { tools },
      run: { tools },
      message: {
        content: [{ type: 'text', text: { value: 'See [1]', annotations: [url_citation] } }],
      },
      step: {
        type: 'tool_calls',
        step_details: {
          type: 'tool_calls',
          tool_calls: [
            { id: 'call_1', type: 'bing_grounding', bing_grounding: { requesturl: '' } },
            { id: 'call_2', type: 'function', function: { name: 'f', arguments: '{}' } },
          ],
        },
      },
    });
    expect(pulled.code).toBe(1);
    expect(pulled.problems).toEqual([
      `- bing_grounding of assistant ${assistant.id}, bing_grounding of run ${completedRun.id} of ${thread.id}, bing_grounding of run step ${messageStep.id} of ${completedRun.id}: There are no tools of this type here.`,
      `- url_citation annotation of message ${question.id} of ${thread.id}: The API has no annotations of this type.`,
    ]);
    expect(pulled).toMatchObject({
      assistant: { tools: [{ type: 'code_interpreter' }] },
      run: { tools: [{ type: 'code_interpreter' }] },
      message: { content: textContent('See [1]') },
      step: { step_details: { tool_calls: [{ id: 'call_2', function: { output: null } }] } },
    });
  });
});
