import { readToken, saveToken } from './data/token.ts';

/*
 * A server that other machines can reach gives the page only to those who have its token: this script
 * asks for it and loads the page with it.
 */

async function loadFile(file: string, token: string): Promise<Blob | null> {
  const response = await fetch(`/page/${file}`, { headers: { authorization: `Bearer ${token}` } });
  if (response.status === 401) return null;
  if (!response.ok) throw new Error(`The server answered with status ${response.status}.`);
  return response.blob();
}

/** Resolves to whether the server accepts the token. */
async function openPage(token: string): Promise<boolean> {
  const [script, style] = [await loadFile('app.js', token), await loadFile('app.css', token)];
  if (script === null || style === null) return false;
  saveToken(token);
  const sheet = new CSSStyleSheet();
  await sheet.replace(await style.text());
  document.adoptedStyleSheets = [sheet];
  document.querySelector('#app')?.replaceChildren();
  const url = URL.createObjectURL(script);
  await import(url);
  URL.revokeObjectURL(url);
  return true;
}

const form = document.querySelector('form');
const field = document.querySelector('input');
const problem = document.querySelector('.error-text');

async function tryToken(token: string): Promise<void> {
  try {
    const isOpen = await openPage(token);
    if (!isOpen && problem) problem.textContent = 'The server does not accept this token.';
  } catch (error) {
    if (problem) problem.textContent = error instanceof Error ? error.message : String(error);
  }
}

form?.addEventListener('submit', (event) => {
  event.preventDefault();
  void tryToken(field?.value.trim() ?? '');
});
const known = readToken();
if (known !== null) void tryToken(known);
