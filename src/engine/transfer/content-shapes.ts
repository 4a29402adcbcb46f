import { isJsonObject } from '../../shared/json.ts';
import type { Fields } from './field-names.ts';
import type { Note } from './changes.ts';

/* The content and attachments of messages, as other programs wrote them → those of this API. */

const isCount = (value: unknown): boolean => typeof value === 'number' && value >= 0;

/** An annotation that has all fields of this API, where the others say enough. */
function toAnnotation(annotation: Fields, text: string, note: Note): Fields {
  const { type } = annotation;
  if (type !== 'file_citation' && type !== 'file_path') {
    note('Kept', `annotation of type '${String(type)}' as it is`, 'content');
    return annotation;
  }
  const { file_id, ...rest } = annotation;
  const fields: Fields = { text: '', ...rest };
  if (fields[type] === undefined && typeof file_id === 'string') fields[type] = { file_id };
  if (isCount(fields['start_index']) && isCount(fields['end_index'])) return fields;
  const marker = typeof fields['text'] === 'string' ? fields['text'] : '';
  const start = marker === '' ? 0 : Math.max(0, text.indexOf(marker));
  note('Added', "'start_index' and 'end_index' of an annotation", 'content');
  return { ...fields, start_index: start, end_index: start + marker.length };
}

function toAnnotations(value: unknown, text: string, note: Note): unknown {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return value;
  return value.flatMap((annotation: unknown) => {
    if (isJsonObject(annotation) && typeof annotation['type'] === 'string') {
      return [toAnnotation(annotation, text, note)];
    }
    note('Dropped', 'annotation without a type', 'content');
    return [];
  });
}

/** A text part from its text, or from an object with the text as `value`. */
function toTextPart(part: Fields, text: unknown, note: Note): Fields {
  const { annotations = [], ...rest } = part;
  const own: Fields = isJsonObject(text) ? text : { value: text };
  const value = typeof own['value'] === 'string' ? own['value'] : '';
  const all = toAnnotations(own['annotations'] ?? annotations, value, note);
  return { ...rest, type: 'text', text: { ...own, annotations: all } };
}

/** The names of text parts in this API, in the Responses API and elsewhere. */
const textTypes: ReadonlySet<unknown> = new Set(['text', 'input_text', 'output_text', undefined]);

function toImagePart({ type, ...part }: Fields): Fields {
  const { image_url, file_id, detail, ...rest } = part;
  const details = typeof detail === 'string' ? { detail } : {};
  if (typeof image_url === 'string') {
    return { ...rest, type: 'image_url', image_url: { url: image_url, ...details } };
  }
  const file = typeof file_id === 'string' ? { file_id, ...details } : undefined;
  return type === 'input_image' && file !== undefined
    ? { ...rest, type: 'image_file', image_file: file }
    : { type, ...part };
}

function toPart(value: unknown, note: Note): unknown {
  if (typeof value === 'string') return { type: 'text', text: { value, annotations: [] } };
  if (!isJsonObject(value)) return value;
  const { type } = value;
  if (type === 'image_url' || type === 'input_image') return toImagePart(value);
  if (!textTypes.has(type)) return value;
  const name = ['text', 'value', 'content'].find((key) => value[key] !== undefined);
  const text = name === undefined ? undefined : value[name];
  if (name === undefined || (typeof text !== 'string' && !isJsonObject(text))) return value;
  const { [name]: _, ...rest } = value;
  return toTextPart(rest, text, note);
}

const isTextObject = (value: unknown): boolean =>
  isJsonObject(value) && (typeof value['type'] === 'string' || typeof value['value'] === 'string');

/** The parts of a message from its text, from one part, or from a list of both. */
export function toContent(value: unknown, note: Note): unknown {
  if (value === null) return [];
  if (typeof value === 'string') return value === '' ? [] : [toPart(value, note)];
  if (Array.isArray(value)) return value.map((part: unknown) => toPart(part, note));
  return isTextObject(value) ? [toPart(value, note)] : value;
}

/** What read the files of messages in version v1. */
export const bothTools = [{ type: 'code_interpreter' }, { type: 'file_search' }];

function toAttachment(value: unknown, note: Note): unknown {
  if (typeof value === 'string') return { file_id: value, tools: bothTools };
  if (!isJsonObject(value) || !Array.isArray(value['tools'])) return value;
  const tools = value['tools'].flatMap((tool: unknown) => {
    const type: unknown = isJsonObject(tool) ? tool['type'] : tool;
    if (type === 'retrieval') return [{ type: 'file_search' }];
    if (type === 'code_interpreter' || type === 'file_search') return [{ ...Object(tool), type }];
    if (typeof type !== 'string') return [tool];
    note('Dropped', `tool of type '${type}' of an attachment`, 'attachments');
    return [];
  });
  return { ...value, tools };
}

/** Attachments of a message; in version v1 it had only `file_ids`, for every tool. */
export function withAttachments(fields: Fields, note: Note): Fields {
  const { file_ids, ...rest } = fields;
  const { attachments } = fields;
  if (Array.isArray(attachments) && attachments.length > 0) {
    return { ...rest, attachments: attachments.map((each: unknown) => toAttachment(each, note)) };
  }
  if (!Array.isArray(file_ids)) return file_ids === null ? rest : fields;
  if (file_ids.length === 0) return rest;
  note('Changed', "'file_ids' of a message are now 'attachments'", 'file_ids');
  return { ...rest, attachments: file_ids.map((id: unknown) => toAttachment(id, note)) };
}
