import { chatError } from '../chat-upstream.ts';
import type { Body } from './server.ts';

/** The parts of a body in which servers find something to refuse. */
export const has = (body: Body, name: string): boolean => body[name] !== undefined;

const at = (value: unknown, name: string): unknown => Reflect.get(Object(value), name);

/** The type of the output format, in either API. */
export const formatOf = ({ response_format, text }: Body): unknown =>
  at(response_format, 'type') ?? at(at(text, 'format'), 'type');

export const hasTools = ({ tools }: Body): boolean => Array.isArray(tools) && tools.length > 0;

/** Whether a function has the key `strict`. */
export const hasStrict = (body: Body): boolean =>
  JSON.stringify(body['tools'] ?? []).includes('"strict":true');

/** `tool_choice` that forces a call. */
export const forcesTool = ({ tool_choice }: Body): boolean =>
  tool_choice !== undefined && tool_choice !== 'auto' && tool_choice !== 'none';

/** A refusal of `name`, if the body has it. */
export const unless = (isFine: boolean, refusal: () => Response): Response | null =>
  isFine ? null : refusal();

/** An error in OpenAI's envelope. */
export const badRequest = (message: string, fields: object = {}): Response =>
  chatError(400, { message, param: null, code: null, ...fields });
