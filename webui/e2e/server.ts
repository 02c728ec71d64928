import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { FLEET, type Node, startNode } from './fleet';

const root = resolve(import.meta.dirname, '../..');
export const USER = 'admin';
export const PASSWORD = process.env.CONSOLE_PASSWORD ?? 'not-the-default-one';
export const DEMO_KEY = 'sk-demo-support-bot-4c1d';

export type Config = 'demo' | 'empty';
/** A real all-in-one in a folder of its own. */
export type Server = {
  url: string;
  /** Calls an RPC as the signed-in admin: call('GroupService/CreateGroup', { group }). */
  call: <T = Record<string, unknown>>(method: string, request?: object) => Promise<T>;
  /** Sends one chat call the way an app does, and returns its status. */
  chat: (model: string, options?: { key?: string; stream?: boolean }) => Promise<number>;
  /** Ends the process, and with restart() begins it again on the same port. */
  stop: (how?: NodeJS.Signals) => Promise<void>;
  restart: (how?: NodeJS.Signals) => Promise<void>;
  /** Its nodes, where it is a control plane with nodes of their own. */
  nodes: Node[];
  /** Ends it and removes its folder. */
  remove: () => Promise<void>;
};

let built = '';
const programs = new Set<string>();

/** A program, built from these sources once, the console in webui/dist included. */
export function program(source: string): string {
  if (!built) {
    built = mkdtempSync(join(tmpdir(), 'trunkline-console-test-'));
    process.once('exit', () => rmSync(built, { recursive: true, force: true }));
  }
  const path = join(built, basename(source));
  if (!programs.has(path)) execFileSync('go', ['build', '-o', path, `./${source}`], { cwd: root, stdio: 'inherit' });
  programs.add(path);
  return path;
}

/**
 * Starts a Trunkline: empty, or with e2e/demo.yaml; days of made-up calls before today come with seedDays. One that
 * runs already is used as it is, and left as it is.
 */
export async function startServer(
  config: Config,
  { seedDays = 0, seedFlags = [] as string[], env = {} as Record<string, string>, running = '', nodes = 0 } = {},
): Promise<Server> {
  const isFleet = nodes > 0;
  const bin = running
    ? ''
    : isFleet
      ? program('cmd/trunkline-controlplane')
      : (process.env.TRUNKLINE_BIN ?? program('cmd/trunkline'));
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-console-'));
  if (seedDays > 0) {
    mkdirSync(join(folder, 'data'));
    const database = `sqlite:///${folder}/data/trunkline.db`;
    const flags = ['-database', database, '-days', String(seedDays), ...seedFlags];
    execFileSync(program('webui/e2e/seed'), flags, { stdio: 'inherit' });
  }
  const environment = {
    ...process.env,
    ADMIN_PASSWORD: PASSWORD,
    ...(isFleet && { DATABASE_URL: `sqlite:///${folder}/trunkline.db`, ...FLEET }),
    ...env,
  };
  const flags = config === 'demo' ? ['--apply', join(import.meta.dirname, 'demo.yaml')] : [];
  let child: ChildProcess | undefined;
  let port = 0;
  let cookie = '';

  const start = async () => {
    const args = ['--listen', `127.0.0.1:${port}`, '--ops-listen', '127.0.0.1:0', ...flags];
    if (isFleet) args.push('--node-listen', '127.0.0.1:0');
    child = spawn(bin, args, { cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
    const [, console, link] = await logged(child, /msg=serving console=http:\/\/[\d.]+:(\d+)(?: nodes=(\S+))?/);
    port = Number(console);
    for (let i = 1; i <= nodes; i++) server.nodes.push(await startNode(folder, `node-${i}`, link ?? ''));
  };
  const stop = async (how: NodeJS.Signals = 'SIGTERM') => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((done) => running.once('exit', done));
    running.kill(how);
    await ended;
  };
  const rpc = (method: string, request: object) =>
    fetch(`${server.url}/trunkline.admin.v1.${method}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Cookie: cookie },
      body: JSON.stringify(request),
    });
  const server: Server = {
    get url() {
      return running || `http://127.0.0.1:${port}`;
    },
    call: async (method, request = {}) => {
      if (cookie === '') {
        const login = await rpc('SessionService/Login', { username: USER, password: environment.ADMIN_PASSWORD });
        cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      }
      const answer = await rpc(method, request);
      if (!answer.ok) throw new Error(`${method}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    chat: async (model, { key = DEMO_KEY, stream = false } = {}) => {
      const answer = await fetch(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
        body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Hello' }] }),
      });
      await answer.text();
      return answer.status;
    },
    stop,
    restart: async (how) => {
      await stop(how);
      await start();
    },
    nodes: [],
    remove: async () => {
      for (const node of server.nodes) await node.stop();
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  if (!running) await start();
  return server;
}

/** Waits for a line of a program's log. */
export function logged(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((found, failed) => {
    const lines: string[] = [];
    child.once('exit', (code) => failed(new Error(`it exited with ${code}:\n${lines.join('\n')}`)));
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      lines.push(line);
      const match = pattern.exec(line);
      if (match) found(match);
    });
  });
}
