import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { distFolder } from '../shared/dist-folder.ts';

/** The document of the app that hosts show beside runs; it offers what these tools can do. */
export async function readRunApp(toolNames: readonly string[]): Promise<string> {
  const document = await readFile(join(distFolder, 'mcp-app.html'), 'utf8');
  return document.replace('/* tools */', () => JSON.stringify(toolNames));
}
