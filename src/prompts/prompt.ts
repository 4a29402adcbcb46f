import type { Completion, ResourceContext, Values } from '../resources/resource.ts';

/** An argument of a prompt; all are required texts. */
interface PromptArgument {
  readonly name: string;
  readonly description: string;
}

/** A prompt, as prompts/list shows it. */
export interface PromptListing {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly PromptArgument[];
  /** The tools that the prompt uses: it is offered when all of them are listed. */
  readonly operations: readonly string[];
}

/** The code of a prompt, loaded on first use. */
export interface Prompt {
  /** The text of the one message: some hosts show neither a second one nor other content. */
  render(args: unknown, context: ResourceContext): Promise<string>;
  /** Completes an argument; `known` has the other arguments. */
  complete(
    argument: string,
    typed: string,
    known: Values,
    context: ResourceContext,
  ): Promise<Completion>;
}
