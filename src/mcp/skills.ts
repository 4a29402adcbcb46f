import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { fieldOf } from '../shared/json.ts';
import { nodeCrypto } from '../shared/node-crypto.ts';
import type { SkillListing } from '../skills/skill.ts';
import { anyParams, shownName } from './any-params.ts';

/** The extension by which hosts find skills (SEP-2640). */
const extension = 'io.modelcontextprotocol/skills';

/** Skills of a server: each is one file, SKILL.md. */
export interface SkillOffer {
  readonly skills: readonly SkillListing[];
  /** Loads the text of a skill; called for each request. */
  readonly load: (skill: SkillListing) => Promise<string>;
}

/** The URI of a skill's file. */
export const skillUri = ({ name }: SkillListing): string => `skill://${name}/SKILL.md`;

/** Every result of the extension has these fields; the skills change only with the program. */
const resultFields = { resultType: 'complete', ttlMs: 300_000, cacheScope: 'private' } as const;

/** A skill as the extension describes it, with the digest by which hosts check the file. */
async function toEntry(skill: SkillListing, { load }: SkillOffer) {
  const { name, description } = skill;
  const uri = skillUri(skill);
  const bytes = Buffer.from(await load(skill));
  const digest = `sha256:${nodeCrypto().createHash('sha256').update(bytes).digest('hex')}`;
  return {
    uri,
    frontmatter: { name, description },
    resources: [{ uri, digest, size: bytes.length }],
  };
}

/** Declares the extension and answers its requests; the files themselves are resources. */
export function registerSkills({ server }: McpServer, offer: SkillOffer): void {
  const { skills } = offer;
  server.registerCapabilities({ extensions: { [extension]: {} } });
  server.setRequestHandler('skills/list', { params: anyParams }, async (params) => {
    // Some clients send the empty cursor for the first page.
    if ((fieldOf(params, 'cursor') ?? '') !== '') {
      const message = 'Invalid cursor: all skills are on the first page.';
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    const entries = await Promise.all(skills.map((skill) => toEntry(skill, offer)));
    return { ...resultFields, skills: entries };
  });
  server.setRequestHandler('skills/get', { params: anyParams }, async (params) => {
    const uri = fieldOf(params, 'uri');
    const skill = skills.find((each) => skillUri(each) === uri);
    if (skill === undefined) {
      const message = `No skill has the URI ${shownName(uri)}.`;
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    return { ...resultFields, skill: await toEntry(skill, offer) };
  });
}
