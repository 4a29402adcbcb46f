import { chatError } from '../chat-upstream.ts';
import { badRequest, unless } from './refusals.ts';
import { type Body, createModelServer, firstOf } from './server.ts';

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const at = (value: unknown, name: string): unknown => Reflect.get(Object(value), name);

const isUntypedAssistant = (item: unknown): boolean =>
  at(item, 'role') === 'assistant' && at(item, 'type') === undefined;

const isSystem = (message: unknown): boolean =>
  ['system', 'developer'].includes(String(at(message, 'role')));

/** Instructions anywhere but at the beginning, which the templates of Qwen refuse. */
const hasLateSystem = ({ messages, input }: Body): boolean =>
  [...list(messages), ...list(input)].slice(1).some(isSystem);

/** llama.cpp with a template of Qwen. */
export const llamaCpp = () =>
  createModelServer({
    name: 'llama.cpp',
    baseURL: 'http://localhost:8080/v1',
    refuse: (body) =>
      firstOf(
        unless(!list(body['input']).some(isUntypedAssistant), () =>
          badRequest("Cannot determine type of 'item'", { type: 'invalid_request_error' }),
        ),
        unless(!hasLateSystem(body), () =>
          chatError(500, {
            code: 500,
            message: 'Jinja Exception: System message must be at the beginning.',
            type: 'server_error',
          }),
        ),
      ),
  });
