import { writeFileSync } from 'node:fs';
import { runProgram } from './command-line.mjs';
import { callJob, http, isStdio, stdio } from './setting.mjs';

const config = 'mcporter.json';
writeFileSync(config, JSON.stringify({ mcpServers: { assistants: isStdio ? stdio : http } }));

await callJob(async (name, args) => {
  const json = JSON.stringify(args);
  const flags = ['--config', config, 'call', `assistants.${name}`, '--args', json];
  return (await runProgram('mcporter', [...flags, '--output', 'raw'])).stdout;
});
