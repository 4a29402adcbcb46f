import { imageDelta, messageDelta } from '../events/delta-events.ts';
import type { StreamEvent } from '../events/event-bus.ts';
import type { MessageContent, ModelEvent } from '../models/model.ts';

type Delta = Extract<ModelEvent, { type: 'delta' }>;

/** The content of a message while it streams: in memory only, until the message is saved. */
export class StreamedContent {
  readonly parts: MessageContent[] = [];
  /** The model's part numbers → indexes of `parts`: parts without content leave no gap. */
  readonly #partIndex = new Map<number, number>();

  /** Appends a delta and returns its event. */
  append(message_id: string, event: Delta): StreamEvent {
    const part = this.#partIndex.get(event.part) ?? this.parts.length;
    this.#partIndex.set(event.part, part);
    const { kind, text, annotation } = event;
    const isFirst = this.parts[part] === undefined;
    const content = (this.parts[part] ??=
      kind === 'text'
        ? { type: kind, text: { value: '', annotations: [] } }
        : { type: kind, refusal: '' });
    let annotationIndex = 0;
    if (content.type === 'refusal') content.refusal += text;
    if (content.type === 'text') {
      annotationIndex = content.text.annotations.length;
      content.text.value += text;
      if (annotation !== undefined) content.text.annotations.push(annotation);
    }
    return messageDelta(message_id, { ...event, part }, { isFirst, annotationIndex });
  }

  /** Appends an image and returns its event. */
  appendImage(message_id: string, file_id: string): StreamEvent {
    const event = imageDelta(message_id, file_id, this.parts.length);
    this.parts.push({ type: 'image_file', image_file: { file_id, detail: 'auto' } });
    return event;
  }
}
