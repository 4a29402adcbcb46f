import * as z from 'zod';
import { type Answer, type Dialect, eventStream, toText } from './dialect.ts';

const part = z.looseObject({
  functionResponse: z
    .looseObject({ name: z.string(), response: z.unknown().optional() })
    .optional(),
});

const request = z.looseObject({
  tools: z
    .array(
      z.looseObject({
        functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]),
      }),
    )
    .default([]),
  contents: z.array(z.looseObject({ parts: z.array(part).default([]) })),
});

const toPart = (answer: Answer) =>
  'text' in answer
    ? { text: answer.text }
    : { functionCall: { id: answer.id, name: answer.name, args: answer.args } };

/** Google's generateContent and streamGenerateContent. */
export const gemini: Dialect = {
  path: /:(?:stream)?[gG]enerateContent$/u,
  read(body) {
    const { tools, contents } = request.parse(body);
    const results = contents
      .flatMap(({ parts }) => parts)
      .flatMap(({ functionResponse: result }) => result ?? [])
      .map(({ name, response }) => ({ name, args: '', output: toText(response) }));
    const declared = tools.flatMap(({ functionDeclarations }) => functionDeclarations);
    return { tools: declared.map(({ name }) => name), results };
  },
  write(answer, _body, path) {
    const response = {
      candidates: [
        { index: 0, content: { role: 'model', parts: [toPart(answer)] }, finishReason: 'STOP' },
      ],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
      modelVersion: 'gemini-loopback',
      responseId: answer.id,
    };
    if (!path.endsWith(':streamGenerateContent')) return Response.json(response);
    return eventStream(`data: ${JSON.stringify(response)}\n\n`);
  },
};
