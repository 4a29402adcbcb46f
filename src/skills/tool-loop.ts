/** How to answer function calls. */
export const toolLoop = `# The tool loop

An assistant with functions does not execute them. Its run stops and waits for you.

1. Give the assistant functions when you create it with \`create_assistant\`:

       {"model": "gpt-4.1-mini", "tools": [{"type": "function", "function": {"name": "get_weather",
        "description": "Current weather in a city", "parameters": {"type": "object",
        "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]}

2. Start a run with \`create_thread_and_run\`. When the model calls functions, the result has the status
   \`requires_action\`.

3. Read the calls in \`required_action.submit_tool_outputs.tool_calls\`. Each has an \`id\` (\`call_…\`),
   \`function.name\` and \`function.arguments\`, which is JSON as text. The model wrote the arguments: check them before
   you act on them, and ask the user before anything that cannot be undone.

4. Execute every call. There may be several.

5. Call \`submit_tool_outputs\` once, with one output for every call id:

       {"thread_id": "thread_…", "run_id": "run_…", "tool_outputs": [{"tool_call_id": "call_…", "output": "18 °C, light rain"}]}

   Each \`output\` is a text. Send an object as JSON text. If a function fails, send the reason as its output.

6. Look at the status again. It may be \`requires_action\` once more: go back to step 3. When it is \`completed\`,
   \`reply\` is the answer.

## If something goes wrong

- *Expected tool outputs for call_ids …*: an id is missing or unknown. Send all outputs of the run in one call.
- The status is \`queued\` or \`in_progress\`: call \`get_run\` with \`"wait_seconds": 30\`.
- The status is \`expired\`: the outputs came too late, by default ten minutes after the run began. Start a new run.
- You cannot or may not execute a function: send an output that says so, or end the run with \`cancel_run\`. Until then
  the thread accepts no other run.
`;
