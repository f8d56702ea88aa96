/** The helper’s socket: who connects, what the first call must be, and bounds on what anybody may cost. */
import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ERROR_CODES, PROTOCOL } from '#core/ipc/contract.ts';
import { MAX_FRAME, encodeFrame } from '#core/ipc/frame.ts';
import { FakeClock } from '#helper/clock-fake.ts';
import { CallError } from '#helper/ipc/call-error.ts';
import type { Caller } from '#helper/ipc/dispatch.ts';
import type { Grant } from '#helper/ipc/permissions.ts';
import { startServer } from '#helper/ipc/server.ts';
import type { ServerOptions } from '#helper/ipc/server.ts';
import { Log } from '#helper/log/log.ts';
import { deadSocket } from '#test/fakes/dead-socket.ts';
import { RawClient } from '#test/fakes/raw-client.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';

interface Stage {
  readonly path: string;
  readonly clock: FakeClock;
  readonly log: Log;
  /** What dispatch was asked. */
  readonly asked: { readonly method: string; readonly params: unknown; readonly caller: Caller }[];
}

const HELLO = { ...PROTOCOL, client: 'test' };

async function serving(change: Partial<ServerOptions> = {}): Promise<Stage> {
  const clock = new FakeClock();
  const log = new Log(clock, []);
  const asked: Stage['asked'] = [];
  const path = change.path ?? join(temporaryDirectory(), 'run', 'aditd.sock');
  const server = await startServer({
    path,
    clock,
    log: log.logger('ipc'),
    version: 'aditd test',
    peerCredentials: () => ({ uid: 1000, gid: 1000 }),
    grant: (): Grant => ({ permission: 'operate' }),
    dispatch: (method, params, caller) => {
      asked.push({ method, params, caller });
      return Promise.resolve({ did: method });
    },
    ...change,
  });
  onTestFinished(() => server.close());
  return { path, clock, log, asked };
}

describe('the socket', () => {
  it('stands in a directory that nobody else may write, open to all', async () => {
    const { path } = await serving();
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o755);
    expect(statSync(path).mode & 0o777).toBe(0o666);
  });

  it('goes when the helper ends', async () => {
    const path = join(temporaryDirectory(), 'run', 'aditd.sock');
    const clock = new FakeClock();
    const server = await startServer({
      path,
      clock,
      log: new Log(clock, []).logger('ipc'),
      version: 'aditd test',
      peerCredentials: () => ({ uid: 0, gid: 0 }),
      grant: () => ({ permission: 'admin' }),
      dispatch: () => Promise.resolve({}),
    });
    const client = await RawClient.greeted(path);
    await server.close();
    await client.closed;
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['is a symbolic link', (run: string, root: string) => symlinkSync(root, run), /symbolic link/],
    [
      'others may write',
      (run: string) => (mkdirSync(run), chmodSync(run, 0o777)),
      /its mode 777 lets others in/,
    ],
    ['is a file', (run: string) => writeFileSync(run, ''), /not a directory/],
  ])('is refused where its directory %s', async (_, make, sentence) => {
    const root = temporaryDirectory();
    make(join(root, 'run'), root);
    await expect(serving({ path: join(root, 'run', 'aditd.sock') })).rejects.toThrow(sentence);
  });

  it('is refused where others may write the directory above', async () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'run'));
    chmodSync(root, 0o777);
    await expect(serving({ path: join(root, 'run', 'aditd.sock') })).rejects.toThrow(/its parent/);
  });

  it('replaces one that a killed helper left', async () => {
    const directory = join(temporaryDirectory(), 'run');
    mkdirSync(directory, { mode: 0o755 });
    const path = join(directory, 'aditd.sock');
    deadSocket(path);
    await serving({ path });
    expect((await RawClient.greeted(path)).socket.readyState).toBe('open');
  });

  it('is not taken from a helper that lives', async () => {
    const directory = join(temporaryDirectory(), 'run');
    mkdirSync(directory, { mode: 0o755 });
    const path = join(directory, 'aditd.sock');
    const other = createServer().listen(path);
    onTestFinished(() => void other.close());
    await expect(serving({ path })).rejects.toThrow(/another helper listens/);
    expect(existsSync(path)).toBe(true);
  });

  it('does not replace a file of another kind', async () => {
    const directory = join(temporaryDirectory(), 'run');
    mkdirSync(directory, { mode: 0o755 });
    const path = join(directory, 'aditd.sock');
    writeFileSync(path, 'precious');
    await expect(serving({ path })).rejects.toThrow(/is no socket/);
  });
});

describe('who connects', () => {
  it('is refused with a sentence before a byte is read', async () => {
    const { path, asked } = await serving({ grant: () => ({ refused: 'uid 1000 may not' }) });
    const client = await RawClient.connect(path);
    client.send({ jsonrpc: '2.0', id: 1, method: 'hello', params: HELLO });
    expect(await client.answer()).toMatchObject({
      id: null,
      error: { code: ERROR_CODES.forbidden, message: 'uid 1000 may not' },
    });
    await client.closed;
    expect(asked).toEqual([]);
  });

  it('is refused where the kernel does not say who it is', async () => {
    const { path, log } = await serving({
      peerCredentials: () => {
        throw new Error('EBADF');
      },
    });
    await (await RawClient.connect(path)).closed;
    expect(log.recent().some(({ message }) => message.includes('EBADF'))).toBe(true);
  });

  it('is known by the credentials of its own descriptor', async () => {
    const descriptors: number[] = [];
    const { path, asked } = await serving({
      peerCredentials: (descriptor) => {
        descriptors.push(descriptor);
        return { uid: 1000 + descriptors.length, gid: 1 };
      },
    });
    for (const uid of [1001, 1002]) {
      const client = await RawClient.greeted(path);
      await client.call('status.get');
      expect(asked.at(-1)?.caller.viewer).toEqual({ uid, admin: false });
    }
    expect(descriptors[0]).toBeGreaterThan(2);
    expect(descriptors[0]).not.toBe(descriptors[1]);
  });

  it('is turned away as the 17th connection of a user, while root still enters', async () => {
    let uid = 1000;
    const { path } = await serving({ peerCredentials: () => ({ uid, gid: 1 }) });
    const clients = await Promise.all(Array.from({ length: 16 }, () => RawClient.greeted(path)));
    const extra = await RawClient.connect(path);
    expect(await extra.answer()).toMatchObject({ id: null, error: { code: ERROR_CODES.busy } });
    await extra.closed;
    uid = 0;
    await RawClient.greeted(path);
    uid = 1000;
    clients[0]?.socket.destroy();
    await clients[0]?.closed;
    await expect.poll(async () => (await RawClient.greeted(path)).socket.destroyed).toBe(false);
  });

  it('may be root more often than any user', async () => {
    const { path } = await serving({ peerCredentials: () => ({ uid: 0, gid: 0 }) });
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.greeted(path)));
    expect(clients.every(({ socket }) => !socket.destroyed)).toBe(true);
  });

  it('is turned away as the 33rd connection of all', async () => {
    let uid = 0;
    const { path } = await serving({ peerCredentials: () => ({ uid: uid++, gid: 1 }) });
    await Promise.all(Array.from({ length: 32 }, () => RawClient.greeted(path)));
    const extra = await RawClient.connect(path);
    expect(await extra.answer()).toMatchObject({ error: { code: ERROR_CODES.busy } });
    await extra.closed;
  });
});

describe('the first call', () => {
  it('is answered with the version', async () => {
    const { path } = await serving();
    const client = await RawClient.connect(path);
    expect(await client.call('hello', HELLO)).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { ...PROTOCOL, helper: 'aditd test' },
    });
  });

  it.each([
    ['another call', { jsonrpc: '2.0', id: 1, method: 'status.get' }],
    ['another major', { jsonrpc: '2.0', id: 1, method: 'hello', params: { ...HELLO, major: 99 } }],
    ['hello without a version', { jsonrpc: '2.0', id: 1, method: 'hello', params: {} }],
    ['hello without parameters', { jsonrpc: '2.0', id: 1, method: 'hello' }],
    ['a batch', [{ jsonrpc: '2.0', id: 1, method: 'hello', params: HELLO }]],
    ['no envelope', { method: 'hello', params: HELLO }],
    ['a number', 7],
    ['null', null],
  ])('ends the connection when it is %s', async (_, frame) => {
    const { path, asked } = await serving();
    const client = await RawClient.connect(path);
    client.send(frame);
    expect(await client.answer()).toMatchObject({ error: { code: ERROR_CODES.protocol } });
    await client.closed;
    expect(asked).toEqual([]);
  });

  it('must come within two seconds', async () => {
    const { path, clock } = await serving();
    const client = await RawClient.connect(path);
    client.socket.write(
      encodeFrame({ jsonrpc: '2.0', id: 1, method: 'hello', params: HELLO }).subarray(0, 9),
    );
    await expect.poll(() => clock.pending).toBe(1);
    await clock.advance(1999);
    expect(client.socket.closed).toBe(false);
    await clock.advance(1);
    expect(await client.answer()).toMatchObject({ error: { code: ERROR_CODES.protocol } });
    await client.closed;
  });

  it('stops that clock', async () => {
    const { path, clock } = await serving();
    const client = await RawClient.greeted(path);
    await clock.advance(60_000);
    expect(await client.call('status.get')).toMatchObject({ result: { did: 'status.get' } });
  });
});

describe('a session', () => {
  it('answers in order, one request at a time, however they are cut', async () => {
    let running = 0;
    const { path } = await serving({
      dispatch: async (method) => {
        expect(++running).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return { did: method };
      },
    });
    const client = await RawClient.greeted(path);
    const whole = Buffer.concat(
      Array.from({ length: 20 }, (_, id) => encodeFrame({ jsonrpc: '2.0', id, method: `m${id}` })),
    );
    for (let at = 0; at < whole.length; at += 11) client.socket.write(whole.subarray(at, at + 11));
    for (let id = 0; id < 20; id++)
      expect(await client.answer()).toMatchObject({ id, result: { did: `m${id}` } });
  });

  it('passes a refusal on and hides an inner fault', async () => {
    const { path, log } = await serving({
      dispatch: (method) =>
        Promise.reject(
          method === 'refused'
            ? new CallError('notFound', 'there is none')
            : new TypeError('inner detail of "hunter2"'),
        ),
    });
    const client = await RawClient.greeted(path);
    expect((await client.call('refused')).error).toEqual({
      code: ERROR_CODES.notFound,
      message: 'there is none',
    });
    const { error } = await client.call('broken');
    expect(error?.code).toBe(ERROR_CODES.internal);
    expect(error?.message).not.toContain('inner detail');
    const said = log.recent().at(-1)?.message;
    expect(said).toContain('TypeError: inner detail');
    expect(said).not.toContain('hunter2');
  });

  it.each([
    ['a frame that is too large', Buffer.from([0x7f, 0xff, 0xff, 0xff]), 'parse'],
    ['a frame one octet too large', lengthOf(MAX_FRAME + 1), 'parse'],
    ['a frame that is no JSON', Buffer.concat([lengthOf(3), Buffer.from('{a:')]), 'parse'],
    ['a frame that is no UTF-8', Buffer.concat([lengthOf(2), Buffer.from([0xc3, 0x28])]), 'parse'],
    ['an empty frame', lengthOf(0), 'parse'],
    [
      'a frame that is no request',
      encodeFrame({ jsonrpc: '2.0', id: 'x', method: 'status.get' }),
      'protocol',
    ],
    ['a request with more keys', encodeFrame({ jsonrpc: '2.0', id: 1, method: 'a', more: 1 }), 'protocol'],
  ] as const)('ends at %s, with a reason', async (_, octets, reason) => {
    const { path, asked } = await serving();
    const client = await RawClient.greeted(path);
    client.socket.write(octets);
    expect(await client.answer()).toMatchObject({ id: null, error: { code: ERROR_CODES[reason] } });
    await client.closed;
    expect(asked).toEqual([]);
  });

  it('answers in its place where an answer or a refusal does not fit a frame', async () => {
    const { path } = await serving({
      dispatch: (method) =>
        method === 'much'
          ? Promise.resolve('x'.repeat(MAX_FRAME))
          : Promise.reject(new CallError('refused', method === 'no' ? 'x'.repeat(MAX_FRAME) : 'no')),
    });
    const client = await RawClient.greeted(path);
    const unfit = { code: ERROR_CODES.internal, message: 'the answer does not fit a frame' };
    expect((await client.call('much')).error).toEqual(unfit);
    expect((await client.call('no')).error).toEqual(unfit);
    expect((await client.call('little')).error?.message).toBe('no');
  });

  it('ends, and nothing else does, at an event that does not fit a frame', async () => {
    let emit: (() => void) | undefined;
    const { path, log } = await serving({
      dispatch: (_, __, { subscriptions }) => {
        subscriptions.begin('status', (send) => {
          emit = () => send({ topic: 'status', status: 'x'.repeat(MAX_FRAME) as never });
          return () => (emit = undefined);
        });
        return Promise.resolve({});
      },
    });
    const client = await RawClient.greeted(path);
    await client.call('events.subscribe');
    expect(() => emit?.()).not.toThrow();
    await client.closed;
    expect(emit).toBeUndefined();
    expect(log.recent().at(-1)?.message).toContain('does not fit a frame');
    await RawClient.greeted(path);
  });

  it('ends at a request whose unknown key fills the frame, with a reason that fits one', async () => {
    const { path } = await serving();
    const client = await RawClient.greeted(path);
    client.send({ jsonrpc: '2.0', id: 1, method: 'a', ['k'.repeat(MAX_FRAME - 64)]: 1 });
    expect(await client.answer()).toMatchObject({ id: null, error: { code: ERROR_CODES.protocol } });
    await client.closed;
  });

  it('drops a client that does not read', async () => {
    const { path, log } = await serving({ dispatch: () => Promise.resolve('x'.repeat(200_000)) });
    const client = await RawClient.greeted(path);
    client.socket.pause();
    for (let id = 0; id < 40; id++) client.send({ jsonrpc: '2.0', id, method: 'much' });
    await expect.poll(() => log.recent().at(-1)?.message).toContain('does not read what it asked for');
    client.socket.resume();
    await client.closed;
  });

  it('reads no further while a request is worked on', async () => {
    const { path } = await serving({ dispatch: () => new Promise(() => undefined) });
    const client = await RawClient.greeted(path);
    client.send({ jsonrpc: '2.0', id: 1, method: 'long' });
    const filler = { jsonrpc: '2.0', id: 2, method: 'next', params: 'x'.repeat(200_000) };
    for (let frame = 0; frame < 40; frame++) client.send(filler);
    const waiting = await settled(() => client.socket.writableLength);
    expect(waiting).toBeGreaterThan(4_000_000);
  });

  it('sends events after the snapshot they follow, numbered without a gap', async () => {
    let emit: ((text: string) => void) | undefined;
    const { path } = await serving({
      dispatch: (_, __, { subscriptions }) => {
        const sequence = subscriptions.begin('log', (send) => {
          emit = (message) =>
            send({
              topic: 'log',
              entry: { time: '2026-01-01T00:00:00Z', level: 'info', subsystem: 'x', message },
            });
          return () => (emit = undefined);
        });
        emit?.('at once');
        return Promise.resolve({ sequence });
      },
    });
    const client = await RawClient.greeted(path);
    expect(await client.call('events.subscribe')).toMatchObject({ result: { sequence: 0 } });
    emit?.('later');
    await expect.poll(() => client.events.length).toBe(2);
    expect(client.events.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(client.arrivals).toEqual(['answer', 'answer', 'event', 'event']);
    client.socket.destroy();
    await expect.poll(() => emit).toBeUndefined();
  });
});

/** The value once it has not changed for some turns of the event loop. */
async function settled(value: () => number): Promise<number> {
  let last = value();
  for (let same = 0; same < 2000; ) {
    await new Promise((resolve) => setImmediate(resolve));
    same = value() === last ? same + 1 : 0;
    last = value();
  }
  return last;
}

function lengthOf(octets: number): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(octets);
  return header;
}
