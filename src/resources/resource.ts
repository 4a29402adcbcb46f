import type OpenAI from 'openai';
import type { ToolNameLookup } from '../tools/tool.ts';

/** What reading a resource needs beside the values of its URI. */
export interface ResourceContext {
  readonly openai: OpenAI;
  readonly toolName: ToolNameLookup;
  /** Aborts when the client cancels the request. */
  readonly signal: AbortSignal;
  /** How long the text may be, in bytes of JSON. */
  readonly maxBytes: number;
}

/** Values by the name of their variable, such as `thread_id`. */
export type Values = Readonly<Record<string, string>>;

/** A kind of resource, as resources/templates/list shows it. */
export interface ResourceTemplate {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly uriTemplate: string;
  /** The tools that read the same data: the resource is offered when all of them are listed. */
  readonly operations: readonly string[];
}

/** What someone may be typing: the newest values that contain it. */
export interface Completion {
  readonly values: readonly string[];
  /** Whether there are older values that were not looked at. */
  readonly hasMore: boolean;
}

/** The code of a resource template, loaded on first use. */
export interface ResourceReader {
  /** The Markdown of one resource. Rejects with the SDK's error or an ApiError. */
  read(values: Values, context: ResourceContext): Promise<string>;
  /** Completes a variable; `known` has the other values that were already chosen. */
  complete(
    variable: string,
    typed: string,
    known: Values,
    context: ResourceContext,
  ): Promise<Completion>;
}
