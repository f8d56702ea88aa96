/**
 * Commands of `adit` against a fake helper: starts both, and removes what they leave when a test ends. For the unit
 * tests of cli/.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Status } from '#core/ipc/contract.ts';
import {
  type Answers,
  FakeHelper,
  type FakeHelperOptions,
  type FakePeer,
} from '#test/fakes/helper-server.ts';
import { summary } from '#test/fakes/statuses.ts';
import { type Finished, runAdit, type RunOptions } from '#test/harness/adit-cli.ts';

/** A pre-shared key that must appear nowhere. */
export const SECRET = 'correct horse battery';

export const PROFILE = {
  format: 'adit-profile',
  version: 1,
  name: 'Work',
  gateway: { addresses: ['vpn.example.org'], port: 500 },
  authentication: { method: 'psk' },
};

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A fake with the profiles `work` (Work) and `lab`, whose key is missing, and `answers` beside. */
export async function helper(
  answers: Answers,
  more: Omit<FakeHelperOptions, 'answers'> = {},
): Promise<FakeHelper> {
  const fake = await FakeHelper.start({ answers: { ...BASICS, ...answers }, ...more });
  cleanups.push(() => fake.stop());
  return fake;
}

const BASICS: Answers = {
  'profiles.list': () => ({
    profiles: [
      summary('work', { name: 'Work' }),
      summary('lab', { missingSecrets: ['psk'], storedSecrets: [] }),
    ],
  }),
  'profiles.get': () => ({ summary: summary('work'), profile: PROFILE }),
};

/** `adit --socket … ARGS`, words apart by spaces. */
export const run = (fake: FakeHelper, args: string, options?: RunOptions): Promise<Finished> =>
  runAdit(['--socket', fake.path, ...args.split(' ')], options);

/** The path of a file with this content. */
export function file(name: string, content: string | Uint8Array): string {
  const directory = mkdtempSync(join(tmpdir(), 'adit-files-'));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, name), content);
  return join(directory, name);
}

/** Sends states as events, one after the other. */
export const emits =
  (...states: Status['tunnels']) =>
  (peer: FakePeer): void => {
    for (const tunnel of states) peer.sendEvent({ topic: 'status', status: { tunnels: [tunnel] } });
  };

/** Answers for `up`: each state in its turn. */
export const tunnelThat = (...states: Status['tunnels']): Answers => ({
  'events.subscribe': () => ({ sequence: 0, status: { tunnels: [] } }),
  'tunnel.up': (_, peer) => {
    emits(...states)(peer);
    return { accepted: true };
  },
  'tunnel.down': () => ({ accepted: true }),
});
