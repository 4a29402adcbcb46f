import { azure } from './azure.ts';
import { claudeRelay } from './claude-relay.ts';
import { deepSeek } from './deepseek.ts';
import { fireworks } from './fireworks.ts';
import { gemini } from './gemini.ts';
import { groq } from './groq.ts';
import { llamaCpp } from './llama-cpp.ts';
import { lmStudio } from './lm-studio.ts';
import { mistral } from './mistral.ts';
import { ollama } from './ollama.ts';
import { openaiReasoning } from './openai-reasoning.ts';
import { openRouter } from './openrouter.ts';
import { vllm } from './vllm.ts';
import { xai } from './xai.ts';

/** Fakes of named servers, each of which refuses what that server refuses. */
export const modelServers = [
  openaiReasoning,
  azure,
  ollama,
  lmStudio,
  llamaCpp,
  vllm,
  claudeRelay,
  openRouter,
  groq,
  deepSeek,
  mistral,
  gemini,
  fireworks,
  xai,
] as const;
