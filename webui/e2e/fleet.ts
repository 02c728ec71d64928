import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { logged, program } from './server';

const JOIN_TOKEN = 'console-join-token-0123456789abcdef';
/** What a control plane needs so that nodes can join it. */
export const FLEET = {
  TRUNKLINE_JOIN_TOKEN: JOIN_TOKEN,
  TRUNKLINE_SECRET_KEY: Buffer.alloc(32, 'k').toString('base64'),
};

/** A data-plane node as a process of its own. */
export type Node = { name: string; restart: () => Promise<void>; stop: () => Promise<void> };

/** Starts a node that joins a control plane, and waits until it is connected. */
export async function startNode(folder: string, name: string, controlPlane: string): Promise<Node> {
  const cwd = join(folder, name);
  mkdirSync(cwd);
  const env = {
    ...process.env,
    TRUNKLINE_CONTROL_PLANE: controlPlane,
    TRUNKLINE_JOIN_TOKEN: JOIN_TOKEN,
    TRUNKLINE_DRAIN_DELAY: '0s',
  };
  const args = ['--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', '--node', name];
  let child: ChildProcess;
  const start = async () => {
    child = spawn(program('cmd/trunkline-dataplane'), args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
    await logged(child, /msg="connected to the control plane"/);
  };
  const stop = async () => {
    if (child.exitCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill();
    await ended;
  };
  await start();
  return {
    name,
    stop,
    restart: async () => {
      await stop();
      await start();
    },
  };
}
