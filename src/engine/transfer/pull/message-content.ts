import { isJsonObject } from '../../../shared/json.ts';
import type { Problems } from './problems.ts';

const annotationTypes: ReadonlySet<unknown> = new Set(['file_citation', 'file_path']);

/** The annotations that the API has; the others are named, their text stays in the message. */
function toAnnotations(annotations: unknown, label: string, problems: Problems): unknown {
  if (!Array.isArray(annotations)) return [];
  return annotations.filter((annotation: unknown) => {
    const type: unknown = isJsonObject(annotation) ? annotation['type'] : undefined;
    if (typeof type !== 'string' || annotationTypes.has(type)) return true;
    problems.add(`${type} annotation of ${label}`, 'The API has no annotations of this type.');
    return false;
  });
}

function toPart(part: unknown, label: string, problems: Problems): unknown {
  if (typeof part === 'string') return { type: 'text', text: { value: part, annotations: [] } };
  if (!isJsonObject(part) || part['type'] !== 'text') return part;
  const { text } = part;
  if (typeof text === 'string') return { ...part, text: { value: text, annotations: [] } };
  if (!isJsonObject(text)) return part;
  return {
    ...part,
    text: { ...text, annotations: toAnnotations(text['annotations'], label, problems) },
  };
}

/** A message's content as a list of parts; servers also send one text, or nothing. */
export function toContent(content: unknown, label: string, problems: Problems): unknown {
  if (content === null || content === undefined) return [];
  const parts: unknown = Array.isArray(content) ? content : [content];
  return Array.isArray(parts) ? parts.map((part) => toPart(part, label, problems)) : content;
}
