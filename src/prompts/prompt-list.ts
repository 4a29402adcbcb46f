import type { PromptListing } from './prompt.ts';

/** Every prompt; it can be listed without the code that renders it. */
export const promptList: readonly PromptListing[] = [
  {
    name: 'ask',
    title: 'Ask an assistant',
    description: 'Asks an assistant a question in a new thread and shows its reply.',
    arguments: [
      { name: 'assistant', description: 'Id (asst_…) or name of the assistant' },
      { name: 'question', description: 'What to ask it' },
    ],
    operations: ['get_assistant', 'list_assistants', 'create_thread_and_run'],
  },
  {
    name: 'review_thread',
    title: 'Review a thread',
    description: 'Reviews a conversation: what was asked, what was answered, what is open.',
    arguments: [{ name: 'thread_id', description: 'Id of the thread (thread_…)' }],
    operations: ['get_thread', 'list_messages'],
  },
];
