// Packs the built program as an MCP bundle, which hosts such as Claude Desktop install by a click:
// assistants-mcp-<version>.mcpb, or the file that is named.
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { packExtension } from '@anthropic-ai/mcpb/cli';
import manifest from '../package.json' with { type: 'json' };
import { bundleManifest } from './manifest.ts';

const [target = `${manifest.name}-${manifest.version}.mcpb`] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bundle-'));
try {
  const { name, version, type } = manifest;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, type }));
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(bundleManifest(), null, 2));
  cpSync('packaging/icon.png', join(folder, 'icon.png'));
  cpSync('LICENSE', join(folder, 'LICENSE'));
  for (const file of readdirSync('dist').filter((entry) => entry !== 'meta.json')) {
    cpSync(join('dist', file), join(folder, 'dist', file), { recursive: true });
  }
  // It validates the manifest, and prints what is wrong with it.
  const isPacked = await packExtension({ extensionPath: folder, outputPath: resolve(target) });
  if (!isPacked) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
