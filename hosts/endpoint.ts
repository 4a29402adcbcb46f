import { type Model, startModel } from '../revive/model.ts';
import { systemClock } from '../src/shared/clock.ts';
import { createStorage } from '../test/support/upstream-files.ts';

/** Starts the model endpoint of the server's runs, which has files and vector stores too. */
export const startEndpoint = (): Promise<Model> =>
  startModel(createStorage({ clock: systemClock, apiKey: null }).fetch);
