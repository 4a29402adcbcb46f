// Loaded before a driver: packages that it imports come from the folder of the program.
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const isDriver = (url = ''): boolean => /\/(?:revive|hosts)\/drivers\/[^/]+$/u.test(url);
const program = pathToFileURL(join(process.env['REVIVE_PROGRAM'] ?? '', 'package.json')).href;

registerHooks({
  resolve: (specifier, context, nextResolve) =>
    isDriver(context.parentURL) && /^[@\w]/u.test(specifier)
      ? nextResolve(specifier, { ...context, parentURL: program })
      : nextResolve(specifier, context),
});
