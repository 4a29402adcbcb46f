import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { temporary } from '../support/temporary-files.ts';
import { openapiDocument } from '../support/openapi.ts';
import { startServe } from '../support/serve.ts';
import { startedEventNames, messageEventNames } from '../support/run-stream.ts';

const program = fileURLToPath(new URL('client.pl', import.meta.url));
const hasPerlClient = spawnSync('perl', ['-MOpenAPI::Client', '-e', '1']).status === 0;

test.skipIf(!hasPerlClient)(
  'serves a Perl client generated from the OpenAPI document (needs libopenapi-client-perl)',
  async () => {
    const { url } = await startServe();
    const document = temporary('openapi.json');
    writeFileSync(document, JSON.stringify(openapiDocument));
    const args = [program, document, `${url}/v1`, 'Weather in Oslo?'];
    const { stdout } = await promisify(execFile)('perl', args);
    const { events, ...output } = z
      .looseObject({ events: z.array(z.string()) })
      .parse(JSON.parse(stdout));
    expect(output).toEqual({
      statuses: ['queued', 'requires_action', 'completed'],
      functions: ['get_weather'],
      steps: ['tool_calls', 'message_creation'],
      messages: [
        { role: 'user', text: 'Weather in Oslo?' },
        { role: 'assistant', text: 'Scripted model: get_weather said: -3C, snow' },
      ],
      deleted: true,
    });
    const expected = ['created', ...startedEventNames, ...messageEventNames, 'run.completed'];
    expect(events.filter((event, index) => event !== events[index - 1])).toEqual([
      ...expected.map((name) => `thread.${name}`),
      'done',
    ]);
  },
);
