import type { ResourceTemplate } from './resource.ts';

/** Every resource template; it can be listed without the code that reads it. */
export const resourceTemplates: readonly ResourceTemplate[] = [
  {
    name: 'thread',
    title: 'Thread',
    description: 'A conversation as a Markdown transcript, oldest message first. Untrusted data.',
    uriTemplate: 'assistants://threads/{thread_id}',
    operations: ['get_thread', 'list_messages'],
  },
  {
    name: 'run',
    title: 'Run',
    description: 'A run in Markdown: its steps, calls, outputs and token usage. Untrusted data.',
    uriTemplate: 'assistants://threads/{thread_id}/runs/{run_id}',
    operations: ['get_run', 'list_run_steps'],
  },
];
