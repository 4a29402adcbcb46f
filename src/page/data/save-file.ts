/** Long enough for the browser to begin with the file. */
const revokeAfterMs = 10_000;

/** Saves bytes as a file of the person. */
export function saveFile(bytes: Blob, name: string): void {
  const url = URL.createObjectURL(bytes);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), revokeAfterMs);
}
