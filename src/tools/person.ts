/** A text that the person fills in. */
export interface TextField {
  readonly name: string;
  readonly title: string;
  readonly description: string;
}

/** A form for the person. Without fields, they only accept or decline. */
export interface Form {
  readonly message: string;
  readonly fields: readonly TextField[];
}

/** A run by its ids. */
export interface RunIds {
  readonly thread_id: string;
  readonly run_id: string;
}

/** What a form is about. The answer to one form is never taken for that to another. */
export interface Subject {
  /** The same for the same form in a repeated call, and different for any other. */
  readonly key: string;
  /** The run that this call waits for, so that the repeated call does not start another. */
  readonly run: RunIds | null;
}

export type PersonAnswer =
  /** The texts by the names of their fields. */
  | { readonly action: 'accept'; readonly texts: ReadonlyMap<string, string> }
  | { readonly action: 'decline' | 'cancel' }
  /** The host declares forms, but has none. */
  | { readonly action: 'unavailable' }
  /** `reason` is a sentence. */
  | { readonly action: 'failed'; readonly reason: string };

/** The person who uses a host that can show them a form. */
export interface Person {
  /** The functions whose outputs the person gives. */
  readonly functions: ReadonlySet<string>;
  /** The run that an earlier round of this call waited for; null if it waited for none. */
  readonly pendingRun: RunIds | null;
  /**
   * Shows a form. Where the host answers by repeating the whole call, this rejects in the first round
   * with what ends it, and makes no form in the second round.
   */
  ask(subject: Subject, createForm: () => Promise<Form>): Promise<PersonAnswer>;
}
