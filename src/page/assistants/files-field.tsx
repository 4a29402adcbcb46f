import { useState } from 'preact/hooks';
import { ErrorNotice } from '../components/notice.tsx';
import { useSession } from '../session.ts';
import { FileLink } from '../threads/file-parts.tsx';

interface Props {
  readonly ids: readonly string[];
  readonly onChange: (ids: readonly string[]) => void;
}

/** The files that an assistant's code interpreter reads. */
export function FilesField({ ids, onChange }: Props) {
  const { openai } = useSession();
  const [error, setError] = useState<unknown>(null);
  const upload = async (list: FileList | null) => {
    setError(null);
    try {
      const added: string[] = [];
      for (const file of list ?? []) {
        added.push((await openai.files.create({ file, purpose: 'assistants' })).id);
      }
      onChange([...ids, ...added]);
    } catch (reason) {
      setError(reason);
    }
  };
  return (
    <fieldset>
      <legend>Files of the code interpreter</legend>
      <ul>
        {ids.map((id) => (
          <li key={id}>
            <FileLink file_id={id} />{' '}
            <button type="button" onClick={() => onChange(ids.filter((other) => other !== id))}>
              Remove
            </button>
          </li>
        ))}
      </ul>
      <input
        type="file"
        multiple
        aria-label="Upload files"
        onChange={({ currentTarget }) => void upload(currentTarget.files)}
      />
      {error !== null && <ErrorNotice error={error} />}
    </fieldset>
  );
}
