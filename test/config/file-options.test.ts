import { expect, test } from 'vitest';
import { configOf, problemsOf } from '../support/config.ts';

test.each(['export', 'prune'] as const)(
  '--files is a switch of %s, and a choice elsewhere',
  (name) => {
    const rest = name === 'prune' ? ['--older-than', '1d'] : [];
    const config = configOf({
      argv: [name, '--files', ...rest],
      env: { ASSISTANTS_FILES: 'local' },
    });
    expect(config).toMatchObject({
      files: 'local',
      exportFiles: name === 'export',
      pruneFiles: name === 'prune',
    });
    expect(configOf({ argv: ['--files', 'endpoint'] })).toMatchObject({
      files: 'endpoint',
      exportFiles: false,
      pruneFiles: false,
    });
    expect(problemsOf({ argv: ['serve', '--files'] })).toEqual(['--files needs a value.']);
  },
);

test.each(['0', '1.5GiB', '2000TiB', 'big'])('%s is no size of a file', (text) => {
  expect(problemsOf({ argv: ['--max-file', text] })).toEqual([
    `--max-file: '${text}' is not a size up to 1024TiB, such as 64MiB or 2GiB.`,
  ]);
});
