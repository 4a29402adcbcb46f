import type { Package } from '../revive/program.ts';
import type { Job } from './job.ts';

/** How a host reaches the server. */
export type Transport = 'stdio' | 'http';

export const transports: readonly Transport[] = ['stdio', 'http'];

/** What a host is told about one trial. */
export interface Setting {
  /** The folder with the installed packages. */
  readonly folder: string;
  /** An empty folder: its home and working directory. */
  readonly home: string;
  /** How to start the server, over stdio. */
  readonly stdio: {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
  /** Where the server runs, over HTTP. */
  readonly http: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly transport: Transport;
  /** The URL of the model, without `/v1`. */
  readonly modelOrigin: string;
  readonly job: Job;
}

/** How a host is started in a trial. */
export interface Launch {
  /** The program in the folder of its packages, and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** Configuration files by path in its home; objects are written as JSON. */
  readonly files?: Readonly<Record<string, unknown>>;
}

/** A program or library of npm that connects to MCP servers. */
export interface Host extends Package {
  /** The API by which it calls the model; null: it has none, and its driver makes the calls. */
  readonly modelApi: 'Messages' | 'Responses' | 'Chat Completions' | 'Gemini' | null;
  /** How it can reach the server; default: both. */
  readonly transports?: readonly Transport[];
  readonly launch: (setting: Setting) => Launch;
  /** Whether `--quick` includes it. */
  readonly isQuick?: boolean;
  /** Seconds that it may take; default: 300. */
  readonly timeoutSeconds?: number;
}

/** What one trial showed: `null` is a pass, a text says why not. */
export interface Trial {
  readonly host: Host;
  readonly transport: Transport;
  readonly failure: string | null;
}
