// A client that Perl's OpenAPI::Client makes from the OpenAPI document of the tests.
import { deepEqual, equal } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openapiDocument } from '../../test/support/openapi.ts';
import { answer, question } from './conversation.mjs';

const program = fileURLToPath(new URL('../../test/sdk-clients/client.pl', import.meta.url));
const document = resolve('openapi.json');
writeFileSync(document, JSON.stringify(openapiDocument));
const args = [program, document, process.env.OPENAI_BASE_URL, question];
const { stdout } = await promisify(execFile)('perl', args);
const { events, ...output } = JSON.parse(stdout);
deepEqual(output, {
  statuses: ['queued', 'requires_action', 'completed'],
  functions: ['get_weather'],
  steps: ['tool_calls', 'message_creation'],
  messages: [
    { role: 'user', text: question },
    { role: 'assistant', text: answer },
  ],
  deleted: true,
});
equal(events.at(-2), 'thread.run.completed');
