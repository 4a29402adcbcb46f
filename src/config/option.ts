/** What `--help`, docs/options.md and server.json say about an option. */
export interface OptionInfo {
  /** Without its dashes; null: environment only. */
  readonly flag: string | null;
  /** Environment variables; the first that is set counts. */
  readonly env: readonly string[];
  /** Placeholder of the flag's value, such as `SECONDS`; null: a switch, or no flag. */
  readonly value: string | null;
  /** One sentence in Markdown, without a full stop. */
  readonly help: string;
  readonly defaultText: string;
  readonly secret?: true;
  /** The only values, if they can be counted. */
  readonly choices?: readonly string[];
  /** The only mode in which the option has an effect; absent: both. */
  readonly mode?: 'embedded' | 'remote';
}

export interface Option<Value> extends OptionInfo {
  /** Throws an {@link InvalidOption}. */
  readonly parse: (text: string) => Value;
  readonly default: Value;
}

/** The value of each option, under the option's name. */
export type OptionValues<Options> = {
  readonly [Name in keyof Options]: Options[Name] extends Option<infer Value> ? Value : never;
};

/** The `defaultText` of an option that its command cannot do without. */
export const required = '(required)';

/** An option's value is wrong; each reason is a sentence that follows `--option: `. */
export class InvalidOption extends Error {
  override readonly name = 'InvalidOption';
  readonly reasons: readonly string[];

  constructor(...reasons: readonly string[]) {
    super(reasons.join(' '));
    this.reasons = reasons;
  }
}
