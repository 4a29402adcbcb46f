import type OpenAI from 'openai';
import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';
import { Markdown } from '../components/markdown.tsx';
import { statusWords } from '../components/status.tsx';
import type { Message } from '../data/thread-state.ts';
import { formatClock, formatDate, formatNumber, shortId } from '../format.ts';
import { hrefOf } from '../router.ts';
import { useSession } from '../session.ts';
import { FileImage, FileLink } from './file-parts.tsx';
import { Citation, type CitationRun } from './citation.tsx';

type Annotation = OpenAI.Beta.Threads.Annotation;

/** A longer text is folded, with its length. */
const foldedLength = 20_000;

/** Replaces the marks of annotations in a text by what they stand for. */
function wrapMarks(annotations: readonly Annotation[], run: CitationRun) {
  const byMark = new Map(
    annotations.map((annotation, index) => [annotation.text, { annotation, index }]),
  );
  return (text: string): ComponentChildren => {
    if (byMark.size === 0) return text;
    const pieces: ComponentChildren[] = [];
    let rest = text;
    while (rest !== '') {
      const next = [...byMark]
        .map(([mark, value]) => ({ mark, value, at: rest.indexOf(mark) }))
        .filter(({ mark, at }) => at >= 0 && mark !== '')
        .toSorted((one, other) => one.at - other.at)[0];
      if (next === undefined) break;
      pieces.push(rest.slice(0, next.at));
      const { annotation, index } = next.value;
      pieces.push(
        annotation.type === 'file_citation' ? (
          <Citation number={index + 1} annotation={annotation} run={run} />
        ) : (
          <FileLink file_id={annotation.file_path.file_id} />
        ),
      );
      rest = rest.slice(next.at + next.mark.length);
    }
    return [...pieces, rest];
  };
}

function LongText({ text, children }: { text: string; children: ComponentChildren }) {
  const [isOpen, setOpen] = useState(false);
  if (isOpen || text.length <= foldedLength) return children;
  return (
    <>
      <pre class="plain">{text.slice(0, 2000)}…</pre>
      <button type="button" onClick={() => setOpen(true)}>
        Show all {formatNumber(text.length)} characters
      </button>
    </>
  );
}

function Part({ part, run }: { part: Message['content'][number]; run: CitationRun }) {
  switch (part.type) {
    case 'text': {
      const { value, annotations } = part.text;
      return (
        <LongText text={value}>
          <Markdown text={value} wrap={wrapMarks(annotations, run)} />
        </LongText>
      );
    }
    case 'refusal':
      return <p class="refusal">{part.refusal}</p>;
    case 'image_file':
      return <FileImage file_id={part.image_file.file_id} />;
    case 'image_url':
      return part.image_url.url.startsWith('data:image/') ? (
        <img src={part.image_url.url} alt="from the message" />
      ) : (
        <p>
          🖼 <span class="break">{part.image_url.url}</span>
        </p>
      );
  }
}

function RunLink({ thread_id, run_id }: { thread_id: string; run_id: string }) {
  const { isEmbedded } = useSession();
  const name = shortId(run_id);
  if (isEmbedded) return <span class="quiet-link">{name}</span>;
  return (
    <a class="quiet-link" href={hrefOf(['threads', thread_id, 'runs', run_id])}>
      {name}
    </a>
  );
}

interface Props {
  readonly message: Message;
  readonly author: string;
  readonly isStreaming: boolean;
  readonly onBranch: ((message: Message) => void) | null;
}

/** One message of a conversation. */
export const MessageView = memo(function MessageView(props: Props) {
  const { message, author, isStreaming, onBranch } = props;
  const { run_id, thread_id } = message;
  const run = { run_id, thread_id };
  return (
    <article
      class={`message message-${message.role}`}
      id={message.id}
      aria-label={`${author} wrote`}
    >
      <header>
        <strong>{author}</strong>
        <time title={formatDate(message.created_at)}>{formatClock(message.created_at)}</time>
        {run_id !== null && <RunLink thread_id={thread_id} run_id={run_id} />}
        {message.status === 'incomplete' && <span class="status">◒ {statusWords.incomplete}</span>}
        {onBranch !== null && message.role === 'user' && (
          <button type="button" class="quiet" onClick={() => onBranch(message)}>
            Edit and run again
          </button>
        )}
      </header>
      <div class="content">
        {message.content.map((part) => (
          <Part part={part} run={run} />
        ))}
        {isStreaming && <span class="cursor" aria-hidden="true" />}
      </div>
      {(message.attachments ?? []).length > 0 && (
        <footer>
          {message.attachments?.map(({ file_id }) => file_id && <FileLink file_id={file_id} />)}
        </footer>
      )}
    </article>
  );
});
