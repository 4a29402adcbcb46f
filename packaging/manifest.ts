import manifest from '../package.json' with { type: 'json' };
import type { OptionInfo } from '../src/config/option.ts';
import { sharedOptions } from '../src/config/options.ts';
import { allTools } from '../src/tools/registry.ts';

/** The options that the host's form asks for, and what it calls them. */
const asked = [
  ['apiKey', 'API key'],
  ['modelBaseUrl', 'Model endpoint'],
  ['modelApi', 'Model API'],
  ['model', 'Model'],
  ['database', 'Database'],
] as const;

const variableOf = ({ env: [name = ''] }: OptionInfo): string => name;

const firstSentence = (text: string): string => text.split('. ')[0] ?? text;

function field({ help, defaultText, secret }: OptionInfo, title: string) {
  const description = `${help}. Default: ${defaultText}.`.replaceAll('`', '');
  // Without a default, hosts pass on the placeholder of a field that is left empty.
  return {
    type: 'string',
    title,
    description,
    required: false,
    default: '',
    ...(secret === true && { sensitive: true }),
  };
}

/** The manifest of the MCP bundle (`.mcpb`), in version 0.3 of its format. */
export const bundleManifest = () => ({
  manifest_version: '0.3',
  name: manifest.name,
  display_name: 'Assistants',
  version: manifest.version,
  description: manifest.description,
  author: { name: manifest.name },
  license: manifest.license,
  keywords: manifest.keywords,
  icon: 'icon.png',
  server: {
    type: 'node',
    entry_point: 'dist/cli.js',
    mcp_config: {
      command: 'node',
      args: ['${__dirname}/dist/cli.js'],
      env: Object.fromEntries(
        asked.map(([name]) => [variableOf(sharedOptions[name]), `\${user_config.${name}}`]),
      ),
    },
  },
  tools: allTools.map(({ name, description }) => ({
    name,
    description: firstSentence(description),
  })),
  compatibility: {
    platforms: ['darwin', 'win32', 'linux'],
    runtimes: { node: manifest.engines.node },
  },
  user_config: Object.fromEntries(
    asked.map(([name, title]) => [name, field(sharedOptions[name], title)]),
  ),
});
