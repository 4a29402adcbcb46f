import { isJsonObject } from '../../../shared/json.ts';
import type { Note } from '../changes.ts';
import { toContent as toParts } from '../content-shapes.ts';
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

function toKnownPart(part: unknown, label: string, problems: Problems): unknown {
  if (!isJsonObject(part) || !isJsonObject(part['text'])) return part;
  const { text } = part;
  const annotations = toAnnotations(text['annotations'], label, problems);
  return { ...part, text: { ...text, annotations } };
}

/** A message's content as parts of the API, in whatever shape a server sends it. */
export function toContent(content: unknown, label: string, problems: Problems): unknown {
  const note: Note = (change, sentence) => {
    if (change === 'Dropped') problems.add(label, `Dropped: ${sentence}.`);
  };
  const known = Array.isArray(content)
    ? content.map((part: unknown) => toKnownPart(part, label, problems))
    : toKnownPart(content, label, problems);
  return toParts(known ?? null, note);
}
