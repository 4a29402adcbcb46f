// Asks a model for the call that each task needs, and compares it with the expected one.
//   OPENAI_API_KEY=… [OPENAI_BASE_URL=…] npm run eval -- --model gpt-4.1-mini
//   npm run eval -- --smoke      a scripted model, which shows only that the evaluation works
import { parseArgs } from 'node:util';
import OpenAI from 'openai';
import { askModel } from './ask-model.ts';
import { type Score, scoreCalls } from './score.ts';
import { startScriptedEndpoint } from './scripted-endpoint.ts';
import { tasks } from './tasks.ts';

const print = (line: string) => void process.stdout.write(`${line}\n`);

/** Asks for one task after the other, so that the output has their order; resolves to the scores. */
async function evaluate(openai: OpenAI, model: string): Promise<readonly Score[]> {
  const scores: Score[] = [];
  for (const [index, task] of tasks.entries()) {
    const calls = await askModel(openai, model, task.words);
    const score = scoreCalls(task, calls);
    const made = score === 'right' ? '' : `  got ${JSON.stringify(calls[0] ?? null)}`;
    print(`${String(index + 1).padStart(2)}  ${score.padEnd(15)}  ${task.tool}${made}`);
    scores.push(score);
  }
  return scores;
}

const { values } = parseArgs({
  options: { model: { type: 'string' }, smoke: { type: 'boolean', default: false } },
});
if (!values.smoke && values.model === undefined) {
  process.stderr.write('npm run eval needs --model NAME, or --smoke.\n');
  process.exit(2);
}
const scripted = values.smoke ? await startScriptedEndpoint() : null;
const openai = new OpenAI(
  scripted === null ? {} : { apiKey: 'none', baseURL: scripted.baseURL, maxRetries: 0 },
);
const scores = await evaluate(openai, values.model ?? 'scripted');
scripted?.close();
const right = scores.filter((score) => score === 'right').length;
print(`${right} of ${tasks.length} calls are right.`);
if (values.smoke && right < tasks.length) process.exitCode = 1;
