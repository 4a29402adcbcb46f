import type OpenAI from 'openai';
import type { ModelEvent } from '../model.ts';
import { type ContainerNote, isImage, type RawEvent } from './generated-files.ts';
import { containerNotesOf, PartWriter, textOf } from './responses-part.ts';

type Item = OpenAI.Responses.ResponseOutputMessage;

/** The images that a message shows, each once. */
function imagesOf({ content }: Item): ContainerNote[] {
  const notes = content.flatMap(containerNotesOf).filter(isImage);
  return [...new Map(notes.map((note) => [note.file_id, note])).values()];
}

/** Whether there is nothing in a message that anybody could see. */
export const isEmpty = (item: Item): boolean =>
  item.content.every((part) => textOf(part) === '' && containerNotesOf(part).length === 0);

/** A message as far as it has been passed on. */
export class MessageWriter {
  readonly type = 'message';
  readonly index: number;
  readonly id: string | undefined;
  readonly begun: ModelEvent = { type: 'message_started' };
  readonly #parts: PartWriter[] = [];

  constructor(index: number, id: string | undefined) {
    this.index = index;
    this.id = id;
  }

  part(index: number, kind: 'text' | 'refusal'): PartWriter {
    return (this.#parts[index] ??= new PartWriter(index, kind));
  }

  /** What is left to say of the message; its item is absent when the server never showed it. */
  *finish(item: Item | undefined): Generator<RawEvent> {
    for (const [index, part] of (item?.content ?? []).entries()) {
      const kind = part.type === 'refusal' ? 'refusal' : 'text';
      yield* this.part(index, kind).finish(part);
    }
    for (const made of item === undefined ? [] : imagesOf(item)) {
      yield { type: 'image_made', made };
    }
    yield { type: 'message_done' };
  }
}
