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
  annotation: UpstreamAnnotation,
): annotation is ContainerFileAnnotation => annotation.type === 'container_file_citation';

/** Whether a file is appended to its message as an image. */
export const isImage = ({ filename }: ContainerFileAnnotation): boolean =>
  /\.(?:png|jpe?g|gif|webp)$/i.test(filename);

/** A model event before the generated files that it refers to are saved. */
export type RawEvent =
  | ModelEvent
  | {
      readonly type: 'generated_file';
      readonly part: number;
      /** As in a delta: the citation's marker, or empty. */
      readonly text: string;
      readonly span: TextSpan;
      readonly file: ContainerFileAnnotation;
    }
  | { readonly type: 'generated_image'; readonly file: ContainerFileAnnotation }
  | { readonly type: 'code_done'; readonly input: string; readonly item: CodeItem | undefined };

/** What can be converted only when its files are saved. */
type FileEvent = Exclude<RawEvent, ModelEvent>;
type GeneratedFileEvent = Extract<RawEvent, { type: 'generated_file' }>;
type CodeDone = Extract<RawEvent, { type: 'code_done' }>;

const isFileEvent = (event: RawEvent): event is FileEvent =>
  event.type === 'generated_file' || event.type === 'generated_image' || event.type === 'code_done';

type SaveFile = ModelRequest['saveFile'];

/** Saves every file once, however often a response refers to it. */
function memoizeSave(saveFile: SaveFile): SaveFile {
  const saved = new Map<string, Promise<string | null>>();
  return (file) => {
    const key = 'url' in file ? file.url : `${file.container_id} ${file.file_id}`;
    const id = saved.get(key) ?? saveFile(file);
    saved.set(key, id);
    return id;
  };
}

const toEphemeralFile = ({
  container_id,
  file_id,
  filename,
}: ContainerFileAnnotation): EphemeralFile => ({
  container_id,
  file_id,
  filename,
});

function* toDelta(
  { part, text, span }: GeneratedFileEvent,
  file_id: string | null,
): Generator<ModelEvent> {
  const delta = { type: 'delta', part, kind: 'text', text } as const;
  if (file_id !== null) {
    yield { ...delta, annotation: { type: 'file_path', ...span, file_path: { file_id } } };
  } else if (text !== '') {
    yield delta;
  }
}

async function toOutputs(
  outputs: NonNullable<CodeItem['outputs']>,
  saveFile: SaveFile,
): Promise<Outputs> {
  const savedOutputs: Outputs = [];
  for (const output of outputs) {
    if (output.type === 'logs') {
      savedOutputs.push({ type: 'logs', logs: output.logs ?? '' });
      continue;
    }
    if (!output.url) continue;
    const file_id = await saveFile({ url: output.url });
    if (file_id !== null) savedOutputs.push({ type: 'image', image: { file_id } });
  }
  return savedOutputs;
}

const imagesIn = (outputs: Outputs): string[] =>
  outputs.flatMap((output) => (output.type === 'image' ? (output.image.file_id ?? []) : []));

/**
 * Saves the files that tools generated in one response before the events that refer to them are emitted
 * (contract §8.6). A file that cannot be saved is omitted; the text that mentions it stays. A message
 * begins with the images of the calls before it, as programs expect that show `content[0]`.
 */
export function createGeneratedFileSaver(request: Pick<ModelRequest, 'saveFile'>) {
  const saveFile = memoizeSave(request.saveFile);
  /** Images of calls since the last message. */
  let newImages = new Set<string>();
  let shownImages = new Set<string>();

  /** An event that needs no file to be saved. */
  function* toReadyEvents(event: ModelEvent): Generator<ModelEvent> {
    yield event;
    if (event.type !== 'message_started') return;
    [shownImages, newImages] = [newImages, new Set()];
    for (const file_id of shownImages) yield { type: 'image', file_id };
  }

  async function toCallDone({ input, item }: CodeDone): Promise<ModelEvent> {
    const outputs = await toOutputs(item?.outputs ?? [], saveFile);
    for (const file_id of imagesIn(outputs)) newImages.add(file_id);
    return {
      type: 'call_done',
      call: { type: 'code_interpreter', code_interpreter: { input, outputs } },
      ...(item?.container_id && { container: item.container_id }),
    };
  }

  async function saveAndConvert(event: FileEvent): Promise<ModelEvent[]> {
    if (event.type === 'code_done') return [await toCallDone(event)];
    const file_id = await saveFile(toEphemeralFile(event.file));
    if (event.type === 'generated_file') return [...toDelta(event, file_id)];
    return file_id === null || shownImages.has(file_id) ? [] : [{ type: 'image', file_id }];
  }

  return async function* (events: Iterable<RawEvent>): AsyncGenerator<ModelEvent[]> {
    let batch: ModelEvent[] = [];
    try {
      for (const event of events) {
        if (!isFileEvent(event)) {
          batch.push(...toReadyEvents(event));
          continue;
        }
        // Saving may take long: what came before is shown at once.
        yield batch;
        batch = await saveAndConvert(event);
      }
    } catch (error) {
      yield batch;
      throw error;
    }
    yield batch;
  };
}
