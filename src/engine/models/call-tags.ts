/** What begins and ends calls that a server has left in the text of an answer, where models write them. */
export const callTags = [
  ['<tool_call>', '</tool_call>'],
  ['<tool_calls>', '</tool_calls>'],
  ['<|tool_call|>', '<|/tool_call|>'],
  ['<function=', '</function>'],
  ['<|python_tag|>', '<|eom_id|>'],
  ['<minimax:tool_call>', '</minimax:tool_call>'],
  ['<|tool_calls_section_begin|>', '<|tool_calls_section_end|>'],
  ['<｜tool▁calls▁begin｜>', '<｜tool▁calls▁end｜>'],
  // Mistral marks no end: the next call begins, or the text ends.
  ['[TOOL_CALLS]', null],
] as const;
