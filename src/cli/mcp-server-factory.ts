import type { McpRequestContext, McpServer } from '@modelcontextprotocol/server';
import type OpenAI from 'openai';
import manifest from '../../package.json' with { type: 'json' };
import type { Config } from '../config/config.ts';
import { type ObservableLog, registerLogging } from '../mcp/client-log.ts';
import { registerApps } from '../mcp/apps.ts';
import { registerCompletions } from '../mcp/completions.ts';
import { createRoundCodec } from '../mcp/person.ts';
import { registerPrompts } from '../mcp/prompts.ts';
import { registerResources } from '../mcp/resources.ts';
import { registerSkills } from '../mcp/skills.ts';
import { createServer } from '../mcp/server.ts';
import { promptList } from '../prompts/prompt-list.ts';
import { resourceTemplates } from '../resources/templates.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { ToolNameLookup } from '../tools/tool.ts';
import { skillList } from '../skills/skill-list.ts';
import type { SkillListing } from '../skills/skill.ts';
import { toolList } from '../tools/tool-list.ts';
import { filterTools, type ToolFilter } from '../tools/toolsets.ts';
import { secretsOf } from './host.ts';

interface McpServerFactoryDeps {
  readonly openai: () => Promise<OpenAI>;
  readonly clock: Clock;
  /** One with listeners belongs to the one client of a process. */
  readonly log: Log | ObservableLog;
  /** Aborts when the program shuts down. */
  readonly closing: AbortSignal;
}

/** Loads the code of a tool on its first call: listing tools needs none of it. */
const load = async (name: string) => (await import('../tools/registry.ts')).findTool(name);

/** Loads the code of a resource template on its first request. */
const loadReader = async (name: string) =>
  (await import('../resources/readers.ts')).findReader(name);

/** Loads the code of a prompt on its first request. */
const loadPrompt = async (name: string) => (await import('../prompts/prompts.ts')).findPrompt(name);

/** Loads the texts of the skills on the first request for one. */
const loadSkill = async (skill: SkillListing) =>
  (await import('../skills/skills.ts')).skillFile(skill);

/** Loads the code of tasks on the first request about one. */
const loadTasks = () => import('../tools/run-task.ts');

/** Loads the app on the first request for it. */
const loadApp = async (toolNames: readonly string[]) =>
  (await import('../resources/run-app.ts')).readRunApp(toolNames);

/** Calls whose results the app is shown beside. */
const appOperations = ['create_thread_and_run', 'create_run', 'get_run', 'submit_tool_outputs'];

/** The tools without which the app could show nothing, by their default names. */
const readByApp = ['get_run', 'list_messages', 'list_run_steps'];

/** The tools that the app uses where they are listed. */
const usedByApp = ['cancel_run', 'submit_tool_outputs', 'get_file', 'get_file_content'];

/** Calls that a task can answer. */
const taskOperations = ['create_thread_and_run', 'create_run', 'submit_tool_outputs'] as const;

/** A task shows what get_run shows, so it is offered with it. */
const hasTasks = (toolName: ToolNameLookup): boolean =>
  toolName('get_run') !== null && taskOperations.some((operation) => toolName(operation) !== null);

/** The protocol of a client: 2025 or 2026-07-28. */
type Era = McpRequestContext['era'];

/** Creates a function that creates MCP servers with what passes a filter. */
export function createMcpServerFactory(
  config: Config,
  deps: McpServerFactoryDeps,
): (filter: ToolFilter, era: Era) => McpServer {
  const { version } = manifest;
  const secrets = secretsOf(config);
  const roundCodec = createRoundCodec(config.apiKey);
  const personFunctions = config.askPerson;
  return (filter, era) => {
    const listings = filterTools(toolList, filter);
    const toolName: ToolNameLookup = (operation) =>
      listings.find((listing) => listing.operation === operation)?.name ?? null;
    const requestDeps = { ...deps, secrets, toolName };
    const offersTasks = era === 'modern' && hasTasks(toolName);
    const tasks = offersTasks ? { ...requestDeps, load: loadTasks } : null;
    const hasDefaultName = (operation: string) => toolName(operation) === operation;
    const app = readByApp.every(hasDefaultName)
      ? {
          operations: appOperations,
          load: () => loadApp([...readByApp, ...usedByApp].filter(hasDefaultName)),
        }
      : null;
    const server = createServer({
      ...deps,
      listings,
      load,
      version,
      secrets,
      tasks,
      app,
      personFunctions,
      roundCodec,
    });
    // What is offered beside the tools shows and does no more than the listed tools.
    const isOffered = ({ operations }: { readonly operations: readonly string[] }) =>
      operations.every((operation) => toolName(operation) !== null);
    const resources = { templates: resourceTemplates.filter(isOffered), load: loadReader };
    // Their texts name the tools by their default names.
    const hasDefaultNames = ({ operations }: SkillListing) => operations.every(hasDefaultName);
    const skills = { skills: skillList.filter(hasDefaultNames), load: loadSkill };
    registerSkills(server, skills);
    if (app !== null) registerApps(server);
    registerResources(server, resources, { skills, app }, requestDeps);
    const prompts = { prompts: promptList.filter(isOffered), load: loadPrompt };
    registerPrompts(server, prompts, requestDeps);
    registerCompletions(server, { resources, prompts }, requestDeps);
    // In protocol 2025, over HTTP, no level could be kept: each request has a server of its own.
    if (era === 'modern' || 'listen' in deps.log) registerLogging(server, deps.log, secrets);
    return server;
  };
}
