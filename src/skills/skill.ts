/** A skill, as skills/list and resources/list show it. */
export interface SkillListing {
  /** Lower case with hyphens: also the folder in the skill's URI. */
  readonly name: string;
  readonly title: string;
  /** What the skill is for, so that an agent can decide whether to read it. */
  readonly description: string;
  /** The tools that it uses: it is offered when all of them are listed under these names. */
  readonly operations: readonly string[];
}
