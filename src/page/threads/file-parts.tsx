import { useEffect, useState } from 'preact/hooks';
import { sentenceOf } from '../data/client.ts';
import { saveFile } from '../data/save-file.ts';
import { formatBytes, shortId } from '../format.ts';
import { useLoaded, useSession } from '../session.ts';

/** Hosts allow an app no addresses of `blob:`. */
async function toDataUrl(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCodePoint(byte)).join(''));
  return `data:${blob.type};base64,${base64}`;
}

/** The bytes of a file as an address; null until they are here. */
function useFileUrl(file_id: string): { url: string | null; error: unknown } {
  const { openai } = useSession();
  const [state, setState] = useState<{ url: string | null; error: unknown }>({
    url: null,
    error: null,
  });
  useEffect(() => {
    let isCurrent = true;
    const load = async () => {
      const response = await openai.files.content(file_id);
      const url = await toDataUrl(await response.blob());
      if (isCurrent) setState({ url, error: null });
    };
    load().catch((error: unknown) => isCurrent && setState({ url: null, error }));
    return () => {
      isCurrent = false;
    };
  }, [file_id]);
  return state;
}

/** An image that a message or a tool refers to. */
export function FileImage({ file_id }: { readonly file_id: string }) {
  const { url, error } = useFileUrl(file_id);
  if (error !== null)
    return (
      <p class="missing">
        🖼 {shortId(file_id)}: {sentenceOf(error)}
      </p>
    );
  return url === null ? <p class="loading">Loading the image…</p> : <img src={url} alt={file_id} />;
}

/** A file with its name and size, to download. */
export function FileLink({ file_id }: { readonly file_id: string }) {
  const { openai, report, isEmbedded } = useSession();
  const { value: file } = useLoaded(`file ${file_id}`, () =>
    openai.files.retrieve(file_id).catch(() => null),
  );
  const download = async () => {
    try {
      const response = await openai.files.content(file_id);
      saveFile(await response.blob(), file?.filename ?? file_id);
    } catch (error) {
      report(error);
    }
  };
  const name = (
    <>
      📄 {file?.filename ?? shortId(file_id)}
      {file !== null && <small> {formatBytes(file.bytes)}</small>}
    </>
  );
  if (isEmbedded) return <span title={file_id}>{name}</span>;
  return (
    <button type="button" class="file" title={file_id} onClick={() => void download()}>
      {name}
    </button>
  );
}
