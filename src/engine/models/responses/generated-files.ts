import type OpenAI from 'openai';
import type { ModelEvent, ModelRequest, EphemeralFile } from '../model.ts';
import type { TextSpan } from './citations.ts';

type UpstreamAnnotation = OpenAI.Responses.ResponseOutputText['annotations'][number];

export type ContainerFileAnnotation = Extract<
  UpstreamAnnotation,
  { type: 'container_file_citation' }
>;
export type CodeItem = OpenAI.Responses.ResponseCodeInterpreterToolCall;
type Outputs = OpenAI.Beta.Threads.Runs.CodeInterpreterToolCall.CodeInterpreter['outputs'];

export const isContainerFileAnnotation = (
  note: UpstreamAnnotation,
): note is ContainerFileAnnotation => note.type === 'container_file_citation';

/** Whether a file is shown as an image of its message. */
export const isImage = ({ filename }: ContainerFileAnnotation): boolean =>
  /\.(?:png|jpe?g|gif|webp)$/i.test(filename);

/** What happens while a model answers, before the files that its code made are kept. */
export type RawEvent =
  | ModelEvent
  | {
      readonly type: 'generated_file';
      readonly part: number;
      /** As in a delta: the reference's marker, or empty. */
      readonly text: string;
      readonly span: TextSpan;
      readonly file: ContainerFileAnnotation;
    }
  | { readonly type: 'generated_image'; readonly file: ContainerFileAnnotation }
  | { readonly type: 'code_done'; readonly input: string; readonly item: CodeItem | undefined };

type GeneratedFileEvent = Extract<RawEvent, { type: 'generated_file' }>;
type SaveFile = ModelRequest['saveFile'];

/** Keeps every file once, however often an answer refers to it. */
function memoizeSave(keep: SaveFile): SaveFile {
  const kept = new Map<string, Promise<string | null>>();
  return (file) => {
    const name = 'url' in file ? file.url : `${file.container_id} ${file.file_id}`;
    const id = kept.get(name) ?? keep(file);
    kept.set(name, id);
    return id;
  };
}

const fileOf = ({ container_id, file_id, filename }: ContainerFileAnnotation): EphemeralFile => ({
  container_id,
  file_id,
  filename,
});

function* toDelta(
  { part, text, span: place }: GeneratedFileEvent,
  file_id: string | null,
): Generator<ModelEvent> {
  const delta = { type: 'delta', part, kind: 'text', text } as const;
  if (file_id !== null) {
    yield { ...delta, annotation: { type: 'file_path', ...place, file_path: { file_id } } };
  } else if (text !== '') {
    yield delta;
  }
}

/** Every file takes its time, in which the model is not silent. */
const heartbeat = { type: 'heartbeat' } as const;

async function* toOutputs(
  outputs: NonNullable<CodeItem['outputs']>,
  keep: SaveFile,
): AsyncGenerator<ModelEvent, Outputs> {
  const kept: Outputs = [];
  for (const output of outputs) {
    if (output.type === 'logs') {
      kept.push({ type: 'logs', logs: output.logs });
      continue;
    }
    yield heartbeat;
    const file_id = await keep({ url: output.url });
    if (file_id !== null) kept.push({ type: 'image', image: { file_id } });
  }
  return kept;
}

/**
 * Keeps what the tools of one answer made before it is told (contract §8.6). What cannot be kept is
 * left out; the text that speaks of it stands.
 */
export function createGeneratedFileSaver(request: Pick<ModelRequest, 'saveFile'>) {
  const keep = memoizeSave(request.saveFile);
  return async function* (event: RawEvent): AsyncGenerator<ModelEvent> {
    if (event.type === 'generated_file') {
      yield heartbeat;
      yield* toDelta(event, await keep(fileOf(event.file)));
    } else if (event.type === 'generated_image') {
      yield heartbeat;
      const file_id = await keep(fileOf(event.file));
      if (file_id !== null) yield { type: 'image', file_id };
    } else if (event.type === 'code_done') {
      const { input, item } = event;
      const outputs = yield* toOutputs(item?.outputs ?? [], keep);
      const call = { type: 'code_interpreter', code_interpreter: { input, outputs } } as const;
      yield {
        type: 'call_done',
        call,
        ...(item?.container_id && { container: item.container_id }),
      };
    } else {
      yield event;
    }
  };
}
