import type { SkillListing } from './skill.ts';

/** Every skill; they can be listed without their texts. */
export const skillList: readonly SkillListing[] = [
  {
    name: 'first-conversation',
    title: 'First conversation',
    description:
      'Create an assistant, ask it a question and continue the conversation in the same thread. Use it when a user wants to talk to an assistant of the OpenAI Assistants API, or to find and continue an earlier conversation.',
    operations: [
      'list_assistants',
      'create_assistant',
      'create_thread_and_run',
      'create_run',
      'get_run',
      'list_messages',
    ],
  },
  {
    name: 'tool-loop',
    title: 'The tool loop',
    description:
      'Answer the function calls of an assistant until its run is completed. Use it when a run has the status requires_action, or before you give an assistant functions.',
    operations: [
      'create_assistant',
      'create_thread_and_run',
      'submit_tool_outputs',
      'get_run',
      'cancel_run',
    ],
  },
  {
    name: 'bring-old-code-and-data',
    title: 'Bring old code and data',
    description:
      'Move a program that used the OpenAI Assistants API, and its assistants, threads and runs, to this server. Use it when code that calls beta.assistants or beta.threads stopped working, or when exported objects of the API should be imported.',
    operations: [],
  },
];
