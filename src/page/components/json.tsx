import { layOutJson } from '../format.ts';

/** Longer values are folded at first. */
const foldedLength = 400;

/** A JSON text or another value of a call, laid out and folded when long. */
export function Json({ text, label }: { readonly text: string; readonly label: string }) {
  const laidOut = layOutJson(text);
  const body = (
    <pre tabIndex={0} aria-label={label}>
      <code>{laidOut}</code>
    </pre>
  );
  if (laidOut.length <= foldedLength) return body;
  return (
    <details>
      <summary>
        {label}, {laidOut.length.toLocaleString('en')} characters
      </summary>
      {body}
    </details>
  );
}
