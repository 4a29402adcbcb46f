import { badRequest, has, unless } from './refusals.ts';
import { createModelServer } from './server.ts';

/** Ollama with a model that cannot reason. Its Responses API ignores formats. */
export const ollama = () =>
  createModelServer({
    name: 'Ollama',
    baseURL: 'http://localhost:11434/v1',
    ignoresFormats: true,
    refuse: (body) =>
      unless(!has(body, 'reasoning_effort') && !has(body, 'reasoning'), () =>
        badRequest('"llama3.1:8b" does not support thinking'),
      ),
  });
