import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  transition,
  initialState,
  isTerminal,
  nextStatus,
  transitions,
  type TransitionData,
  type RunEvent,
  type RunSnapshot,
} from '../../src/engine/run-state-machine.ts';
import { activeStatuses } from '../../src/shared/run-status.ts';

const created = 1_790_000_000;
const deadline = created + 600;
const fresh: RunSnapshot = { status: 'queued', state: initialState(deadline) };

const action = {
  type: 'submit_tool_outputs',
  submit_tool_outputs: {
    tool_calls: [{ id: 'call_a', type: 'function', function: { name: 'f', arguments: '{}' } }],
  },
} satisfies TransitionData['required_action'];
const usage = {
  prompt_tokens: 2,
  completion_tokens: 1,
  total_tokens: 3,
  prompt_token_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};
const outcomes: Partial<Record<RunEvent, TransitionData>> = {
  require_action: { required_action: action },
  complete: { usage },
  cut_off: { usage, incomplete_details: { reason: 'max_completion_tokens' } },
  fail: { last_error: { code: 'server_error', message: 'It broke.' } },
  stop: { usage },
  expire: { usage },
};

const events = [
  'start',
  'require_action',
  'submit',
  'complete',
  'cut_off',
  'fail',
  'cancel',
  'stop',
  'expire',
] as const satisfies RunEvent[];
const statuses = [
  'queued',
  'in_progress',
  'requires_action',
  'cancelling',
  'cancelled',
  'failed',
  'completed',
  'incomplete',
  'expired',
] as const satisfies RunSnapshot['status'][];

/** Applies events one second apart; the first one second after creation. */
const applyEvents = (...names: RunEvent[]): RunSnapshot =>
  names.reduce(
    (run, name, index) => transition(run, name, created + index + 1, outcomes[name]),
    fresh,
  );

/** The transitions of contract §5.1. */
const allowed: Record<RunSnapshot['status'], string[]> = {
  queued: ['in_progress', 'cancelling', 'expired', 'failed'],
  in_progress: ['completed', 'incomplete', 'failed', 'requires_action', 'cancelling', 'expired'],
  requires_action: ['queued', 'cancelling', 'expired'],
  cancelling: ['cancelled', 'completed', 'failed'],
  cancelled: [],
  failed: [],
  completed: [],
  incomplete: [],
  expired: [],
};

describe('the transition table', () => {
  test('has every status and every event', () => {
    expect(Object.keys(transitions)).toEqual(statuses);
    const named = Object.values(transitions).flatMap((next) => Object.keys(next));
    expect(new Set(named)).toEqual(new Set(events));
  });

  test.each(statuses)('allows a %s run exactly the next statuses of the contract', (status) => {
    const reached = new Set(events.map((event) => nextStatus(status, event)));
    reached.delete(undefined);
    expect(reached).toEqual(new Set(allowed[status]));
  });

  test.each(statuses)('says whether a %s run is active or terminal', (status) => {
    expect(isTerminal(status)).toBe(!(activeStatuses as readonly string[]).includes(status));
  });

  test.each(statuses)('rejects every other event in a %s run', (status) => {
    const invalid = events.filter((event) => nextStatus(status, event) === undefined);
    expect(invalid.length).toBeGreaterThan(0);
    for (const event of invalid) {
      const run = { ...fresh, status };
      expect(() => transition(run, event, created)).toThrow(`a ${status} run cannot ${event}`);
    }
  });
});

describe('a transition (contract §5.2)', () => {
  const none = initialState(deadline);
  const waiting = { ...none, started_at: created + 1, required_action: action };
  const cases: [RunEvent[], RunSnapshot][] = [
    [[], { status: 'queued', state: none }],
    [['start'], { status: 'in_progress', state: { ...none, started_at: created + 1 } }],
    [['start', 'require_action'], { status: 'requires_action', state: waiting }],
    [
      ['start', 'require_action', 'submit'],
      { status: 'queued', state: { ...waiting, required_action: null } },
    ],
    [
      ['start', 'require_action', 'submit', 'start'],
      {
        status: 'in_progress',
        state: { ...none, started_at: created + 4 },
      },
    ],
    [
      ['start', 'complete'],
      {
        status: 'completed',
        state: {
          ...none,
          started_at: created + 1,
          completed_at: created + 2,
          expires_at: null,
          usage,
        },
      },
    ],
    [
      ['start', 'cut_off'],
      {
        status: 'incomplete',
        state: {
          ...none,
          started_at: created + 1,
          completed_at: created + 2,
          expires_at: null,
          incomplete_details: { reason: 'max_completion_tokens' },
          usage,
        },
      },
    ],
    [
      ['start', 'fail'],
      {
        status: 'failed',
        state: {
          ...none,
          started_at: created + 1,
          failed_at: created + 2,
          expires_at: null,
          last_error: { code: 'server_error', message: 'It broke.' },
        },
      },
    ],
    [
      ['start', 'require_action', 'expire'],
      {
        status: 'expired',
        state: { ...none, started_at: created + 1, expires_at: null, usage },
      },
    ],
    [
      ['start', 'require_action', 'cancel'],
      { status: 'cancelling', state: { ...none, started_at: created + 1 } },
    ],
    [
      ['start', 'require_action', 'cancel', 'stop'],
      {
        status: 'cancelled',
        state: {
          ...none,
          started_at: created + 1,
          cancelled_at: created + 4,
          expires_at: null,
          usage,
        },
      },
    ],
  ];

  test.each(cases)('the events %j set exactly the fields of the status', (names, expected) => {
    expect(applyEvents(...names)).toEqual(expected);
  });
});

test('every sequence of events leads to a state that the contract allows', () => {
  const script = fc.array(fc.constantFrom(...events), { maxLength: 40 });
  fc.assert(
    fc.property(script, (names) => {
      let run = fresh;
      for (const [index, name] of names.entries()) {
        if (nextStatus(run.status, name) === undefined) continue;
        const before = run;
        run = transition(run, name, created + index, outcomes[name]);
        expect(allowed[before.status]).toContain(run.status);
        const { state } = run;
        const endTimes = [state.completed_at, state.failed_at, state.cancelled_at];
        const isEnd = allowed[run.status].length === 0;
        expect(endTimes.filter((time) => time !== null).length).toBe(
          isEnd && run.status !== 'expired' ? 1 : 0,
        );
        expect(state.expires_at).toBe(isEnd ? null : deadline);
        expect(state.required_action === null).toBe(run.status !== 'requires_action');
      }
    }),
    { numRuns: 500 },
  );
});
