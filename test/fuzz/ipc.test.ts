/**
 * The helper's socket under whatever a client can send: the server, the dispatch and the handlers are real, over a Unix
 * socket. Permitted outcomes are an answer with a code of the contract, or the end of that client's connection. Afterwards
 * the helper serves an honest client, holds no connection, and has changed nothing.
 */
import { join } from 'node:path';
import {
  array,
  assert,
  asyncProperty,
  base64String,
  constant,
  constantFrom,
  dictionary,
  jsonValue,
  nat,
  oneof,
  record,
  string,
  uint8Array,
} from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { ERROR_CODES, PROTOCOL, calls } from '#core/ipc/contract.ts';
import { FrameDecoder, encodeFrame } from '#core/ipc/frame.ts';
import { fromHelperSchema } from '#core/ipc/messages.ts';
import { importFiles } from '#core/profile/import.ts';
import { systemClock } from '#helper/clock.ts';
import { handlers } from '#helper/ipc/calls.ts';
import { dispatcher } from '#helper/ipc/dispatch.ts';
import { startServer } from '#helper/ipc/server.ts';
import type { IpcServer } from '#helper/ipc/server.ts';
import { Log } from '#helper/log/log.ts';
import { FakeLockdown } from '#helper/effects/lockdown/fake.ts';
import { Lockdown } from '#helper/lockdown/lockdown.ts';
import { ProfileStore } from '#helper/profile-store.ts';
import type { TunnelManager } from '#helper/tunnel-manager.ts';
import { INFO } from '#test/fakes/helper-world.ts';

/** One property's share of the suite's time. */
const MS = 1200;
const BOUND = { interruptAfterTimeLimit: MS, markInterruptAsFailure: false, numRuns: 100_000 } as const;

const hello = encodeFrame({ jsonrpc: '2.0', id: 0, method: 'hello', params: { ...PROTOCOL } });
const codes: readonly number[] = Object.values(ERROR_CODES);

let directory: string;
let path: string;
let server: IpcServer;
let log: Log;
/** Ids that a tunnel was asked for. */
const asked: string[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'adit-fuzz-'));
  path = join(directory, 'run', 'aditd.sock');
  log = new Log(systemClock, []);
  const store = new ProfileStore(join(directory, 'profiles'), log.logger('store'));
  const tunnels = {
    status: () => ({ tunnels: [] }),
    up: ({ id }: { id: string }) => (asked.push(id), 'accepted'),
    down: () => undefined,
    isActive: () => false,
    forget: () => undefined,
    subscribe: () => () => undefined,
  } as unknown as TunnelManager;
  const lockdown = new Lockdown({
    stateDir: directory,
    effect: new FakeLockdown(),
    clock: systemClock,
    log: log.logger('lockdown'),
  });
  server = await startServer({
    path,
    clock: systemClock,
    log: log.logger('ipc'),
    version: 'aditd fuzz',
    peerCredentials: () => ({ uid: 1000, gid: 1000 }),
    grant: () => ({ permission: 'operate' }),
    dispatch: dispatcher(
      handlers({
        store,
        tunnels,
        lockdown,
        log,
        importFiles,
        doctor: () => Promise.resolve([]),
        clock: systemClock,
        info: () => INFO,
      }),
    ),
  });
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What the helper says to these octets until it ends the connection or has answered the honest call that follows. */
async function converse(chunks: readonly Uint8Array[], greeting: readonly Uint8Array[]): Promise<unknown[]> {
  const socket = connect(path);
  const decoder = new FrameDecoder();
  const said: unknown[] = [];
  const over = Promise.withResolvers<void>();
  socket.on('data', (chunk: Buffer) => {
    said.push(...decoder.feed(chunk));
    if (said.some((frame) => (frame as { id?: unknown }).id === 4711)) over.resolve();
  });
  socket.on('error', () => over.resolve());
  socket.on('close', () => over.resolve());
  for (const chunk of [
    ...greeting,
    ...chunks,
    encodeFrame({ jsonrpc: '2.0', id: 4711, method: 'status.get' }),
  ]) {
    socket.write(chunk);
  }
  // Octets that end inside a frame leave both sides waiting: the client goes away.
  socket.end();
  await over.promise;
  socket.destroy();
  return said;
}

/** Throws unless every frame is one that a helper may send, and no error says that the helper itself failed. */
function expectPermitted(said: readonly unknown[]): void {
  const frames = said.map((frame) => fromHelperSchema.parse(frame));
  const refusals = frames.flatMap((frame) => ('error' in frame ? [frame.error.code] : []));
  expect(refusals.filter((code) => !codes.includes(code) || code === ERROR_CODES.internal)).toEqual([]);
}

const octets = uint8Array({ maxLength: 200 });
const json = jsonValue({ maxDepth: 4 });
const method = oneof(constantFrom(...Object.keys(calls), '__proto__', 'constructor', 'hello'), string());
const name = constantFrom(
  'id',
  'files',
  'topic',
  'psk',
  'ppk',
  'name',
  'dryRun',
  'forAll',
  'profile',
  'baseRevision',
  'which',
  'format',
  'after',
  'level',
  'subsystem',
  'question',
  'answer',
  'remember',
  'privateKeyPassword',
  '__proto__',
  'constructor',
);
const plausible = oneof(
  json,
  constantFrom(
    'work',
    'status',
    'log',
    'profiles',
    'psk',
    'adit',
    'sswan',
    'info',
    '../../etc/passwd',
    '',
    true,
    0,
    -1,
    2 ** 53,
    null,
  ),
  array(record({ name: string(), content: base64String({ maxLength: 400 }) }), { maxLength: 3 }),
);
const request = record(
  {
    jsonrpc: oneof(constant('2.0'), json),
    id: oneof(nat(), json),
    method: oneof(method, json),
    params: oneof(dictionary(name, plausible, { maxKeys: 4 }), json),
  },
  { requiredKeys: [] },
);

/** The frames as one stream, cut at arbitrary places. */
function cut(frames: readonly Uint8Array[], places: readonly number[]): Uint8Array[] {
  const whole = Buffer.concat(frames);
  const at = [...new Set([0, ...places.map((place) => place % (whole.length + 1)), whole.length])].sort(
    (a, b) => a - b,
  );
  return at.slice(1).map((end, index) => whole.subarray(at[index], end));
}

describe('whatever a client sends', () => {
  it('before hello: random octets', async () => {
    await assert(
      asyncProperty(array(octets, { maxLength: 4 }), async (chunks) => {
        expectPermitted(await converse(chunks, []));
      }),
      BOUND,
    );
  });

  it('after hello: random octets', async () => {
    await assert(
      asyncProperty(array(octets, { maxLength: 4 }), async (chunks) => {
        expectPermitted(await converse(chunks, [hello]));
      }),
      BOUND,
    );
  });

  it('after hello: requests of every shape, cut anywhere', async () => {
    await assert(
      asyncProperty(
        array(request, { maxLength: 5 }),
        array(nat(), { maxLength: 5 }),
        async (requests, places) => {
          expectPermitted(await converse(cut(requests.map(encodeFrame), places), [hello]));
        },
      ),
      BOUND,
    );
  });

  it('after hello: calls by name with parameters that nearly fit', async () => {
    await assert(
      asyncProperty(
        constantFrom(...Object.keys(calls)),
        dictionary(name, plausible, { maxKeys: 4 }),
        async (call, params) => {
          const said = await converse(
            [encodeFrame({ jsonrpc: '2.0', id: 1, method: call, params })],
            [hello],
          );
          expect(said.map((frame) => (frame as { id: unknown }).id)).toEqual([0, 1, 4711]);
          expectPermitted(said);
        },
      ),
      BOUND,
    );
  });

  it('lengths that lie', async () => {
    await assert(
      asyncProperty(nat({ max: 0xffffffff }), octets, async (length, body) => {
        const header = Buffer.alloc(4);
        header.writeUInt32BE(length);
        expectPermitted(await converse([header, body], [hello]));
      }),
      BOUND,
    );
  });

  it('leaves a helper that serves the next one, and nothing behind', async () => {
    expect(await converse([], [hello])).toMatchObject([{ id: 0 }, { id: 4711, result: { tunnels: [] } }]);
    expect(asked).toEqual([]);
    expect(readdirSync(join(directory, 'profiles'))).toEqual([]);
    expect(log.recent().filter(({ level }) => level === 'error')).toEqual([]);
  });
});
