import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const page = readFileSync('docs/install.md', 'utf8');

/** The link of docs/install.md that starts like this. */
const linkTo = (start: string): URL =>
  new URL(
    page
      .match(/\]\((https:[^)]+)\)/gu)
      ?.map((link) => link.slice(2, -1))
      .find((link) => link.startsWith(start)) ?? '',
  );

const launch = { command: 'npx', args: ['-y', manifest.name] };

describe('the links of docs/install.md', () => {
  test('VS Code starts the package, and asks for the key', () => {
    const { searchParams } = linkTo('https://insiders.vscode.dev/redirect/mcp/install?');
    const inputs: unknown = JSON.parse(searchParams.get('inputs') ?? '');
    expect(searchParams.get('name')).toBe('assistants');
    expect(JSON.parse(searchParams.get('config') ?? '')).toEqual({
      ...launch,
      type: 'stdio',
      env: { OPENAI_API_KEY: '${input:openai-key}' },
    });
    expect(inputs).toMatchObject([{ id: 'openai-key', type: 'promptString', password: true }]);
  });

  test('Cursor starts the package', () => {
    const { searchParams } = linkTo('https://cursor.com/en/install-mcp?');
    const config = Buffer.from(searchParams.get('config') ?? '', 'base64').toString('utf8');
    expect(searchParams.get('name')).toBe('assistants');
    expect(JSON.parse(config)).toEqual({ ...launch, env: { OPENAI_API_KEY: 'your key' } });
  });
});
