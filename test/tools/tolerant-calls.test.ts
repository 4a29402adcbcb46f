import { describe, expect, test } from 'vitest';
import { createAnyCallServer } from '../support/any-call-server.ts';
import { emptyTexts, hostFields, otherTypes } from '../support/host-oddities.ts';
import { connectTools } from '../support/mcp.ts';
import { clearing, nulls, nullTexts, texts } from '../support/tolerated-calls.ts';

describe.each([
  ['null for', nulls],
  ['null, which clears', clearing],
  ['JSON text for', texts],
  ['the text "null" for', nullTexts],
  ['empty text for', emptyTexts],
  ['another type:', otherTypes],
  ['what a host adds:', hostFields],
])('%s', (_, cases) => {
  test.each(cases)('%s is taken by %s', async (_why, name, args, sent) => {
    const { openai, requests, requestLines } = createAnyCallServer();
    const host = await connectTools({ openai });
    const { failed, text } = await host.call(name, args);
    expect({ failed, text: failed ? text : '' }).toEqual({ failed: false, text: '' });
    const query = requestLines[0]?.split('?')[1] ?? '';
    expect(typeof sent === 'string' ? query : await requests[0]?.json()).toEqual(sent);
  });
});
