import * as z from 'zod';
import { toTurn } from '../../test/support/executors.ts';
import { toResponse } from '../../test/support/upstream.ts';
import { frame, streamEvents } from '../../test/support/upstream-events.ts';
import { type Dialect, eventStream, toReply, toText } from './dialect.ts';

const item = z.looseObject({
  type: z.string().optional(),
  name: z.string().optional(),
  call_id: z.string().optional(),
  arguments: z.unknown().optional(),
  output: z.unknown().optional(),
});

const tool = z.looseObject({ name: z.string().optional() });

const request = z.looseObject({
  model: z.string(),
  stream: z.boolean().nullish(),
  tools: z.array(tool.extend({ tools: z.array(tool).default([]) })).default([]),
  input: z.union([z.string(), z.array(item)]),
});

type Request = z.infer<typeof request>;

/** The tools of a request with their groups: Codex puts those of a server into a namespace. */
const toolsOf = ({ tools }: Request) =>
  tools.flatMap(({ name, tools: members }) => [
    { name, namespace: undefined },
    ...members.map((member) => ({ name: member.name, namespace: name })),
  ]);

/** OpenAI's Responses. */
export const responses: Dialect = {
  path: /\/responses$/u,
  read(body) {
    const parsed = request.parse(body);
    const items = typeof parsed.input === 'string' ? [] : parsed.input;
    const calls = new Map(
      items.filter(({ name }) => name !== undefined).map((one) => [one.call_id, one]),
    );
    const results = items
      .filter(({ output }) => output !== undefined)
      .map(({ call_id: id, output }) => {
        const { name = '', arguments: args } = calls.get(id) ?? {};
        return { name, args: toText(args), output: toText(output) };
      });
    return { tools: toolsOf(parsed).flatMap(({ name }) => name ?? []), results };
  },
  write(answer, body) {
    const parsed = request.parse(body);
    const response = toResponse(toTurn(toReply(answer)), {
      model: parsed.model,
      input: [],
      stream: true,
    });
    const namespace =
      'text' in answer
        ? undefined
        : toolsOf(parsed).find(({ name }) => name === answer.name)?.namespace;
    if (namespace !== undefined) {
      for (const one of response.output) Object.assign(one, { namespace });
    }
    if (parsed.stream !== true) return Response.json(response);
    return eventStream(
      streamEvents(response)
        .map((event) => frame(event))
        .join(''),
    );
  },
};
