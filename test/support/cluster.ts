import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/* A temporary PostgreSQL server that a test can stop and start. */

export const password = 'geheim-1234';

const binFolders = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  ...(process.platform === 'linux' ? globSync('/usr/lib/postgresql/*/bin') : []),
];
const binFolder = binFolders.find((folder) =>
  ['initdb', 'pg_ctl'].every((program) => existsSync(join(folder, program))),
);

const idOfNobody = (flag: '-u' | '-g') =>
  Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));

/** The user that the server runs as: PostgreSQL does not run as root. */
const owner = process.getuid?.() === 0 ? { uid: idOfNobody('-u'), gid: idOfNobody('-g') } : {};

/** Why no server can be started here; null when one can. */
export const clusterUnavailable: string | null =
  binFolder === undefined ? 'initdb and pg_ctl are not installed' : null;

/** Why no server with certificates can be started here; null when one can. */
export const certificatesUnavailable: string | null = /^OpenSSL [3-9]/u.test(
  String(spawnSync('openssl', ['version']).stdout),
)
  ? clusterUnavailable
  : 'OpenSSL 3 is not installed';

/** Creates a folder that belongs to the server's user. */
function createFolder(): string {
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

const pathOf = (program: 'initdb' | 'pg_ctl') => join(binFolder ?? '', program);

/** Runs a program as the server's user; rejects unless it exits with 0. */
async function run(program: string, ...args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { ...owner, cwd: tmpdir(), stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${String(code)}`);
}

export interface Cluster {
  /** The URL, with a superuser and the password. */
  readonly url: string;
  /** A folder for files that the server may read. */
  readonly folder: string;
  /** `fast` ends the sessions; `immediate` is like a crash and loses what was not flushed. */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  start(): Promise<void>;
  /** Stops the server and deletes its files. */
  remove(): Promise<void>;
}

/** Starts a server. `prepare` may write files into its folder; it resolves to further settings. */
export async function startCluster(
  prepare: (folder: string) => Promise<readonly string[]> = () => Promise.resolve([]),
): Promise<Cluster> {
  const folder = createFolder();
  const [dataFolder, passwordFile] = [join(folder, 'data'), join(folder, 'password')];
  writeFileSync(passwordFile, password);
  const access = ['-U', 'ada', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
  await run(pathOf('initdb'), '-D', dataFolder, ...access, '-E', 'UTF8', '--no-sync');
  const port = await freePort();
  const settings = [
    `port=${port}`,
    `unix_socket_directories=${folder}`,
    ...(await prepare(folder)),
  ];
  const options = settings.map((setting) => `-c ${setting}`).join(' ');
  const control = (...args: string[]) =>
    run(pathOf('pg_ctl'), '-D', dataFolder, '-w', '-s', ...args);
  const cluster: Cluster = {
    url: `postgres://ada:${password}@localhost:${port}/postgres`,
    folder,
    stop: (mode) => control('-m', mode, 'stop'),
    start: () => control('-l', join(folder, 'log'), '-o', options, 'start'),
    async remove() {
      await cluster.stop('immediate').catch(() => {});
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await cluster.start();
  return cluster;
}

const newKeyOptions = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Writes `server.pem` and `server.key`, a certificate for `localhost`, and its CA `authority.pem`. */
export async function createCertificate(folder: string): Promise<void> {
  const create = (name: string, ...options: readonly string[]) => {
    const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)];
    return run('openssl', 'req', '-x509', '-days', '2', ...newKeyOptions, ...files, ...options);
  };
  const authority = join(folder, 'authority.pem');
  await create('authority', '-subj', '/CN=authority');
  const signedByAuthority = ['-CA', authority, '-CAkey', join(folder, 'authority.key')];
  await create(
    'server',
    ...signedByAuthority,
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
  );
}
