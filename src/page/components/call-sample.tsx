import { useState } from 'preact/hooks';
import { type CallSample as Sample, sampleLanguages } from '../data/call-samples.ts';
import { useSession } from '../session.ts';

/** The call behind a view, in three languages to copy. */
export function CallSample({ sample }: { readonly sample: Sample }) {
  const { isEmbedded } = useSession();
  const [language, setLanguage] = useState<(typeof sampleLanguages)[number]>('curl');
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(sample[language]);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  // Inside a host the address of the API is not known.
  if (isEmbedded) return null;
  return (
    <details class="sample">
      <summary>Show as code</summary>
      <div class="code-bar">
        <div role="group" aria-label="Language">
          {sampleLanguages.map((name) => (
            <button
              type="button"
              class="quiet"
              aria-pressed={name === language}
              onClick={() => setLanguage(name)}
            >
              {name}
            </button>
          ))}
        </div>
        <button type="button" class="quiet" onClick={() => void copy()}>
          {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
      <pre tabIndex={0}>
        <code>{sample[language]}</code>
      </pre>
    </details>
  );
}
