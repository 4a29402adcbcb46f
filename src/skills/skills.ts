import { bringOldCode } from './bring-old-code.ts';
import { firstConversation } from './first-conversation.ts';
import type { SkillListing } from './skill.ts';
import { toolLoop } from './tool-loop.ts';

const texts: Readonly<Record<string, string>> = {
  'first-conversation': firstConversation,
  'tool-loop': toolLoop,
  'bring-old-code-and-data': bringOldCode,
};

/** The SKILL.md of a skill. Throws for an unknown name. */
export function skillFile({ name, description }: SkillListing): string {
  const text = texts[name];
  if (text === undefined) throw new Error(`no skill is named ${name}`);
  // A JSON string is a YAML string.
  return `---\nname: ${name}\ndescription: ${JSON.stringify(description)}\n---\n\n${text}`;
}
