/** A package with what it needs. */
export interface Package {
  /** Its name in its registry; rows with the same name are told apart by `does`. */
  readonly name: string;
  readonly version: string;
  /** Where it comes from; default: `npm`. A program of Debian must already be installed. */
  readonly registry?: 'npm' | 'debian';
  /** Packages that it needs besides, such as peers, with exact versions. */
  readonly needs?: Readonly<Record<string, string>>;
  /** Versions of packages below it that replace those that it asks for. */
  readonly overrides?: Readonly<Record<string, string>>;
}

/** A program that people already have, and how it is tried. */
export interface Program extends Package {
  /** The file in `drivers/` that uses it, and arguments of the driver. */
  readonly driver: readonly [file: string, ...args: string[]];
  /** What the driver does with it, for people. */
  readonly does: string;
  /** How `serve` calls models; default: `auto`. */
  readonly modelApi?: 'chat' | 'responses';
  /** More options of `serve`. */
  readonly options?: readonly string[];
  /** Whether it insists on HTTPS. */
  readonly needsTls?: boolean;
  /** Whether `--quick` includes it. */
  readonly isQuick?: boolean;
  /** Seconds that the driver may take; default: 120. */
  readonly timeoutSeconds?: number;
}

/** What a trial showed: `null` is a pass, a text says why not. */
export interface Trial {
  readonly program: Program;
  readonly failure: string | null;
}
