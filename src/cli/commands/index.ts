import type { Command } from '../host.ts';
import { backupCommand } from './backup.ts';
import { demoCommand } from './demo.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { pruneCommand } from './prune.ts';
import { serveCommand } from './serve.ts';
import { stdioCommand } from './stdio.ts';

/** All commands, in the order in which the help lists them. */
export const commands: readonly Command[] = [
  stdioCommand,
  serveCommand,
  importCommand,
  exportCommand,
  backupCommand,
  pruneCommand,
  demoCommand,
];
