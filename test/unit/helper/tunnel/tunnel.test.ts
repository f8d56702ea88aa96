import { describe, expect, it, vi } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { createConnection } from '#core/ikev2/connection.ts';
import { tunnelStatusSchema } from '#core/ipc/contract.ts';
import type { TunnelState } from '#core/ipc/contract.ts';
import { NetworkUnreachable, SystemFailure } from '#helper/effects/effects.ts';
import { Secret } from '#helper/secret.ts';
import { CANARY, profileNamed } from '#test/fakes/profiles.ts';
import { TunnelWorld, reply } from '#test/fakes/tunnel-world.ts';
import { id } from '#test/harness/ikev2-pair.ts';

const GATEWAY = '203.0.113.1';
const SECOND = '203.0.113.2';
const PEER = { localId: id('gw.example'), findPsk: () => utf8(CANARY) };

function connecting(world = new TunnelWorld()) {
  const gateway = world.gateway(GATEWAY, PEER);
  const stored = world.profile('work');
  const states: TunnelState[] = [];
  world.tunnels.subscribe(() => {
    const state = world.status('work')?.state;
    if (state && state !== states.at(-1)) states.push(state);
  });
  world.tunnels.up(stored);
  return { world, gateway, stored, states };
}

async function connected() {
  const stage = connecting();
  await stage.world.clock.advance(200);
  expect(stage.world.status('work')?.state).toBe('connected');
  return stage;
}

/** Nothing of any tunnel is left on the machine. */
function expectNothingLeft(world: TunnelWorld): void {
  expect([...world.effects.inForce].filter((effect) => !effect.startsWith('link'))).toEqual([]);
  expect(world.journal.entries()).toEqual([]);
  expect(world.tuns).toEqual([]);
  expect(world.ownTimers()).toBe(0);
}

describe('a tunnel', () => {
  it('connects, counts and comes down', async () => {
    const { world, states, stored, gateway } = await connected();
    for (let packet = 0; packet < 2; packet++) world.send();
    for (let packet = 0; packet < 3; packet++) reply(gateway);
    await world.clock.advance(100);
    expect(gateway.tun.received).toHaveLength(2);
    expect(world.tuns[0]?.received).toHaveLength(3);
    const status = tunnelStatusSchema.parse(world.status('work'));
    expect(status).toMatchObject({
      profile: { id: 'work', name: 'work' },
      state: 'connected',
      step: null,
      gateway: { address: GATEWAY, port: 4500, id: 'gw.example' },
      virtualIps: ['10.9.0.7', 'fd00:9::7'],
      dns: { servers: ['10.9.0.1'], domains: ['corp.example'], backend: 'resolved' },
      nat: { local: false, remote: false },
      interface: { name: 'adit0' },
      ike: { version: 2, suite: 'aes256gcm16-prfsha256-curve25519', weak: [], rekeyAt: expect.any(String) },
      failure: null,
    });
    expect(status.children).toMatchObject([
      {
        protocol: 'ESP',
        mode: 'tunnel',
        suite: 'aes256gcm16',
        packetsIn: 3,
        bytesIn: 384,
        packetsOut: 2,
        bytesOut: 256,
      },
    ]);
    expect(status.children[0]?.localTs).toEqual(['10.9.0.7/32', 'fd00:9::7/128']);
    expect(status.children[0]?.remoteTs).toEqual(['10.1.0.0/16', 'fd00:1::/64']);
    expect(status.ike?.spiI).toMatch(/^[0-9a-f]{16}$/);
    expect(status.children[0]?.spiIn).toMatch(/^[0-9a-f]{8}$/);
    expect(Date.parse(status.ike?.expiresAt ?? '') - world.clock.wall()).toBeGreaterThan(14_000_000);

    world.tunnels.down({ uid: 0, admin: true }, stored.id);
    await world.clock.advance(200);
    expect(states).toEqual(['connecting', 'connected', 'disconnecting', 'disconnected']);
    expect(world.status('work')).toMatchObject({ gateway: null, ike: null, children: [], failure: null });
    expectNothingLeft(world);
  });

  it('makes its changes in order and undoes them the other way round', async () => {
    const { world } = await connected();
    world.tunnels.down({ uid: 0, admin: true });
    await world.clock.advance(200);
    expect(world.effects.calls.map(({ effect, step }) => `${step} ${effect}`)).toEqual([
      'apply firewall',
      'apply link',
      'apply routes',
      'apply dns',
      // The adapter stands until the farewell is over, but without its addresses.
      'apply link',
      'undo dns',
      'undo routes',
      'undo firewall',
    ]);
  });

  it('has each change in the journal before it is made', async () => {
    const world = new TunnelWorld();
    const before: string[] = [];
    for (const effect of ['firewall', 'routes', 'dns'] as const) {
      const original = world.effects[effect].apply.bind(world.effects[effect]) as (
        ...all: unknown[]
      ) => never;
      vi.spyOn(world.effects[effect], 'apply').mockImplementation((...all: unknown[]) => {
        before.push(
          ...world.journal
            .entries()
            .filter((entry) => entry.effect === effect)
            .map((entry) => entry.effect),
        );
        return original(...all);
      });
    }
    connecting(world);
    await world.clock.advance(200);
    expect(before).toEqual(['firewall', 'routes', 'dns']);
    expect(world.journal.entries().map(({ effect }) => effect)).toEqual(['firewall', 'routes', 'dns']);
  });

  it('marks its sockets and says the mark to the routes', async () => {
    const { world } = await connected();
    const routes = world.effects.calls.find(({ effect }) => effect === 'routes')?.with as { mark: number };
    expect(world.sockets.map(({ family, mark }) => ({ family, mark }))).toEqual([
      { family: 4, mark: routes.mark },
      { family: 6, mark: routes.mark },
    ]);
  });

  it('gives the keys to the data plane and keeps none', async () => {
    const { world, gateway } = await connected();
    expect(world.keys).toHaveLength(2);
    for (const key of world.keys) expect(key).toEqual(new Uint8Array(key.length));
    reply(gateway);
    await world.clock.advance(100);
    expect(world.tuns[0]?.received).toHaveLength(1);
  });

  it('sets the MTU from the path and the suite, or from the profile', async () => {
    const { world } = await connected();
    // 1500 - 20 (IPv4) - 8 (UDP) - 8 (ESP) - 8 (IV) - 16 (ICV) = 1440, a multiple of 4, less 2 of the trailer.
    expect(world.status('work')?.interface).toEqual({ name: 'adit0', mtu: 1438 });
    const other = new TunnelWorld();
    other.gateway(GATEWAY, PEER);
    other.tunnels.up(other.profile('work', { profile: profileNamed('work', { mtu: 1300 }) }));
    await other.clock.advance(200);
    expect(other.status('work')?.interface?.mtu).toBe(1300);
  });

  it('leaves out INITIAL_CONTACT while another leads to the same gateway, which would drop that one', async () => {
    const asked: boolean[] = [];
    const world = new TunnelWorld({
      createConnection: (config) => {
        asked.push(config.initialContact);
        return createConnection(config);
      },
    });
    world.gateway(GATEWAY, PEER);
    for (const name of ['first', 'second', 'first']) {
      world.tunnels.up(world.profile(name));
      await world.clock.advance(200);
      expect(world.status(name)?.state).toBe('connected');
      world.tunnels.down({ uid: 0, admin: true }, name === 'second' ? undefined : 'nobody');
      await world.clock.advance(3_000);
    }
    expect(asked).toEqual([true, false, true]);
  });

  it('tells its counters once a second while it is connected, and not after', async () => {
    const { world } = await connected();
    let told = 0;
    world.tunnels.subscribe(() => told++);
    await world.clock.advance(5000);
    expect(told).toBe(5);
    world.tunnels.down({ uid: 0, admin: true });
    await world.clock.advance(1000);
    const after = told;
    await world.clock.advance(10_000);
    expect(told).toBe(after);
  });

  it('takes inbound packets as a sign of life', async () => {
    const { world, gateway } = await connected();
    gateway.silent = true;
    for (let second = 0; second < 120; second++) {
      reply(gateway);
      await world.clock.advance(1000);
    }
    expect(world.status('work')?.state).toBe('connected');
    await world.clock.advance(120_000);
    expect(world.status('work')).toMatchObject({
      state: 'reconnecting',
      lastEnd: { failure: { cause: 'peer-dead' } },
    });
  });

  it('connects again after it failed', async () => {
    const world = new TunnelWorld();
    const gateway = world.gateway(GATEWAY, PEER);
    const profile = profileNamed('work', { reconnect: { enabled: false } });
    const stored = world.profile('work', { profile });
    world.tunnels.up(stored);
    await world.clock.advance(200);
    gateway.deleteAll();
    await world.clock.advance(200);
    expect(world.status('work')).toMatchObject({ state: 'failed', failure: { cause: 'closed-by-peer' } });
    expect(world.journal.entries()).toEqual([]);
    world.tunnels.up(stored);
    expect(world.status('work')).toMatchObject({ state: 'connecting', failure: null });
    await world.clock.advance(200);
    expect(world.status('work')?.state).toBe('connected');
  });

  it('takes the key of the call before the stored one', async () => {
    const world = new TunnelWorld();
    world.gateway(GATEWAY, { ...PEER, findPsk: () => utf8('of the call') });
    world.tunnels.up(world.profile('work'), { psk: new Secret(utf8('of the call')) });
    await world.clock.advance(200);
    expect(world.status('work')?.state).toBe('connected');
  });
});

/** Why a tunnel failed, when all that it tries has been tried. */
async function outcome(world: TunnelWorld, change: Parameters<TunnelWorld['profile']>[1] = {}) {
  world.tunnels.up(world.profile('work', change));
  await world.clock.advance(120_000);
  expectNothingLeft(world);
  const status = world.status('work');
  expect(status?.state).toBe('failed');
  return status?.failure;
}
const at = (...addresses: string[]) => ({ profile: profileNamed('work', { gateway: { addresses } }) });

describe('a tunnel that cannot come up', () => {
  it('for want of a secret', async () => {
    expect(await outcome(new TunnelWorld(), { psk: undefined })).toEqual({
      cause: 'secret-missing',
      what: 'pre-shared key',
    });
  });

  it('because nobody answers, after some half a minute', async () => {
    const world = new TunnelWorld();
    world.tunnels.up(world.profile('work', at(GATEWAY)));
    await world.clock.advance(20_000);
    expect(world.status('work')).toMatchObject({
      state: 'connecting',
      gateway: { address: GATEWAY, port: 500 },
    });
    await world.clock.advance(20_000);
    expect(world.status('work')?.failure).toEqual({
      cause: 'no-answer',
      exchange: 'IKE_SA_INIT',
      tried: [{ address: GATEWAY, port: 500 }],
      attempts: 7,
    });
  });

  it('because nobody listens there: the machine says so', async () => {
    const world = new TunnelWorld();
    world.closed.add(GATEWAY);
    expect(await outcome(world, at(GATEWAY, SECOND))).toMatchObject({
      cause: 'no-answer',
      closed: [{ address: GATEWAY, port: 500 }],
    });
  });

  it('because no address of several answers: all are named', async () => {
    const world = new TunnelWorld();
    world.names.set('vpn.example', [SECOND, '2001:db8::1']);
    expect(await outcome(world, at(GATEWAY, 'vpn.example'))).toMatchObject({
      cause: 'no-answer',
      tried: [
        { address: GATEWAY, port: 500 },
        { address: SECOND, port: 500 },
        { address: '2001:db8::1', port: 500 },
      ],
      attempts: 21,
    });
  });

  it('because the name is unknown', async () => {
    expect(await outcome(new TunnelWorld(), at('nowhere.example'))).toMatchObject({
      cause: 'name-not-resolved',
      host: 'nowhere.example',
    });
  });

  it('because there is no network', async () => {
    const world = new TunnelWorld();
    world.effects.failures.set(
      'routes sourceFor',
      new NetworkUnreachable('no route', 'Network is unreachable', ''),
    );
    expect(await outcome(world, at(GATEWAY))).toEqual({
      cause: 'network-unreachable',
      address: GATEWAY,
      detail: 'Network is unreachable',
    });
  });

  it('because the key is wrong', async () => {
    const world = new TunnelWorld();
    world.gateway(GATEWAY, { ...PEER, findPsk: () => utf8('another') });
    expect(await outcome(world)).toMatchObject({ cause: 'authentication-refused' });
  });

  it('because the gateway is another one', async () => {
    const world = new TunnelWorld();
    world.gateway(GATEWAY, { ...PEER, localId: id('impostor.example') });
    expect(await outcome(world)).toMatchObject({
      cause: 'identity-mismatch',
      expected: 'gw.example',
      presented: 'impostor.example',
    });
  });

  it.each([
    ['openTun', 'ENOENT', /modprobe tun/],
    ['openTun', 'EPERM', /root/],
    ['openDataPlane', 'EADDRINUSE', /localPort/],
  ] as const)('because %s fails with %s', async (step, code, remedy) => {
    const world = new TunnelWorld();
    world.refusals.set(step, Object.assign(new Error(`${code}: no`), { code }));
    const failure = await outcome(world);
    expect(failure).toMatchObject({ cause: 'system' });
    expect(failure?.cause === 'system' && failure.remedy).toMatch(remedy);
  });

  it.each(['link', 'firewall', 'routes', 'dns'] as const)(
    'because the system refuses its %s',
    async (effect) => {
      const world = new TunnelWorld();
      world.gateway(GATEWAY, PEER);
      world.effects.failures.set(
        `${effect} apply`,
        new SystemFailure('It did not work', 'because', 'Do this'),
      );
      expect(await outcome(world)).toEqual({
        cause: 'system',
        what: 'It did not work',
        detail: 'because',
        remedy: 'Do this',
      });
    },
  );

  it('because the data plane refuses the SA', async () => {
    const world = new TunnelWorld();
    world.gateway(GATEWAY, PEER);
    world.tunnels.up(world.profile('work'));
    world.refusals.set('installChild', new Error('no such cipher'));
    await world.clock.advance(5000);
    expect(world.status('work')?.failure).toMatchObject({ cause: 'system', detail: 'no such cipher' });
    expectNothingLeft(world);
  });

  it('tries the next address when the first is silent, and says where it is', async () => {
    const world = new TunnelWorld();
    world.gateway(SECOND, PEER);
    const profile = profileNamed('work', { gateway: { addresses: [GATEWAY, SECOND], id: 'gw.example' } });
    world.tunnels.up(world.profile('work', { profile }));
    await world.clock.advance(60_000);
    expect(world.status('work')).toMatchObject({ state: 'connected', gateway: { address: SECOND } });
  });

  it('tries the next address when a name is unknown or out of reach', async () => {
    const world = new TunnelWorld();
    world.gateway(SECOND, PEER);
    world.effects.failures.set('routes sourceFor', new NetworkUnreachable('no route', 'unreachable', ''));
    const profile = profileNamed('work', {
      gateway: { addresses: ['nowhere.example', GATEWAY, SECOND], id: 'gw.example' },
    });
    world.tunnels.up(world.profile('work', { profile }));
    await world.clock.advance(200);
    expect(world.status('work')).toMatchObject({ state: 'connected', gateway: { address: SECOND } });
  });

  it('does without IPv6 sockets where the machine has none', async () => {
    const world = new TunnelWorld();
    world.gateway(GATEWAY, PEER);
    world.refusals.set('openDataPlane', Object.assign(new Error('no IPv6'), { code: 'EAFNOSUPPORT' }));
    const original = world.openDataPlane.bind(world);
    world.openDataPlane = (options) => {
      if (options.sockets.every(({ family }) => family === 4)) world.refusals.clear();
      return original(options);
    };
    world.tunnels.up(world.profile('work'));
    await world.clock.advance(200);
    expect(world.status('work')?.state).toBe('connected');
    expect(world.sockets.map(({ family }) => family)).toEqual([4]);
  });
});

describe('a tunnel that ends', () => {
  it('while a name is looked up, without waiting for the answer', async () => {
    const never = { lookup: () => new Promise<never>(() => undefined) };
    const world = new TunnelWorld({ resolver: { ...never, asNow: () => never } });
    world.tunnels.up(
      world.profile('work', { profile: profileNamed('work', { gateway: { addresses: ['slow.example'] } }) }),
    );
    await world.clock.advance(1000);
    expect(world.status('work')).toMatchObject({ state: 'connecting', step: 'looking up slow.example' });
    world.tunnels.down({ uid: 0, admin: true });
    await world.clock.advance(0);
    expect(world.status('work')?.state).toBe('disconnected');
    expectNothingLeft(world);
  });

  it('tells the gateway, and waits for a silent one no longer than two seconds', async () => {
    const { world, gateway } = await connected();
    gateway.silent = true;
    world.tunnels.down({ uid: 0, admin: true });
    await world.clock.advance(1900);
    expect(world.status('work')?.state).toBe('disconnecting');
    await world.clock.advance(200);
    expect(world.status('work')?.state).toBe('disconnected');
    expectNothingLeft(world);
  });

  it('not when a hard limit stops its only SA: another connection takes its place', async () => {
    const { world } = await connected();
    const spi = world.status('work')?.children[0]?.spiIn ?? '';
    const at = new Date(world.clock.wall()).toISOString();
    world.opened[0]?.events.onExpired(Number.parseInt(spi, 16), 'bytes');
    // The gateway has not even heard of it.
    expect(world.status('work')).toMatchObject({
      children: [],
      discarded: [{ kind: 'child', spi, at, why: 'it reached its limit of bytes' }],
    });
    await world.clock.advance(200);
    const records = world.status('work')?.discarded.filter((record) => record.spi === spi);
    expect(records).toHaveLength(1);
    expect(world.status('work')).toMatchObject({
      state: 'connected',
      lastEnd: {
        failure: { cause: 'system', what: 'The Child SA ended', detail: 'it reached its limit of bytes' },
      },
    });
  });

  it('when the data plane cannot go on', async () => {
    const { world } = await connected();
    world.tuns[0]?.vanish();
    await world.clock.advance(200);
    expect(world.status('work')?.failure).toMatchObject({ cause: 'system', what: 'The data plane stopped' });
    expectNothingLeft(world);
  });

  it('says how far it had come when it was taken down too early, as adit up --timeout does', async () => {
    const world = new TunnelWorld();
    const stored = world.profile('work');
    world.tunnels.up(stored);
    await world.clock.advance(5000);
    expect(world.status('work')?.state).toBe('connecting');
    world.tunnels.down({ uid: 0, admin: true }, stored.id);
    await world.clock.advance(5000);
    const status = world.status('work');
    expect(status).toMatchObject({ state: 'disconnected', failure: null, lastEnd: { failure: null } });
    expect(status?.lastEnd?.why).toMatch(
      /^It was taken down while it was connecting: IKE_SA_INIT (to|with) 203\.0\.113\.1/,
    );
    expectNothingLeft(world);
  });

  it.each(Array.from({ length: 40 }, (_, at) => at * 2))(
    'wherever it is taken down: after %i ms',
    async (ms) => {
      const { world, states } = connecting();
      await world.clock.advance(ms);
      world.tunnels.down({ uid: 0, admin: true });
      await world.clock.advance(5000);
      expect(states.at(-1)).toBe('disconnected');
      expect(world.status('work')?.failure).toBeNull();
      expectNothingLeft(world);
    },
  );

  it('leaves in the journal what could not be undone, and says so', async () => {
    const { world } = await connected();
    world.effects.failures.set('routes undo', new SystemFailure('No', 'the table is locked', 'wait'));
    world.tunnels.down({ uid: 0, admin: true });
    await world.clock.advance(200);
    expect(world.journal.entries().map(({ effect }) => effect)).toEqual(['routes']);
    expect(
      world.log
        .recent()
        .some(({ level, message }) => level === 'error' && message.includes('routes of adit0')),
    ).toBe(true);
    expect(world.status('work')?.state).toBe('disconnected');
  });

  it('when the engine itself fails, without harm to the helper', async () => {
    const faulty = new TunnelWorld({
      createConnection: () =>
        new Proxy({} as never, {
          get: () => () => {
            throw new TypeError("a bug with 'hunter2'");
          },
        }),
    });
    faulty.tunnels.up(faulty.profile('work'));
    await faulty.clock.advance(5000);
    expect(faulty.status('work')?.failure).toMatchObject({
      cause: 'system',
      detail: 'TypeError: a bug with "…"',
    });
    expect(JSON.stringify(faulty.log.recent())).not.toContain('hunter2');
    expectNothingLeft(faulty);
  });
});

describe('many tunnels', () => {
  it('have tables of their own and one mark', async () => {
    const world = new TunnelWorld();
    world.gateway(GATEWAY, PEER);
    for (const name of ['a', 'b', 'c']) world.tunnels.up(world.profile(name));
    await world.clock.advance(500);
    const routes = world.effects.calls
      .filter(({ effect }) => effect === 'routes')
      .map((call) => call.with as { table: number; mark: number; tun: string });
    expect(new Set(routes.map(({ table }) => table)).size).toBe(3);
    expect(new Set(routes.map(({ mark }) => mark)).size).toBe(1);
    expect(new Set(routes.map(({ tun }) => tun)).size).toBe(3);
  });

  it('are one a profile', async () => {
    const { world, stored } = await connected();
    expect(world.tunnels.up(stored)).toBe('accepted');
    await world.clock.advance(200);
    expect(world.opened).toHaveLength(1);
  });

  it('are at most 32 at a time, and a place that is left is free again', async () => {
    const world = new TunnelWorld();
    for (let number = 0; number < 32; number++) {
      expect(world.tunnels.up(world.profile(`p${number}`))).toBe('accepted');
    }
    expect(world.tunnels.up(world.profile('more'))).toBe('too-many');
    world.tunnels.down({ uid: 0, admin: true }, 'p5');
    await world.clock.advance(5000);
    expect(world.tunnels.up(world.profile('more'))).toBe('accepted');
  });

  it('all come down when the helper ends, within a bound', async () => {
    const world = new TunnelWorld();
    const gateway = world.gateway(GATEWAY, PEER);
    for (const name of ['a', 'b']) world.tunnels.up(world.profile(name));
    await world.clock.advance(500);
    gateway.silent = true;
    let ended = false;
    const shutdown = world.tunnels.shutdown().then(() => (ended = true));
    await world.clock.advance(3000);
    expect(ended).toBe(true);
    await shutdown;
    expectNothingLeft(world);
  });

  it('end the helper even when the system does not answer', async () => {
    const { world } = await connected();
    vi.spyOn(world.effects.dns, 'undo').mockReturnValue(new Promise(() => undefined));
    let ended = false;
    const shutdown = world.tunnels.shutdown().then(() => (ended = true));
    await world.clock.advance(7000);
    expect(ended).toBe(false);
    await world.clock.advance(2000);
    expect(ended).toBe(true);
    await shutdown;
  });
});

describe('secrets', () => {
  it('are in no status, no failure and no log line', async () => {
    const { world } = await connected();
    const wrong = new TunnelWorld();
    wrong.gateway(GATEWAY, { ...PEER, findPsk: () => utf8('another') });
    wrong.tunnels.up(wrong.profile('work'));
    await wrong.clock.advance(5000);
    const everything = JSON.stringify([
      world.status('work'),
      world.log.recent(),
      wrong.status('work'),
      wrong.log.recent(),
      world.journal.entries(),
      world.effects.calls.map(String),
    ]);
    for (const form of [
      CANARY,
      Buffer.from(CANARY).toString('base64'),
      Buffer.from(CANARY).toString('hex'),
    ]) {
      expect(everything).not.toContain(form);
    }
  });
});
