import { snakeCase } from './field-names.ts';

export type PathSegment = string | number;

const skipSpace = (text: string, start: number): number => {
  let index = start;
  while (' \t\r\n'.includes(text[index] ?? 'x')) index += 1;
  return index;
};

function skipString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index + 1;
}

function skipValue(text: string, start: number): number {
  let [index, depth] = [start, 0];
  while (index < text.length) {
    const character = text.charAt(index);
    if (character === '"') {
      index = skipString(text, index);
      if (depth === 0) return index;
      continue;
    }
    if (depth === 0 && ',]}'.includes(character)) return index;
    if (character === '{' || character === '[') depth += 1;
    if (character === '}' || character === ']') depth -= 1;
    index += 1;
    if (depth === 0 && (character === '}' || character === ']')) return index;
  }
  return index;
}

/** The position of a member of the object, or an item of the array, at `position`; null without one. */
function childPosition(text: string, position: number, segment: PathSegment): number | null {
  const isObject = text[position] === '{';
  if (!isObject && text[position] !== '[') return null;
  let [index, count] = [skipSpace(text, position + 1), 0];
  let found: number | null = null;
  while (index < text.length && text[index] !== '}' && text[index] !== ']') {
    let key: unknown = count;
    if (isObject) {
      const end = skipString(text, index);
      key = JSON.parse(text.slice(index, end));
      index = skipSpace(text, skipSpace(text, end) + 1);
    }
    if (key === segment || (typeof key === 'string' && snakeCase(key) === segment)) found = index;
    index = skipSpace(text, skipValue(text, index));
    if (text[index] === ',') index = skipSpace(text, index + 1);
    count += 1;
  }
  return found;
}

/** How many lines of a JSON text come before the value at a path, or before its nearest parent. */
export function linesBefore(text: string, path: readonly PathSegment[]): number {
  if (text === '') return 0;
  let position = skipSpace(text, 0);
  for (const segment of path) {
    const child = childPosition(text, position, segment);
    if (child === null) break;
    position = child;
  }
  return text.slice(0, position).split('\n').length - 1;
}
