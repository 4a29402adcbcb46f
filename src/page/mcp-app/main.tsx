// oxlint-disable-next-line import/no-unassigned-import -- it has to come first
import './without-eval.ts';
import { App } from '@modelcontextprotocol/ext-apps';
import OpenAI from 'openai';
import { render } from 'preact';
import { parseJson } from '../../shared/json.ts';
import { applyStyle, hostOf, openLinks } from './host.ts';
import { RunApp } from './run-app.tsx';
import { createToolFetch, type ToolResult } from './tool-fetch.ts';

/** No request leaves the app: `createToolFetch` answers all. */
const baseURL = 'https://assistants.invalid/v1';

/** The names that the server has written into the document. */
function listedTools(): ReadonlySet<string> {
  const names = parseJson(document.querySelector('#tools')?.textContent ?? '');
  return new Set(Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []);
}

const tools = listedTools();
const app = new App(
  { name: 'assistants-mcp', version: '1' },
  {},
  { autoResize: true, strict: true },
);
const openai = new OpenAI({
  baseURL,
  apiKey: 'none',
  dangerouslyAllowBrowser: true,
  maxRetries: 0,
  logLevel: 'off',
  fetch: createToolFetch(
    (name, args) => app.callServerTool({ name, arguments: args }),
    baseURL,
    tools,
  ),
});

const root = document.querySelector('#app');
let result: ToolResult | null = null;
let isCancelled = false;

function show(): void {
  if (root === null) return;
  const host = hostOf(app, tools);
  render(<RunApp openai={openai} host={host} result={result} isCancelled={isCancelled} />, root);
}

// Before `connect`: the host may send them at once.
app.ontoolresult = (params) => {
  result = params;
  isCancelled = false;
  show();
};
app.ontoolcancelled = () => {
  isCancelled = true;
  show();
};
app.onhostcontextchanged = applyStyle;
app.onteardown = () => {
  if (root !== null) render(null, root);
  return {};
};
openLinks(app);
await app.connect();
applyStyle(app.getHostContext() ?? {});
show();
