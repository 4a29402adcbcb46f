import type OpenAI from 'openai';
import type { StreamEvent } from '../events/event-bus.ts';

type Step = OpenAI.Beta.Threads.Runs.RunStep;
type ToolCall = OpenAI.Beta.Threads.Runs.ToolCall;
/** What a request's `include` says; it knows one value. */
export type Include = readonly OpenAI.Beta.Threads.Runs.RunStepInclude[];

function withoutContent(call: ToolCall): ToolCall {
  if (call.type !== 'file_search') return call;
  const results = call.file_search.results?.map(({ content: _content, ...result }) => result);
  return { ...call, file_search: { ...call.file_search, ...(results && { results }) } };
}

/** A step as a request shows it: the texts that searches found come when `include` asks (contract §6). */
export function applyInclude(step: Step, include: Include = []): Step {
  const { step_details: details } = step;
  if (details.type !== 'tool_calls' || include.length > 0) return step;
  const tool_calls = details.tool_calls.map(withoutContent);
  return { ...step, step_details: { ...details, tool_calls } };
}

/** The same for what a stream tells. */
export function applyIncludeToEvent(event: StreamEvent, include?: Include): StreamEvent {
  switch (event.event) {
    case 'thread.run.step.created':
    case 'thread.run.step.in_progress':
    case 'thread.run.step.completed':
    case 'thread.run.step.failed':
    case 'thread.run.step.cancelled':
    case 'thread.run.step.expired':
      return { ...event, data: applyInclude(event.data, include) };
    default:
      return event;
  }
}
