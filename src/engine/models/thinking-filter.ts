import { callTags } from './call-tags.ts';

/** Around what a model thinks, in the text of its answer. */
const tags = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['<thought>', '</thought>'],
  ['<reasoning>', '</reasoning>'],
  ['<seed:think>', '</seed:think>'],
  ['[THINK]', '[/THINK]'],
  ['◁think▷', '◁/think▷'],
  // Gemma's, and those of gpt-oss, which also marks the answer.
  ['<|channel>thought', '<channel|>'],
  ['<|channel|>analysis<|message|>', '<|end|>'],
  ['<|start|>assistant<|channel|>final', '<|message|>'],
  ['<|channel|>final', '<|message|>'],
] as const;

/** The end of thinking that the chat template began, outside the answer. */
const bareEnd = '</think>';

const callOpenings = callTags.map(([opening]) => opening);

/** Where thinking ends that no tag began; -1: nowhere. A quoted tag is part of the text. */
function bareEndIn(text: string, from = 0): number {
  for (let at = text.indexOf(bareEnd, from); at >= 0; at = text.indexOf(bareEnd, at + 1)) {
    if (!/["'`]/u.test(text.charAt(at - 1))) return at;
  }
  return -1;
}

/** The models whose chat templates begin the thinking, by name. */
const templateThinks =
  /(?:^|[-_/:.])(?:r1|qwq|thinking|reasoning|reasoner|z1)(?:$|[-_:.@])|exaone-deep|deepseek-r1/iu;

/** Whether a model of this name may answer with only the end of its thinking marked. */
export const mayThinkUnmarked = (model: string): boolean => templateThinks.test(model);

interface FilterOptions {
  /** Whether the answer may begin with thinking that no tag marks. */
  readonly thinksUnmarked: boolean;
  /** Whether thinking is shown, tags included. */
  readonly showsThinking: boolean;
}

type State = 'start' | 'thinking' | 'unmarked' | 'call' | 'text';

/** Passes on a text as it arrives, without the thinking before it. */
export class ThinkingFilter {
  readonly #options: FilterOptions;
  #state: State = 'start';
  /** What is not shown yet. A list: a long text is not searched again for each of its pieces. */
  #held: string[] = [];
  #end: string = bareEnd;
  #hiddenLength = 0;
  #hasThought = false;
  #thoughtUnmarked = false;
  /** The last characters, in which a tag may begin. */
  #tail = '';

  constructor(options: FilterOptions) {
    this.#options = options;
  }

  /** In characters. */
  get hiddenLength(): number {
    return this.#hiddenLength;
  }

  /** Whether everything is shown from now on. */
  get isPassing(): boolean {
    return this.#state === 'text';
  }

  /** Whether the text began with thinking that no tag marks; null: it had none. */
  get thoughtUnmarked(): boolean | null {
    if (this.#thoughtUnmarked) return true;
    return this.#hasThought ? false : null;
  }

  /** Returns what can be shown of the text so far. */
  push(text: string): string {
    switch (this.#state) {
      case 'text':
        return this.#show(text);
      case 'call':
        this.#held.push(text);
        return '';
      case 'start':
        this.#held.push(text);
        return this.#start();
      default:
        return this.#think(text);
    }
  }

  /** Looks for the end of the thinking. */
  #think(text: string): string {
    const recent = this.#tail + text;
    // What is wholly in the tail has been looked at.
    const from = Math.max(0, this.#tail.length - this.#end.length + 1);
    const at =
      this.#state === 'unmarked' ? bareEndIn(recent, from) : recent.indexOf(this.#end, from);
    if (at < 0) {
      this.#held.push(text);
      this.#tail = recent.slice(-this.#end.length);
      return '';
    }
    const rest = recent.slice(at + this.#end.length);
    this.#thoughtUnmarked ||= this.#state === 'unmarked';
    this.#hasThought = true;
    this.#hiddenLength += this.#heldLength() + text.length - rest.length;
    this.#held = [rest];
    this.#tail = '';
    this.#state = 'start';
    return this.#start();
  }

  #heldLength(): number {
    return this.#held.reduce((sum, { length }) => sum + length, 0);
  }

  /** Judges by how the text begins. */
  #start(): string {
    const held = this.#held.join('');
    this.#held = [held];
    const begin = held.trimStart();
    if (begin === '') return '';
    const shown = this.#options.showsThinking ? [] : tags;
    const tag = shown.find(([opening]) => begin.startsWith(opening));
    if (tag !== undefined) {
      const rest = begin.slice(tag[0].length);
      this.#hiddenLength += held.length - rest.length;
      this.#held = [];
      this.#end = tag[1];
      this.#state = 'thinking';
      return this.#think(rest);
    }
    if (callOpenings.some((opening) => begin.startsWith(opening))) {
      this.#state = 'call';
      return '';
    }
    const openings = [...callOpenings, ...shown.map(([opening]) => opening)];
    if (openings.some((opening) => opening.startsWith(begin))) return '';
    const isUnmarked =
      !this.#options.showsThinking &&
      !this.#hasThought &&
      (this.#options.thinksUnmarked || bareEndIn(held) >= 0);
    if (!isUnmarked) return this.#release();
    this.#state = 'unmarked';
    this.#end = bareEnd;
    this.#held = [];
    return this.#think(held);
  }

  /** Shows what is held, and from now on everything. */
  #release(): string {
    const held = this.#held.join('');
    const text = this.#hasThought ? held.trimStart() : held;
    this.#hiddenLength += held.length - text.length;
    this.#held = [];
    this.#tail = '';
    this.#state = 'text';
    return this.#show(text);
  }

  #show(text: string): string {
    if (!this.#hasThought && !this.#thoughtUnmarked) {
      const recent = this.#tail + text;
      this.#thoughtUnmarked =
        bareEndIn(recent, Math.max(0, this.#tail.length - bareEnd.length + 1)) >= 0;
      this.#tail = recent.slice(-bareEnd.length);
    }
    return text;
  }

  /** At the end of the text, what can be shown of the rest. */
  finish(): string {
    if (this.#state === 'thinking' || this.#state === 'call') return '';
    return this.#held.every((text) => text.trim() === '') ? '' : this.#release();
  }

  /** After `finish`: what was held back, to be shown if the answer has nothing else. */
  get remainder(): string {
    return this.#held.join('').trim();
  }
}

/** A whole text without the thinking before it. */
export function withoutReasoning(text: string): string {
  const filter = new ThinkingFilter({ thinksUnmarked: false, showsThinking: false });
  const shown = filter.push(text) + filter.finish();
  const hasCalls = callOpenings.some((opening) => text.includes(opening));
  return shown === '' && hasCalls ? filter.remainder : shown;
}
