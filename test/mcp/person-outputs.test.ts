import { describe, expect, test } from 'vitest';
import { createFakeServer, errorResponse } from '../support/fake-assistants-server.ts';
import { callTool, createPatientClock, createPerson } from '../support/forms.ts';
import {
  connectOverStdio,
  type FormSupport,
  type PeerName,
  peerNames,
} from '../support/mcp-peers.ts';

const createLine = 'POST /threads/thread_a/runs';
const runLine = 'GET /threads/thread_a/runs/run_a';
const submitLine = `${createLine}/run_a/submit_tool_outputs`;
const messagesLine = 'GET /threads/thread_a/messages';

const run = (status: string, fields: object = {}) => ({
  id: 'run_a',
  object: 'thread.run',
  thread_id: 'thread_a',
  status,
  ...fields,
});

/** A run that waits for one call of each function. */
const waiting = (...names: readonly string[]) => {
  const tool_calls = names.map((name, index) => ({
    id: `call_${index}`,
    type: 'function',
    function: { name, arguments: `{"index":${index},"text":"a\\nb"}` },
  }));
  const required_action = { type: 'submit_tool_outputs', submit_tool_outputs: { tool_calls } };
  return run('requires_action', { required_action });
};

const completed = {
  [messagesLine]: {
    object: 'list',
    data: [{ run_id: 'run_a', content: [{ type: 'text', text: { value: 'Thanks.' } }] }],
  },
};

const createArgs = { thread_id: 'thread_a', assistant_id: 'asst_a' };

async function start(
  name: PeerName,
  forms: FormSupport | undefined,
  replies: Parameters<typeof createFakeServer>[0],
  argv: readonly string[] = ['--ask-person', 'approve,choose'],
) {
  const submitted: unknown[] = [];
  const { [submitLine]: reply = run('completed'), ...others } = replies;
  const after = Array.isArray(reply) ? [...reply] : [reply];
  const server = createFakeServer({
    ...completed,
    ...others,
    [submitLine]: async (request) => {
      const body = await request.json();
      submitted.push(Reflect.get(Object(body), 'tool_outputs'));
      return after.length > 1 ? after.shift() : after[0];
    },
  });
  const { peer } = await connectOverStdio(name, {
    openai: async () => server.openai,
    clock: createPatientClock(),
    argv,
    ...(forms && { forms }),
  });
  const started = () => server.requestLines.filter((line) => line === createLine).length;
  return { peer, submitted, started, requestLines: server.requestLines };
}

describe.each(peerNames)('%s', (peerName) => {
  test('asks the person for the output, submits it, and returns the reply', async () => {
    const { shown, forms } = createPerson({ action: 'accept', content: { approve: 'Yes, go.' } });
    const { peer, submitted, started } = await start(peerName, forms, {
      [createLine]: run('queued'),
      [runLine]: [run('in_progress'), waiting('approve')],
    });
    const { object } = await callTool(peer, 'create_run', createArgs);
    expect(object).toMatchObject({ id: 'run_a', status: 'completed', reply: 'Thanks.' });
    expect(shown).toMatchObject([
      {
        message:
          'The assistant waits for your answer to approve({\\"index\\":0,\\"text\\":\\"a\\\\nb\\"}).',
        requestedSchema: {
          properties: {
            approve: {
              type: 'string',
              title: 'approve',
              description: 'Arguments: {"index":0,"text":"a\\nb"}',
            },
          },
          required: ['approve'],
        },
      },
    ]);
    expect(submitted).toEqual([[{ tool_call_id: 'call_0', output: 'Yes, go.' }]]);
    expect(started()).toBe(1);
  });

  test('asks for several calls in one form, and again for the next ones', async () => {
    const { shown, forms } = createPerson(
      { action: 'accept', content: { approve: 'a', approve_2: 'b', choose: 3 } },
      { action: 'accept', content: { choose: true } },
    );
    const { peer, submitted, started } = await start(peerName, forms, {
      [createLine]: waiting('approve', 'approve', 'choose'),
      [runLine]: [
        waiting('approve', 'approve', 'choose'),
        run('requires_action', { required_action: laterAction }),
      ],
      [submitLine]: [run('requires_action', { required_action: laterAction }), run('completed')],
    });
    const { object } = await callTool(peer, 'create_run', createArgs);
    expect(submitted[0]).toEqual([
      { tool_call_id: 'call_0', output: 'a' },
      { tool_call_id: 'call_1', output: 'b' },
      { tool_call_id: 'call_2', output: '3' },
    ]);
    expect([shown.length, submitted.length, started()]).toEqual([2, 2, 1]);
    expect(object.reply).toBe('Thanks.');
  });

  test.each([
    ['declines', { action: 'decline' }],
    ['closes the form', { action: 'cancel' }],
    ['leaves it empty', { action: 'accept', content: { approve: '' } }],
    ['sends no content', { action: 'accept' }],
  ] as const)('returns the waiting run when the person %s', async (_, answer) => {
    const { shown, forms } = createPerson(answer);
    const { peer, submitted, started } = await start(peerName, forms, {
      [createLine]: waiting('approve'),
      [runLine]: waiting('approve'),
    });
    const { object } = await callTool(peer, 'create_run', createArgs);
    expect(object).toMatchObject({ status: 'requires_action' });
    expect(object.next).toContain('Call submit_tool_outputs');
    expect([shown.length, submitted.length, started()]).toEqual([1, 0, 1]);
  });

  test.each([
    ['functions that are not named', ['get_weather'], undefined],
    ['functions of which some are not named', ['approve', 'get_weather'], undefined],
    ['any function without the option', ['approve'], []],
    [
      'any function if outputs cannot be submitted',
      ['approve'],
      ['--ask-person', 'approve', '--exclude-tools', 'submit_tool_outputs'],
    ],
  ])('does not ask for %s', async (_, names, argv) => {
    const { shown, forms } = createPerson({ action: 'accept', content: { approve: 'Yes.' } });
    const { peer } = await start(peerName, forms, { [createLine]: waiting(...names) }, argv);
    const { object } = await callTool(peer, 'create_run', createArgs);
    expect([object.status, shown]).toEqual(['requires_action', []]);
  });

  test('submit_tool_outputs asks for what the agent leaves out', async () => {
    const { shown, forms } = createPerson({ action: 'accept', content: { approve: 'Yes.' } });
    const mixed = waiting('get_weather', 'approve');
    const { peer, submitted } = await start(peerName, forms, {
      [createLine]: mixed,
      [runLine]: mixed,
    });
    const { object } = await callTool(peer, 'create_run', createArgs);
    expect(object.next).toMatch(
      / and outputs for call_0 \(get_weather\)\. The person is asked for the others\.$/u,
    );
    const args = { thread_id: 'thread_a', run_id: 'run_a' };
    const tool_outputs = [{ tool_call_id: 'call_0', output: 'Snow.' }];
    const { object: ended } = await callTool(peer, 'submit_tool_outputs', {
      ...args,
      tool_outputs,
    });
    expect(ended.reply).toBe('Thanks.');
    expect(shown).toHaveLength(1);
    const approval = { tool_call_id: 'call_1', output: 'Yes.' };
    expect(submitted).toEqual([[...tool_outputs, approval]]);
  });

  test('submit_tool_outputs submits nothing when the person declines', async () => {
    const { forms } = createPerson({ action: 'decline' });
    const mixed = waiting('get_weather', 'approve');
    const { peer, submitted } = await start(peerName, forms, { [runLine]: mixed });
    const args = { thread_id: 'thread_a', run_id: 'run_a' };
    const tool_outputs = [{ tool_call_id: 'call_0', output: 'Snow.' }];
    const { error } = await callTool(peer, 'submit_tool_outputs', { ...args, tool_outputs });
    expect(error).toContain('The person gave no output for approve. Nothing was submitted.');
    expect(submitted).toEqual([]);
  });

  test('submit_tool_outputs with all outputs asks nobody', async () => {
    const { shown, forms } = createPerson({ action: 'decline' });
    const { peer, submitted } = await start(peerName, forms, { [runLine]: waiting('approve') });
    const args = { thread_id: 'thread_a', run_id: 'run_a' };
    const tool_outputs = [{ tool_call_id: 'call_0', output: 'The person declined.' }];
    await callTool(peer, 'submit_tool_outputs', { ...args, tool_outputs });
    expect([shown, submitted]).toEqual([[], [tool_outputs]]);
  });

  test('get_run asks while it waits, and only then', async () => {
    const { shown, forms } = createPerson({ action: 'accept', content: { approve: 'Yes.' } });
    const { peer, submitted } = await start(peerName, forms, { [runLine]: waiting('approve') });
    const ids = { thread_id: 'thread_a', run_id: 'run_a' };
    const { object } = await callTool(peer, 'get_run', ids);
    expect([object.status, shown]).toEqual(['requires_action', []]);
    const { object: ended } = await callTool(peer, 'get_run', { ...ids, wait_seconds: 5 });
    expect([ended.status, submitted.length]).toEqual(['completed', 1]);
  });

  test('a run that ends while the person thinks is returned as it is', async () => {
    const { forms } = createPerson({ action: 'accept', content: { approve: 'Yes.' } });
    const { peer } = await start(peerName, forms, {
      [createLine]: waiting('approve'),
      [runLine]:
        peerName === 'the 2026 client' ? [waiting('approve'), run('expired')] : run('expired'),
      [submitLine]: errorResponse(400, "Runs in status 'expired' do not accept tool outputs."),
    });
    const { object } = await callTool(peer, 'create_run', createArgs);
    expect(object.status).toBe('expired');
  });

  test('a refused output is an error', async () => {
    const { forms } = createPerson({ action: 'accept', content: { approve: 'Yes.' } });
    const { peer } = await start(peerName, forms, {
      [createLine]: waiting('approve'),
      [runLine]: waiting('approve'),
      [submitLine]: errorResponse(400, 'Too long.'),
    });
    expect((await callTool(peer, 'create_run', createArgs)).error).toContain('HTTP 400: Too long.');
  });

  test('without forms the waiting run is returned', async () => {
    const { peer } = await start(peerName, undefined, { [createLine]: waiting('approve') });
    const { object } = await callTool(peer, 'create_run', createArgs);
    expect(object.next).toContain('outputs for call_0 (approve)');
  });
});

/** What the run of the second test waits for after the first outputs. */
const laterAction = {
  type: 'submit_tool_outputs',
  submit_tool_outputs: {
    tool_calls: [{ id: 'call_9', type: 'function', function: { name: 'choose', arguments: '{}' } }],
  },
};
