import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { DockerfileParser, type Instruction, type JSONInstruction } from 'dockerfile-ast';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { parse } from 'yaml';
import { commands } from '../../src/cli/commands/index.ts';
import { sharedOptions } from '../../src/config/options.ts';
import { cleanEnv, script, temporaryFolder } from '../e2e/server.ts';

const dockerfile = DockerfileParser.parse(readFileSync('Dockerfile', 'utf8'));
const instructions = dockerfile.getInstructions();
const token = 'the-token-of-the-container';
const named = (keyword: string): Instruction[] =>
  instructions.filter((instruction) => instruction.getKeyword() === keyword);

/** The words of an instruction in JSON form. */
function wordsOf(instruction: Instruction | undefined): string[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that this is called for can have JSON
  const strings = (instruction as JSONInstruction).getJSONStrings();
  return strings.map((text) => z.string().parse(JSON.parse(text.getValue())));
}

test('every image has a fixed version', () => {
  const images = named('FROM').map((from) => from.getArgumentsContent()?.split(' ')[0]);
  expect(images.length).toBe(2);
  for (const image of images) expect(image).toMatch(/^node:\d+-[a-z]+-slim$/u);
});

test('the program runs as a user without rights, which owns its data', () => {
  const last = instructions.findLast((instruction) => instruction.getKeyword() === 'USER');
  expect(last?.getArgumentsContent()).toBe('node');
  const order = instructions.map((instruction) => instruction.getKeyword());
  expect(order.indexOf('USER')).toBeLessThan(order.indexOf('ENTRYPOINT'));
  expect(named('RUN').at(-1)?.getArgumentsContent()).toContain('chown node:node /data');
  expect(named('VOLUME').map((volume) => volume.getArgumentsContent())).toEqual(['/data']);
});

test('all that is copied exists, and is not left out of the build', () => {
  const context = readFileSync('.dockerignore', 'utf8').split('\n').filter(Boolean);
  expect(context.shift()).toBe('*');
  const sources = named('COPY')
    .map((copy) => copy.getArgumentsContent()?.split(' ') ?? [])
    .flatMap((words) => words.slice(0, -1))
    // The result of the build.
    .filter((source) => source !== '/build/dist');
  expect(sources).toContain('package-lock.json');
  for (const source of sources) {
    const name = source.replace(/^\.\//u, '');
    expect(existsSync(name)).toBe(true);
    expect(context).toContain(`!${name}`);
  }
});

test('the image starts serve, which its health check finds healthy', async () => {
  const folder = temporaryFolder();
  const [node, ...args] = [...wordsOf(named('ENTRYPOINT')[0]), ...wordsOf(named('CMD')[0])];
  expect(node).toBe('node');
  expect(args).toContain('/app/dist/cli.js');
  const [, file = ''] = /^ASSISTANTS_DATABASE=\/data\/(.+)$/u.exec(
    named('ENV')[0]?.getArgumentsContent() ?? '',
  ) ?? [''];
  const local = new Map([
    ['/app/dist/cli.js', script],
    ['8080', '0'],
  ]);
  const words = args.map((word) => local.get(word) ?? word);
  const child = spawn(process.execPath, words, {
    env: {
      ...cleanEnv(folder),
      ASSISTANTS_DATABASE: join(folder, file),
      ASSISTANTS_TOKEN: token,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const listening = z.looseObject({ rest: z.url() });
  let url = '';
  for await (const line of createInterface({ input: child.stderr })) {
    const { data } = listening.safeParse(JSON.parse(line));
    if (data === undefined) continue;
    url = data.rest;
    break;
  }
  child.stderr.resume();

  const check = named('HEALTHCHECK')[0]?.getArgumentsContent() ?? '';
  const [, json = '[]'] = /CMD (\[.+\])$/su.exec(check) ?? [];
  const [checker, ...checkArgs] = z.array(z.string()).parse(JSON.parse(json));
  expect(checker).toBe('node');
  const { port } = new URL(url);
  const runCheck = () =>
    promisify(execFile)(
      process.execPath,
      checkArgs.map((word) => word.replace(':8080', `:${port}`)),
      { env: { ASSISTANTS_TOKEN: token } },
    );
  await expect(runCheck()).resolves.toBeDefined();
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  await expect(runCheck()).rejects.toMatchObject({ code: 1 });
});

const service = z.object({
  image: z.string().optional(),
  ports: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
});
const compose = z
  .object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.null()) })
  .parse(parse(readFileSync('compose.yaml', 'utf8')));

test('compose.yaml sets only variables that exist, and waits for a healthy database', () => {
  const { assistants, postgres } = compose.services;
  const options = [sharedOptions, ...commands.map((command) => command.options)];
  const known = options.flatMap((group) => Object.values(group).flatMap(({ env }) => env));
  for (const name of Object.keys(assistants?.environment ?? {})) expect(known).toContain(name);
  expect(assistants?.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
  expect(postgres?.healthcheck?.test.join(' ')).toContain('pg_isready');
  expect(postgres?.image).toMatch(/^postgres:\d+-[a-z]+$/u);
  expect(assistants?.ports).toEqual(['127.0.0.1:8080:8080']);
  const url = new URL(assistants?.environment['ASSISTANTS_DATABASE'] ?? '');
  expect([url.hostname, url.username]).toEqual([
    'postgres',
    postgres?.environment['POSTGRES_USER'],
  ]);
});
