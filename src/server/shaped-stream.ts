import { parseJson, singleLineJson } from '../shared/json.ts';
import { applyShape, type Shape } from './response-shapes.ts';

/** The frequent events, which no shape changes. */
const textDelta = 'event: thread.message.delta\n';

const frame = /^(event: [^\n]+\ndata: )(\{.*\})$/su;

/** The frame with its object in the shape; frames without an object stay as they are. */
function shapeFrame(text: string, shape: Shape): string {
  if (text.startsWith(textDelta)) return text;
  const [, head = '', data = ''] = frame.exec(text) ?? [];
  const value = parseJson(data);
  return value === undefined ? text : head + singleLineJson(applyShape(value, shape));
}

/** Applies a shape to the objects of a stream of the engine's server-sent events. */
export function shapeStream(
  body: ReadableStream<Uint8Array>,
  shape: Shape,
): ReadableStream<Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let rest = '';
  const transform = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = frames.pop() ?? '';
      const shaped = frames.map((text) => `${shapeFrame(text, shape)}\n\n`).join('');
      if (shaped !== '') controller.enqueue(encoder.encode(shaped));
    },
    flush(controller) {
      if (rest !== '') controller.enqueue(encoder.encode(rest));
    },
  });
  return body.pipeThrough(transform);
}
