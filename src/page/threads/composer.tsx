import type OpenAI from 'openai';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useAttempt } from '../components/attempt.ts';
import { sentenceOf } from '../data/client.ts';
import { shortId } from '../format.ts';
import { useSession } from '../session.ts';

type Attachment = NonNullable<OpenAI.Beta.Threads.MessageCreateParams['attachments']>[number];

/** What a person wants to send. */
export interface Draft {
  readonly text: string;
  readonly assistant_id: string;
  readonly attachments: Attachment[];
}

interface Props {
  readonly assistants: readonly OpenAI.Beta.Assistant[];
  readonly assistantId: string;
  /** What the field holds at first. */
  readonly initialText?: string;
  /** Why nothing can be sent now; null: it can. */
  readonly blocked: string | null;
  /** Keeps an unsent text under this name until the tab is closed. */
  readonly draftKey: string;
  readonly onSend: (draft: Draft) => Promise<void>;
}

interface UploadedFile {
  readonly id: string;
  readonly name: string;
}

interface FilesProps {
  readonly files: readonly UploadedFile[];
  readonly onRemove: (file: UploadedFile) => void;
}

const AttachedFiles = ({ files, onRemove }: FilesProps) => (
  <p class="hint">
    {files.map((file) => (
      <button type="button" class="file" title="Do not attach" onClick={() => onRemove(file)}>
        📄 {file.name} ✕
      </button>
    ))}
  </p>
);

/** A button to choose files. */
function AttachButton({ onFiles }: { readonly onFiles: (files: FileList) => void }) {
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        onChange={({ currentTarget }) => {
          if (currentTarget.files !== null) onFiles(currentTarget.files);
          currentTarget.value = '';
        }}
      />
      <button type="button" onClick={() => picker.current?.click()}>
        Attach
      </button>
    </>
  );
}

interface FieldProps {
  readonly placeholder: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onSend: () => void;
}

/** The field of a message; Ctrl or ⌘ with Enter sends it. */
export const MessageField = ({ placeholder, text, onText, onSend }: FieldProps) => (
  <textarea
    aria-label="Message"
    placeholder={placeholder}
    rows={2}
    value={text}
    onInput={({ currentTarget }) => onText(currentTarget.value)}
    onKeyDown={(event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onSend();
    }}
  />
);

/** A text that stays when the page is loaded again. */
function useDraft(key: string, initialText: string | undefined) {
  const storageKey = `draft ${key}`;
  const [text, setText] = useState(() => initialText ?? sessionStorage.getItem(storageKey) ?? '');
  const save = (changed: string) => {
    // At once: sending the first message of a thread leaves this view.
    sessionStorage.setItem(storageKey, changed);
    setText(changed);
  };
  return [text, save] as const;
}

const toAttachment = ({ id }: UploadedFile): Attachment => ({
  file_id: id,
  tools: [{ type: 'file_search' }],
});

/** The state of a message that is being written, and what sends it. */
function useMessage({ draftKey, initialText, onSend }: Props) {
  const { openai } = useSession();
  const [text, setText] = useDraft(draftKey, initialText);
  const [files, setFiles] = useState<readonly UploadedFile[]>([]);
  const [isSending, setSending] = useState(false);
  const [error, attempt] = useAttempt();
  const send = async (assistant_id: string) => {
    setSending(true);
    const attachments = files.map(toAttachment);
    const isSent = await attempt(() => onSend({ text, assistant_id, attachments }));
    setSending(false);
    if (!isSent) return;
    setText('');
    setFiles([]);
  };
  const attach = (list: FileList) => {
    // The list of the input is emptied while the files are being sent.
    const chosen = [...list];
    void attempt(async () => {
      for (const file of chosen) {
        const { id } = await openai.files.create({ file, purpose: 'assistants' });
        setFiles((before) => [...before, { id, name: file.name }]);
      }
    });
  };
  const detach = ({ id }: UploadedFile) => setFiles(files.filter((file) => file.id !== id));
  return { text, setText, files, attach, detach, isSending, error, send };
}

/** The field to write a message, with the assistant that shall answer. */
export function Composer(props: Props) {
  const { assistants, assistantId, blocked } = props;
  const message = useMessage(props);
  const { text, files, error } = message;
  const [chosen, setChosen] = useState(assistantId);
  useEffect(() => setChosen(assistantId), [assistantId]);
  const isKnown = assistants.some(({ id }) => id === chosen);
  const assistant_id = isKnown ? chosen : (assistants[0]?.id ?? '');
  const isReady = blocked === null && assistant_id !== '' && !message.isSending;
  const canSend = isReady && text.trim() !== '';
  const send = (event?: Event) => {
    event?.preventDefault();
    if (canSend) void message.send(assistant_id);
  };
  return (
    <form class="composer" onSubmit={send}>
      {error !== null && (
        <p class="error-text" role="alert">
          {sentenceOf(error)}
        </p>
      )}
      <MessageField
        placeholder="Write a message…"
        text={text}
        onText={message.setText}
        onSend={send}
      />
      {files.length > 0 && <AttachedFiles files={files} onRemove={message.detach} />}
      <div class="row">
        <select
          aria-label="Assistant that answers"
          value={assistant_id}
          onChange={({ currentTarget }) => setChosen(currentTarget.value)}
        >
          {assistants.map(({ id, name }) => (
            <option value={id}>{name ?? shortId(id)}</option>
          ))}
        </select>
        <AttachButton onFiles={message.attach} />
        <span class="hint grow">{blocked ?? ''}</span>
        <button type="submit" class="primary" disabled={!canSend}>
          Send <kbd aria-hidden="true">Ctrl ⏎</kbd>
        </button>
      </div>
    </form>
  );
}
