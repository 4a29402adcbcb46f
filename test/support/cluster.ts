import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/* A PostgreSQL server of one's own, to be stopped and started at will. */

export const password = 'geheim-1234';

const folders = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  ...(process.platform === 'linux' ? globSync('/usr/lib/postgresql/*/bin') : []),
];
const bin = folders.find((folder) =>
  ['initdb', 'pg_ctl'].every((program) => existsSync(join(folder, program))),
);

const idOf = (flag: '-u' | '-g') =>
  Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));

/** Whom the server is to run as; it refuses root. */
const owner = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};

/** Why no server can be started here; null when one can. */
export const clusterUnavailable: string | null =
  bin === undefined ? 'initdb and pg_ctl are not here' : null;

/** Why no certificates can be made for it. */
export const certificatesUnavailable: string | null = /^OpenSSL [3-9]/u.test(
  String(spawnSync('openssl', ['version']).stdout),
)
  ? clusterUnavailable
  : 'OpenSSL 3 is not here';

/** A folder that the server's owner has to himself. */
function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-cluster-'));
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

const at = (program: 'initdb' | 'pg_ctl') => join(bin ?? '', program);

/** Runs one of PostgreSQL's programs, or another as the same user, to its end. */
async function run(program: string, ...args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { ...owner, cwd: tmpdir(), stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${String(code)}`);
}

export interface Cluster {
  /** Where it is, with a user who may do everything and her password. */
  readonly url: string;
  /** A folder for files that the server may read. */
  readonly folder: string;
  /** `fast` ends the sessions; `immediate` is a crash, which loses what was not on the disk. */
  stop(how: 'fast' | 'immediate'): Promise<void>;
  start(): Promise<void>;
  /** Stops the server for good and leaves nothing of it. */
  remove(): Promise<void>;
}

/** Starts a server with the settings that `prepare` makes for its folder. */
export async function startCluster(
  prepare: (folder: string) => Promise<readonly string[]> = () => Promise.resolve([]),
): Promise<Cluster> {
  const folder = ownFolder();
  const [data, secret] = [join(folder, 'data'), join(folder, 'password')];
  writeFileSync(secret, password);
  const access = ['-U', 'ada', '-A', 'scram-sha-256', `--pwfile=${secret}`];
  await run(at('initdb'), '-D', data, ...access, '-E', 'UTF8', '--no-sync');
  const port = await freePort();
  const settings = [
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    ...(await prepare(folder)),
  ];
  const options = settings.map((setting) => `-c ${setting}`).join(' ');
  const control = (...args: string[]) => run(at('pg_ctl'), '-D', data, '-w', '-s', ...args);
  const cluster: Cluster = {
    url: `postgres://ada:${password}@localhost:${port}/postgres`,
    folder,
    stop: (how) => control('-m', how, 'stop'),
    start: () => control('-l', join(folder, 'log'), '-o', options, 'start'),
    async remove() {
      await cluster.stop('immediate').catch(() => {});
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await cluster.start();
  return cluster;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Makes `server.pem` and `server.key`, which are for `localhost`, and who vouches: `authority.pem`. */
export async function makeCertificate(folder: string): Promise<void> {
  const make = (name: string, ...rest: readonly string[]) => {
    const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)];
    return run('openssl', 'req', '-x509', '-days', '2', ...newKey, ...files, ...rest);
  };
  const authority = join(folder, 'authority.pem');
  await make('authority', '-subj', '/CN=authority');
  const signed = ['-CA', authority, '-CAkey', join(folder, 'authority.key')];
  await make(
    'server',
    ...signed,
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
  );
}
