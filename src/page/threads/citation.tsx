import type OpenAI from 'openai';
import { useState } from 'preact/hooks';
import { Dialog } from '../components/dialog.tsx';
import { Loading } from '../components/notice.tsx';
import { readSteps } from '../data/thread-store.ts';
import { shortId } from '../format.ts';
import { useLoaded, useSession } from '../session.ts';
import { FileLink } from './file-parts.tsx';

type FileCitation = OpenAI.Beta.Threads.FileCitationAnnotation;

/** Where the passages are that a message cites. */
export interface CitationRun {
  readonly thread_id: string;
  readonly run_id: string | null;
}

/** The passages of a file that the run's searches found, best first. */
async function findPassages(
  openai: OpenAI,
  { thread_id, run_id }: CitationRun,
  file_id: string,
): Promise<string[]> {
  if (run_id === null) return [];
  const steps = await readSteps(openai, thread_id, run_id);
  const calls = steps.flatMap(({ step_details: details }) =>
    details.type === 'tool_calls' ? details.tool_calls : [],
  );
  const results = calls.flatMap((call) =>
    call.type === 'file_search' ? (call.file_search.results ?? []) : [],
  );
  return results
    .filter((result) => result.file_id === file_id)
    .toSorted((one, other) => other.score - one.score)
    .flatMap(({ content = [] }) => content.map(({ text = '' }) => text));
}

function Passages({ run, file_id }: { run: CitationRun; file_id: string }) {
  const { openai } = useSession();
  const { value } = useLoaded(`${run.run_id} ${file_id}`, () => findPassages(openai, run, file_id));
  if (value === null) return <Loading />;
  if (value.length === 0) return <p>The run did not store the text of the passage.</p>;
  return (
    <>
      {value.map((text) => (
        <blockquote class="passage">{text}</blockquote>
      ))}
    </>
  );
}

interface Props {
  readonly number: number;
  readonly annotation: FileCitation;
  readonly run: CitationRun;
}

/** A citation: a small number that opens the cited passage. */
export function Citation({ number, annotation, run }: Props) {
  const [isOpen, setOpen] = useState(false);
  const { file_id } = annotation.file_citation;
  return (
    <>
      <button
        type="button"
        class="citation"
        title={annotation.text}
        aria-label={`Citation ${number}`}
        onClick={() => setOpen(true)}
      >
        {number}
      </button>
      {isOpen && (
        <Dialog title={`Citation ${number}`} onClose={() => setOpen(false)}>
          <p>
            <FileLink file_id={file_id} /> <small>{shortId(file_id)}</small>
          </p>
          <Passages run={run} file_id={file_id} />
        </Dialog>
      )}
    </>
  );
}
