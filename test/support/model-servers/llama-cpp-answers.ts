import { type AnswerServer, chatStream, textResponse } from '../answer-server.ts';

/** An error of a chat template, which llama.cpp sends as one of its own. */
export const jinjaError = (sentence: string): Response =>
  Response.json(
    {
      error: {
        code: 500,
        message: `\n------------\nWhile executing CallExpression at line 47, column 32 in source:\n...== 0) %}↵            {{- raise_exception('${sentence.slice(0, 30)}...\n                                           ^\nError: Jinja Exception: ${sentence}`,
        type: 'server_error',
      },
    },
    { status: 500 },
  );

export const imageError = (): Response =>
  Response.json(
    {
      error: {
        code: 500,
        message:
          'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
        type: 'server_error',
      },
    },
    { status: 500 },
  );

/** llama.cpp with a template that demands that user and assistant alternate, the user first. */
export const llamaCppAnswers: AnswerServer = {
  chat: ({ messages }) => {
    const roles = messages.map(({ role }) => role).filter((role) => role !== 'system');
    const alternate = roles.every((role, index) => (role === 'user') === (index % 2 === 0));
    return alternate
      ? chatStream([{ content: 'Snow.' }])
      : jinjaError('Conversation roles must alternate user/assistant/user/assistant/...');
  },
};

/** Its Responses, which know an item of the assistant by its type only. */
export const llamaCppResponses: AnswerServer = {
  responses: ({ input }) => {
    const isUnknown = input.some(
      (item) => item['role'] === 'assistant' && item['type'] !== 'message',
    );
    if (!isUnknown) return textResponse('Snow.');
    return Response.json(
      {
        error: {
          code: 400,
          message: "Cannot determine type of 'item'",
          type: 'invalid_request_error',
        },
      },
      { status: 400 },
    );
  },
};
