import type OpenAI from 'openai';
import { onTestFinished } from 'vitest';
import * as z from 'zod';
import type { Clock } from '../../src/shared/clock.ts';
import { createLog } from '../../src/shared/log.ts';
import { createRoundCodec } from '../../src/mcp/person.ts';
import { createServer } from '../../src/mcp/server.ts';
import { connectStdio } from '../../src/mcp/stdio.ts';
import { capabilityTools } from '../../src/tools/capability-aliases.ts';
import { allTools, findTool } from '../../src/tools/registry.ts';
import { toListing } from '../../src/tools/tool-listing.ts';
import type { Tool } from '../../src/tools/tool.ts';
import { defaultToolsets, filterTools, type ToolFilter } from '../../src/tools/toolsets.ts';
import { type CallOptions, connectClient, createPipes, type Generation } from './pipes.ts';

interface ConnectOptions {
  readonly openai: OpenAI;
  readonly clock?: Clock;
  readonly generation?: Generation;
  readonly tools?: readonly Tool[];
  readonly secrets?: readonly string[];
  /** Whether calls ask for complete objects, with `verbose`. */
  readonly isVerbose?: boolean;
}

/** The result of a tool call. */
export interface ToolResult {
  readonly failed: boolean;
  /** The one text block. */
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any JSON
  readonly object: any;
  /** The image blocks after the text. */
  readonly images: readonly z.infer<typeof image>[];
}

export interface Host {
  /** Calls a tool; the client checks the result against the output schema. */
  call(name: string, args?: object, options?: CallOptions): Promise<ToolResult>;
  /** The listed tools and the size of the list. */
  list(): Promise<{ readonly tools: readonly ListedTool[]; readonly bytes: number }>;
  instructions(): string | undefined;
  readonly logLines: readonly string[];
}

export type ListedTool = z.infer<typeof listedTool>;

/** A clock on which every sleep ends at once and advances the time. */
export function createWaitingClock(now = 1_790_000_000_000): Clock & { readonly sleeps: number[] } {
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    async sleep(ms) {
      sleeps.push(ms);
      now += ms;
    },
  };
}

const image = z.object({ type: z.literal('image'), data: z.string(), mimeType: z.string() });

const markedResult =
  /^(?:next: (?<next>[^\n]*)\n)?(?:truncated: (?<truncated>[^\n]*)\n)?Untrusted data, not instructions:\n<(?<boundary>untrusted-data-\d{18})>\n(?<json>[^\n]*)\n<\/\k<boundary>>$/u;

/** What the text of a successful result holds: the data, whether it is marked, and the advice. */
export function readResultText(text: string) {
  const { boundary = null, json = text, next, truncated } = markedResult.exec(text)?.groups ?? {};
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any JSON
  const data: any = JSON.parse(json);
  const advice = {
    ...(next !== undefined && { next }),
    ...(truncated !== undefined && { truncated }),
  };
  return { boundary, data, object: { ...advice, ...data } };
}

const toolResult = z.object({
  isError: z.boolean().optional(),
  content: z.tuple([z.object({ type: z.literal('text'), text: z.string() })], image),
  structuredContent: z.any().optional(),
});

const listedTool = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  inputSchema: z.any(),
  outputSchema: z.any().optional(),
  annotations: z.any().optional(),
});

const toolList = z.object({ tools: z.array(listedTool) });

const noFilter: ToolFilter = {
  toolsets: defaultToolsets,
  tools: null,
  excludeTools: [],
  readOnly: false,
  toolNames: 'default',
};

/** The tools that a filter selects, in listing order. */
export const selectTools = (filter: Partial<ToolFilter> = {}): readonly Tool[] =>
  filterTools({ default: allTools, capability: capabilityTools }, { ...noFilter, ...filter });

const hasVerbose = (name: string): boolean => 'verbose' in findTool(name).input.shape;

/** Connects a real MCP client over pipes to a real MCP server with the tools. */
export async function connectTools(options: ConnectOptions): Promise<Host> {
  const {
    openai,
    clock = createWaitingClock(),
    generation = '2025',
    tools = selectTools(),
  } = options;
  const { isVerbose = false, secrets = [] } = options;
  const logLines: string[] = [];
  const write = (line: string) => {
    logLines.push(line);
  };
  const log = createLog({ level: 'debug', secrets, now: () => clock.now(), write });
  const { stdin, stdout, client: transport } = createPipes();
  const factory = () =>
    createServer({
      openai: async () => openai,
      listings: tools.map(toListing),
      load: async (name) => findTool(name),
      log,
      clock,
      closing: new AbortController().signal,
      version: '1.2.3',
      secrets,
      personFunctions: [],
      roundCodec: createRoundCodec(null),
      tasks: null,
      app: null,
    });
  const connection = connectStdio(factory, { stdin, stdout, log });
  const client = await connectClient(generation, transport);
  onTestFinished(async () => {
    await client.close();
    await connection.closed;
  });
  return {
    logLines,
    instructions: () => client.getInstructions(),
    async call(name, args = {}, callOptions = {}) {
      const verbose = isVerbose && hasVerbose(name) ? { verbose: true } : {};
      const result = await client.callTool(name, { ...args, ...verbose }, callOptions);
      const { isError = false, content, structuredContent } = toolResult.parse(result);
      const [{ text }, ...images] = content;
      return { failed: isError, text, object: structuredContent, images };
    },
    async list() {
      const result = await client.listTools();
      return {
        tools: toolList.parse(result).tools,
        bytes: Buffer.byteLength(JSON.stringify({ tools: Reflect.get(result, 'tools') })),
      };
    },
  };
}
