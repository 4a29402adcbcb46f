import { expect, test } from 'vitest';
import type { Command } from '../../src/cli/host.ts';
import { commands } from '../../src/cli/commands/index.ts';
import { commandOptions } from '../../src/config/command-options.ts';
import { commandHelpText, helpText } from '../../src/config/help.ts';
import type { OptionInfo } from '../../src/config/option.ts';
import { sharedOptions } from '../../src/config/options.ts';

const nameOf = ({ flag, env }: OptionInfo): string =>
  flag === null ? (env[0] ?? '') : `--${flag}`;

const namesOf = (options: Readonly<Record<string, OptionInfo>>): string[] =>
  Object.values(options).map(nameOf);

/** The options that a help text describes, by their entries' first words. */
const describedIn = (text: string): string[] =>
  [...text.matchAll(/^ {2}(--[a-z-]+|[A-Z_]{3,})/gmu)].flatMap(([, name]) => name ?? []);

const named = commands.filter(({ isDefault }) => isDefault !== true);
const program = helpText('1.2.3', commands);

test('the names of all commands are unique, and one command is the default', () => {
  const names = commands.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  expect(commands.filter(({ isDefault }) => isDefault === true)).toHaveLength(1);
});

test('every option that not all commands have belongs to some', () => {
  const owned = new Set(commands.flatMap(({ options }) => namesOf(options)));
  expect([...owned].toSorted()).toEqual([...new Set(namesOf(commandOptions))].toSorted());
});

test('no two options share a flag or an environment variable, except for --files', () => {
  const all = Object.values<OptionInfo>({ ...sharedOptions, ...commandOptions });
  const names = all.flatMap(({ flag, env }) => [...(flag === null ? [] : [flag]), ...env]);
  const others = names.filter((name) => name !== 'files');
  expect(others).toEqual([...new Set(others)]);
  expect(names.length - others.length).toBe(3);
});

test('the help of the program describes every command and every option once', () => {
  for (const { usage, summary } of commands) {
    expect(program).toContain(`  assistants-mcp ${usage}`);
    expect(program).toContain(summary);
  }
  const expected = [...namesOf(sharedOptions), ...commands.flatMap((one) => namesOf(one.options))];
  expect(describedIn(program)).toEqual(expected);
});

test.each(named.map((command): [string, Command] => [command.name, command]))(
  'the help of %s describes this command alone',
  (_name, command) => {
    const text = commandHelpText(command);
    expect(text).toContain(`Usage: assistants-mcp ${command.usage}\n\n${command.summary}.\n`);
    expect(describedIn(text)).toEqual(namesOf(command.options));
    const others = named.filter((other) => other !== command);
    expect(others.filter(({ summary }) => text.includes(summary))).toEqual([]);
  },
);

test('every line of every help text has at most 100 columns and no trailing space', () => {
  const texts = [program, ...named.map((command) => commandHelpText(command))];
  const lines = texts.flatMap((text) => text.split('\n'));
  expect(lines.filter((line) => line.length > 100 || line.endsWith(' '))).toEqual([]);
});

test('the help gives the variable, the default and the requirement of an option', () => {
  expect(program).toContain('(or ASSISTANTS_PORT; default: 8080)');
  expect(program).toContain('(environment only; default: none: no authentication, loopback only)');
  expect(program).toMatch(/ {2}--older-than TIME [^(]*\n +\(required\)\n/u);
});
