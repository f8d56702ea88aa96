/** A tunnel that was connected stays connected: every way in which a connection ends, and what follows. In virtual time. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { createConnection } from '#core/ikev2/connection.ts';
import type { InitiatorConfig } from '#core/ikev2/connection-types.ts';
import { tunnelStatusSchema, type TunnelState } from '#core/ipc/contract.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { parseIp } from '#core/net/address.ts';
import { SystemFailure } from '#helper/effects/effects.ts';
import { CANARY, profileNamed } from '#test/fakes/profiles.ts';
import { type Gateway, reply, TunnelWorld } from '#test/fakes/tunnel-world.ts';
import type { ResponderOverrides } from '#test/harness/ikev2-pair.ts';
import { id, ip } from '#test/harness/ikev2-pair.ts';

const GATEWAY = '203.0.113.1';
const SECOND = '203.0.113.2';
const PEER = { localId: id('gw.example'), findPsk: () => utf8(CANARY) };
const ADMIN = { uid: 0, admin: true };

interface Stage {
  readonly world: TunnelWorld;
  readonly gateway: Gateway;
  readonly states: TunnelState[];
  /** What each engine was told. */
  readonly configs: InitiatorConfig[];
  readonly status: () => ReturnType<typeof tunnelStatusSchema.parse>;
}

async function connected(
  profile: Partial<ProfileInput> = {},
  peer: ResponderOverrides = {},
  prepare: (world: TunnelWorld) => void = () => undefined,
): Promise<Stage> {
  const configs: InitiatorConfig[] = [];
  const world = new TunnelWorld({
    createConnection: (config) => {
      configs.push(config);
      return createConnection(config);
    },
  });
  prepare(world);
  const gateway = world.gateway(GATEWAY, { ...PEER, ...peer });
  const stored = world.profile('work', { profile: profileNamed('work', profile) });
  const states: TunnelState[] = [];
  world.tunnels.subscribe(() => {
    const state = world.status('work')?.state;
    if (state && state !== states.at(-1)) states.push(state);
  });
  world.tunnels.up(stored);
  await world.clock.advance(300);
  const status = () => tunnelStatusSchema.parse(world.status('work'));
  expect(status().state).toBe('connected');
  return { world, gateway, states, configs, status };
}

const applied = (world: TunnelWorld): string[] =>
  world.effects.calls.map(({ effect, step }) => `${step} ${effect}`);
const ALL = ['apply firewall', 'apply link', 'apply routes', 'apply dns'];

/** The gateway falls silent, and that is noticed. */
async function lost(profile: Partial<ProfileInput> = {}): Promise<Stage> {
  const stage = await connected(profile);
  stage.gateway.stop();
  await stage.world.clock.advance(65_000);
  expect(stage.status().state).toBe('reconnecting');
  return stage;
}

describe('a connection that ends by itself', () => {
  it('is followed by another at once when the gateway ended it; the system is not touched', async () => {
    const { world, gateway, states, status } = await connected();
    const before = status();
    gateway.deleteAll();
    await world.clock.advance(300);
    const after = status();
    expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
    expect(after.ike?.spiI).not.toBe(before.ike?.spiI);
    expect(after.virtualIps).toEqual(before.virtualIps);
    expect(after.reconnect).toBeNull();
    expect(after.lastEnd).toMatchObject({ failure: { cause: 'closed-by-peer' } });
    expect(applied(world)).toEqual(ALL);
    expect(world.opened).toHaveLength(1);
    world.send();
    reply(gateway);
    await world.clock.advance(100);
    expect(gateway.tun.received).toHaveLength(1);
    expect(world.tuns[0]?.received).toHaveLength(1);
  });

  it('is noticed within the detection time, which status tells', async () => {
    const { world, gateway, status } = await connected();
    const { liveness } = status();
    gateway.stop();
    const proof = Date.parse(liveness?.lastProof ?? '');
    const dead = (liveness?.deadAfterSec ?? 0) * 1000;
    let last = 0;
    while (status().state === 'connected') {
      last = world.clock.wall();
      await world.clock.advance(500);
    }
    expect(last - proof).toBeLessThanOrEqual(dead);
    expect(status()).toMatchObject({ reconnect: { attempt: 1, why: { cause: 'peer-dead' } } });
  });

  it('leaves adapter, routes, guard and DNS in place, and packets into the adapter go nowhere', async () => {
    const { world, gateway, status } = await lost();
    expect([...world.effects.inForce].map((effect) => effect.split(' ')[0])).toEqual([
      'firewall',
      'link',
      'routes',
      'dns',
    ]);
    expect(status()).toMatchObject({ interface: { name: 'adit0' }, virtualIps: ['10.9.0.7', 'fd00:9::7'] });
    expect(status().children).toEqual([]);
    world.send();
    await world.clock.advance(1000);
    expect(gateway.tun.received).toEqual([]);
    expect(applied(world)).toEqual(ALL);
  });

  it('is tried again for ever, at growing distances of at most 72 s', async () => {
    const { world, configs, states } = await lost();
    const at: number[] = [];
    let seen = configs.length;
    for (let second = 0; second < 3600; second++) {
      await world.clock.advance(1000);
      if (configs.length > seen) at.push(second);
      seen = configs.length;
    }
    const gaps = at.map((second, i) => second - (at[i - 1] ?? second)).slice(1);
    expect(gaps.length).toBeGreaterThan(30);
    // A try is 20 s of silence, give or take.
    expect(Math.max(...gaps)).toBeLessThanOrEqual(72 + 24);
    expect(Math.min(...gaps.slice(10))).toBeGreaterThanOrEqual(48);
    expect(states.at(-1)).toBe('reconnecting');
    expect(world.status('work')?.reconnect?.attempt).toBeGreaterThan(30);
  });

  it('comes back when the gateway does', async () => {
    const { world, gateway, status } = await lost();
    gateway.restart();
    await world.clock.advance(70_000);
    expect(status()).toMatchObject({
      state: 'connected',
      reconnect: null,
      lastEnd: { why: expect.any(String) as string, failure: { cause: 'peer-dead' } },
    });
  });

  it('says when the next try begins, and begins then', async () => {
    const { world, status, configs } = await lost();
    while (typeof status().reconnect?.nextAt !== 'string') await world.clock.advance(100);
    const { attempt } = status().reconnect ?? { attempt: 0 };
    const tried = configs.length;
    await world.clock.advance(Date.parse(status().reconnect?.nextAt ?? '') - world.clock.wall() - 1);
    expect(configs.length).toBe(tried);
    await world.clock.advance(10);
    expect(configs.length).toBe(tried + 1);
    expect(status().reconnect).toMatchObject({ attempt: attempt + 1, nextAt: null });
  });

  it('ends the tunnel where the profile says so', async () => {
    const { world, gateway, status } = await connected({ reconnect: { enabled: false } });
    gateway.deleteAll();
    await world.clock.advance(300);
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'closed-by-peer' } });
    expect(world.journal.entries()).toEqual([]);
  });

  it('ends the tunnel after as many tries as the profile says', async () => {
    const { world, status, configs } = await connected({ reconnect: { attempts: 2 } }).then(async (stage) => {
      stage.gateway.stop();
      await stage.world.clock.advance(300_000);
      return stage;
    });
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'no-answer' } });
    expect(configs).toHaveLength(3);
    expect(world.journal.entries()).toEqual([]);
    expect(world.watch.listeners).toBe(0);
  });

  it('does not storm a gateway that takes us and throws us out', async () => {
    const { world, gateway, configs } = await connected();
    for (let tenth = 0; tenth < 600; tenth++) {
      gateway.deleteAll();
      await world.clock.advance(100);
    }
    expect(configs.length).toBeLessThan(10);
  });
});

describe('a refusal while reconnecting', () => {
  /** The gateway starts again with other settings; this many seconds after the first try. */
  async function refused(peer: ResponderOverrides, seconds: number) {
    const { world, gateway, status, configs } = await connected();
    gateway.stop();
    gateway.config = { ...PEER, ...peer };
    gateway.restart();
    while (status().state === 'connected') await world.clock.advance(100);
    await world.clock.advance(seconds * 1000);
    return { world, gateway, status, tries: configs.length - 1 };
  }

  it('that a gateway gives while it loads its settings is endured for a while', async () => {
    const { world, gateway, status } = await refused({ findPsk: () => undefined }, 2);
    gateway.stop();
    gateway.config = PEER;
    gateway.restart();
    await world.clock.advance(20_000);
    expect(status().state).toBe('connected');
  });

  it('that stays is final', async () => {
    const { world, status, tries } = await refused({ findPsk: () => undefined }, 60);
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'authentication-refused' } });
    expect(tries).toBe(4);
    expect(world.journal.entries()).toEqual([]);
  });

  it('of an impostor is final at once', async () => {
    const { status, tries } = await refused({ localId: id('impostor.example') }, 10);
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'identity-mismatch' } });
    expect(tries).toBe(1);
  });
});

describe('the network', () => {
  it('comes back: at once another try, in place of the one that hears nothing', async () => {
    const { world, gateway, status } = await lost();
    await world.clock.advance(300_000);
    gateway.restart();
    world.watch.tell({ what: 'network' });
    await world.clock.advance(500);
    expect(status().state).toBe('connected');
  });

  it('comes back while a try waits between two datagrams: that one is not waited for', async () => {
    const { world, gateway, status, configs } = await lost();
    const tried = configs.length;
    while (configs.length === tried) await world.clock.advance(100);
    // The fifth datagram left 4 s after the fourth at the latest, the sixth is as far away.
    await world.clock.advance(9000);
    expect(status().reconnect?.nextAt).toBeNull();
    gateway.restart();
    world.watch.tell({ what: 'network' });
    await world.clock.advance(200);
    expect(status().state).toBe('connected');
    expect(configs.length).toBe(tried + 2);
  });

  it('is gone: not connected any more, at once; back with the same address: the same connection', async () => {
    const { world, status, gateway, configs } = await connected();
    const before = status().ike?.spiI;
    world.offline = true;
    gateway.silent = true;
    world.watch.tell({ what: 'network' });
    await world.clock.advance(10);
    expect(status()).toMatchObject({ state: 'reconnecting', reconnect: { attempt: 0 } });
    await world.clock.advance(10_000);
    world.offline = false;
    gateway.silent = false;
    world.watch.tell({ what: 'network' });
    await world.clock.advance(100);
    expect(status()).toMatchObject({ state: 'connected', ike: { spiI: before } });
    expect(configs).toHaveLength(1);
  });

  it('is gone while packets that came before are still to be counted: not connected any more', async () => {
    const { world, gateway, status } = await connected();
    await world.clock.advance(1500);
    reply(gateway);
    await world.clock.advance(50);
    gateway.silent = true;
    world.offline = true;
    world.watch.tell({ what: 'network' });
    await world.clock.advance(5000);
    expect(status()).toMatchObject({ state: 'reconnecting' });
  });

  it('changes and our address does not: the gateway is asked, nothing else happens', async () => {
    const { world, states, status } = await connected();
    await world.clock.advance(5000);
    const before = status().liveness?.lastProof;
    world.watch.tell({ what: 'network' });
    await world.clock.advance(100);
    expect(status().liveness?.lastProof).not.toBe(before);
    expect(states).toEqual(['connecting', 'connected']);
  });

  it('gives us another address: the connection moves with it by MOBIKE', async () => {
    const { world, status, configs, states } = await connected();
    expect(status().path?.mobike).toBe(true);
    world.ours = ['192.0.2.77', '2001:db8::77'];
    world.watch.tell({ what: 'network' });
    await world.clock.advance(200);
    expect(status().path?.local.address).toBe('192.0.2.77');
    expect(status().state).toBe('connected');
    expect(configs).toHaveLength(1);
    expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
  });

  it('leads to the gateway with another MTU: the adapter and the guard follow, and nothing else', async () => {
    const { world, status } = await connected();
    const before = status().interface?.mtu ?? 0;
    world.ours = ['192.0.2.77', '2001:db8::77'];
    world.outerMtu = 1400;
    world.watch.tell({ what: 'network' });
    await world.clock.advance(200);
    expect(status().interface?.mtu).toBe(before - 100);
    expect(applied(world).slice(ALL.length)).toEqual(['apply link', 'apply firewall']);
  });

  it('gives us another address and the gateway knows no MOBIKE: a fresh connection, at once', async () => {
    const { world, status, configs, gateway } = await connected({}, { mobike: false });
    world.ours = ['192.0.2.77', '2001:db8::77'];
    world.watch.tell({ what: 'network' });
    await world.clock.advance(300);
    expect(configs).toHaveLength(2);
    expect(configs[1]?.initialContact).toBe(true);
    expect(status().state).toBe('connected');
    expect(gateway.peers).toBe(2);
    expect(applied(world)).toEqual(ALL);
  });

  it('gives us another address and the gateway does not answer there: a fresh connection after some seconds', async () => {
    const { world, status, configs, gateway } = await connected();
    gateway.stop();
    world.ours = ['192.0.2.77', '2001:db8::77'];
    world.watch.tell({ what: 'network' });
    await world.clock.advance(1000);
    gateway.restart();
    expect(status().state).toBe('reconnecting');
    await world.clock.advance(5000);
    expect(status().state).toBe('connected');
    expect(configs).toHaveLength(2);
  });
});

describe('sleep', () => {
  it('of hours, and the gateway still knows us: connected when it has said so, not before', async () => {
    const { world, status, states, configs } = await connected();
    world.clock.sleep(8 * 3_600_000);
    world.watch.tell({ what: 'woke', sleptMs: 8 * 3_600_000 });
    expect(status().state).toBe('reconnecting');
    await world.clock.advance(100);
    expect(status().state).toBe('connected');
    expect(configs).toHaveLength(1);
    expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
  });

  it('of hours, and the gateway has forgotten us: a fresh connection after three seconds', async () => {
    const { world, gateway, status, configs } = await connected();
    world.clock.sleep(8 * 3_600_000);
    gateway.stop();
    gateway.restart();
    world.watch.tell({ what: 'woke', sleptMs: 8 * 3_600_000 });
    await world.clock.advance(2900);
    expect(status().state).toBe('reconnecting');
    await world.clock.advance(500);
    expect(status().state).toBe('connected');
    expect(configs).toHaveLength(2);
  });

  it('that nobody tells of is noticed by the wall clock', async () => {
    const { world, states, status } = await connected();
    world.clock.sleep(3_600_000);
    await world.clock.advance(1500);
    expect(states).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
    expect(status().state).toBe('connected');
  });

  it('of a moment changes nothing: the gateway is asked', async () => {
    const { world, states } = await connected();
    world.clock.sleep(5000);
    world.watch.tell({ what: 'woke', sleptMs: 5000 });
    await world.clock.advance(200);
    expect(states).toEqual(['connecting', 'connected']);
  });
});

describe('suspicion', () => {
  it('of a gateway that does not answer our packets: it is asked after ten seconds', async () => {
    const { world, status } = await connected();
    const before = status().liveness?.lastProof;
    world.send();
    await world.clock.advance(9000);
    expect(status().liveness?.lastProof).toBe(before);
    await world.clock.advance(3000);
    expect(Date.parse(status().liveness?.lastProof ?? '')).toBeGreaterThan(Date.parse(before ?? ''));
  });
});

describe('INVALID_IKE_SPI in the clear', () => {
  it('of a gateway that has started again: a fresh connection after three seconds', async () => {
    const { world, gateway, status, configs } = await connected();
    gateway.stop();
    gateway.disowns = true;
    gateway.restart();
    world.watch.tell({ what: 'network' });
    await world.clock.advance(2900);
    expect(configs).toHaveLength(1);
    await world.clock.advance(500);
    expect(status()).toMatchObject({ state: 'connected', lastEnd: { failure: { cause: 'peer-dead' } } });
    expect(configs).toHaveLength(2);
  });
});

describe('a fresh connection in place of one that stands', () => {
  it('when it is asked for: no packet is lost, and the gateway is not told to forget the other', async () => {
    const { world, gateway, status, states, configs } = await connected();
    const before = status();
    const sending = { stop: false, sent: 0 };
    const traffic = async (): Promise<void> => {
      for (let packet = 0; packet < 100; packet++) {
        world.send();
        reply(gateway);
        sending.sent++;
        await world.clock.advance(10);
      }
    };
    expect(world.tunnels.reconnect('work')).toBe(true);
    await traffic();
    await world.clock.advance(1000);
    const after = status();
    expect(after.ike?.spiI).not.toBe(before.ike?.spiI);
    expect(after.children).toHaveLength(1);
    expect(states).toEqual(['connecting', 'connected']);
    expect(configs[1]?.initialContact).toBe(false);
    expect(gateway.tun.received).toHaveLength(sending.sent);
    expect(world.tuns[0]?.received).toHaveLength(sending.sent);
    expect(after.discarded.map(({ kind }) => kind).sort()).toEqual(['child', 'ike']);
    for (const key of world.keys) expect(key).toEqual(new Uint8Array(key.length));
  });

  it('that does not come leaves the other where it is', async () => {
    const { world, gateway, status, states } = await connected();
    gateway.refuseNew = true;
    world.tunnels.reconnect('work');
    for (let second = 0; second < 60; second++) {
      reply(gateway);
      await world.clock.advance(1000);
    }
    expect(status().state).toBe('connected');
    expect(states).toEqual(['connecting', 'connected']);
  });

  it('while reconnecting: now, not later', async () => {
    const { world, gateway, status } = await lost();
    await world.clock.advance(300_000);
    while (typeof status().reconnect?.nextAt !== 'string') await world.clock.advance(100);
    gateway.restart();
    expect(world.tunnels.reconnect('work')).toBe(true);
    await world.clock.advance(300);
    expect(status().state).toBe('connected');
  });

  it('is refused before there was one', () => {
    const world = new TunnelWorld();
    world.tunnels.up(world.profile('work'));
    expect(world.tunnels.reconnect('work')).toBe(false);
    expect(world.tunnels.reconnect('nobody')).toBe(false);
  });

  it('when the gateway wants another login: in time, without a gap', async () => {
    const { world, gateway, status, states, configs } = await connected({}, { authLifetimeSec: 600 });
    const at = Date.parse(status().ike?.reauthenticateAt ?? '');
    expect(at).toBeGreaterThan(world.clock.wall());
    for (let minute = 0; minute < 60; minute++) {
      reply(gateway);
      await world.clock.advance(60_000);
    }
    expect(states).toEqual(['connecting', 'connected']);
    expect(configs.length).toBeGreaterThan(5);
    expect(configs.slice(1).every(({ initialContact }) => !initialContact)).toBe(true);
    expect(world.tuns[0]?.received).toHaveLength(60);
  });
});

describe('after a reconnection', () => {
  it('the addresses from before are asked for', async () => {
    const { world, gateway, configs } = await connected();
    gateway.deleteAll();
    await world.clock.advance(300);
    expect(configs[0]?.request.addresses).toEqual([]);
    expect(configs[1]?.request.addresses).toEqual([parseIp('10.9.0.7'), parseIp('fd00:9::7')]);
  });

  it('another address inside: the guard covers both while they change, and only what differs is touched', async () => {
    const { world, gateway, status } = await connected();
    gateway.stop();
    gateway.config = {
      ...PEER,
      assign: () => ({
        addresses: [{ address: parseIp('10.9.0.99') as Uint8Array, length: 32 }],
        dns: [parseIp('10.9.0.1') as Uint8Array],
        subnets: [],
        domains: ['corp.example'],
      }),
    };
    gateway.restart();
    await world.clock.advance(70_000);
    expect(status()).toMatchObject({ state: 'connected', virtualIps: ['10.9.0.99'] });
    const later = world.effects.calls.slice(ALL.length);
    expect(later.map(({ effect, step }) => `${step} ${effect}`)).toEqual([
      'apply firewall',
      'apply link',
      'apply firewall',
      'apply routes',
    ]);
    const guarded = later
      .filter(({ effect }) => effect === 'firewall')
      .map((call) => (call.with as { addresses: readonly unknown[] }).addresses.length);
    expect(guarded).toEqual([3, 1]);
    expect(world.journal.entries().map(({ effect }) => effect)).toEqual(['firewall', 'routes', 'dns']);
  });

  const elsewhere = (): ResponderOverrides => ({
    ...PEER,
    assign: () => ({
      addresses: [{ address: ip('10.9.0.99'), length: 32 }],
      dns: [],
      subnets: [],
      domains: [],
    }),
  });
  const broken = (): SystemFailure => new SystemFailure('ip link', 'Device or resource busy', 'wait');

  it.each(['link', 'firewall', 'routes'])(
    '%s that the system refuses once is tried again',
    async (effect) => {
      const { world, gateway, status } = await connected();
      world.effects.failures.set(`${effect} apply`, broken());
      gateway.config = elsewhere();
      gateway.deleteAll();
      await world.clock.advance(5000);
      expect(status()).toMatchObject({ state: 'connected', virtualIps: ['10.9.0.99'] });
      // What was done before the refusal is not trusted.
      expect(applied(world).slice(-5)).toEqual([
        'apply firewall',
        'apply link',
        'apply firewall',
        'apply routes',
        'undo dns',
      ]);
      expect(gateway.peers).toBe(3);
    },
  );

  it('what the system refuses again and again ends the tunnel', async () => {
    const { world, gateway, status } = await connected();
    gateway.config = elsewhere();
    gateway.deleteAll();
    for (let tenth = 0; tenth < 600; tenth++) {
      world.effects.failures.set('link apply', broken());
      await world.clock.advance(100);
    }
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'system' } });
    expect(world.journal.entries()).toEqual([]);
  });

  it('no name servers any more: ours are taken back', async () => {
    const { world, gateway, status } = await connected();
    gateway.stop();
    gateway.config = {
      ...PEER,
      assign: () => ({
        addresses: [
          { address: parseIp('10.9.0.7') as Uint8Array, length: 32 },
          { address: parseIp('fd00:9::7') as Uint8Array, length: 128 },
        ],
        dns: [],
        subnets: [],
        domains: [],
      }),
    };
    gateway.restart();
    await world.clock.advance(70_000);
    expect(status()).toMatchObject({ state: 'connected', dns: { servers: [], backend: null } });
    expect(applied(world).slice(ALL.length)).toEqual(['undo dns']);
    expect(world.journal.entries().map(({ effect }) => effect)).toEqual(['firewall', 'routes']);
  });
});

describe('one Child SA for each network', () => {
  it('has the routes of all, also after a reconnection', async () => {
    const { world, gateway, status } = await connected({
      child: { perSubnet: true, remoteTs: ['10.1.0.0/17', '10.1.128.0/17', 'fd00:1::/64'] },
    });
    const routed = (): number => {
      const last = world.effects.calls.findLast(({ effect }) => effect === 'routes');
      return (last?.with as { remoteTs: readonly unknown[] } | undefined)?.remoteTs.length ?? 0;
    };
    expect(status().children.map(({ name }) => name)).toEqual(['net', 'net 2', 'net 3']);
    expect(routed()).toBe(3);
    gateway.deleteAll();
    await world.clock.advance(500);
    expect(status()).toMatchObject({ state: 'connected', lastEnd: { failure: { cause: 'closed-by-peer' } } });
    expect(status().children).toHaveLength(3);
    expect(routed()).toBe(3);
  });
});

describe('a hard limit', () => {
  const perSubnet = { child: { perSubnet: true, remoteTs: ['10.1.0.0/17', '10.1.128.0/17'] } };
  const stopped = async (name: string) => {
    const { world, status, gateway } = await connected(perSubnet);
    const spi = status().children.find((child) => child.name === name)?.spiIn ?? '';
    return { world, status, gateway, spi };
  };

  it('of the only Child SA to a network: a fresh connection leads there again', async () => {
    const { world, status, gateway, spi } = await stopped('net 2');
    world.opened[0]?.events.onExpired(Number.parseInt(spi, 16), 'packets');
    await world.clock.advance(500);
    expect(gateway.peers).toBe(2);
    expect(status()).toMatchObject({
      state: 'connected',
      lastEnd: { failure: { what: 'The Child SA ended' } },
    });
    expect(status().children.map(({ name }) => name)).toEqual(['net', 'net 2']);
    expect(status().discarded.find((record) => record.spi === spi)?.why).toBe(
      'it reached its limit of packets',
    );
  });

  it('of one that has a successor already: the connection goes on', async () => {
    const { world, status, gateway, spi } = await stopped('net 2');
    expect(world.tunnels.rekey('work', 'child')).toBe(true);
    // Until the Delete of the old one has passed there are two.
    const both = () => status().children.filter(({ name }) => name === 'net 2');
    for (let ms = 0; both().length < 2 && ms < 500; ms++) await world.clock.advance(1);
    expect(both().map(({ spiIn }) => spiIn)).toContain(spi);
    world.opened[0]?.events.onExpired(Number.parseInt(spi, 16), 'packets');
    await world.clock.advance(2000);
    expect(gateway.peers).toBe(1);
    expect(status().children).toHaveLength(2);
  });
});

describe('several addresses', () => {
  it('in their order, each for some seconds', async () => {
    const { world, gateway, status } = await connected({
      gateway: { addresses: [GATEWAY, SECOND], id: 'gw.example' },
    });
    world.gateway(SECOND, PEER);
    gateway.stop();
    await world.clock.advance(65_000);
    expect(status()).toMatchObject({ state: 'connected', gateway: { address: SECOND } });
  });

  it('a name is looked up each time; what it led to before counts while its servers are out of reach', async () => {
    const { world, gateway, status } = await connected(
      { gateway: { addresses: ['vpn.example'], id: 'gw.example' } },
      {},
      (unprepared) => unprepared.names.set('vpn.example', [GATEWAY]),
    );
    world.names.delete('vpn.example');
    gateway.deleteAll();
    await world.clock.advance(300);
    expect(status().state).toBe('connected');
    world.gateway(SECOND, PEER);
    world.names.set('vpn.example', [SECOND]);
    gateway.stop();
    await world.clock.advance(75_000);
    expect(status()).toMatchObject({ state: 'connected', gateway: { address: SECOND } });
  });
});

describe('a gateway whose name leads elsewhere, while the name servers are those inside the dead tunnel', () => {
  it('is found by those that the system had before', async () => {
    const { world, gateway, status } = await connected(
      { gateway: { addresses: ['vpn.example'], id: 'gw.example' } },
      {},
      (unprepared) => unprepared.names.set('vpn.example', [GATEWAY]),
    );
    world.names.delete('vpn.example');
    world.namesOutside.set('vpn.example', [SECOND]);
    world.gateway(SECOND, PEER);
    gateway.stop();
    await world.clock.advance(75_000);
    expect(status()).toMatchObject({ state: 'connected', gateway: { address: SECOND } });
  });
});

/** Nothing of any tunnel is left on the machine. */
function expectNothingLeft(world: TunnelWorld): void {
  expect([...world.effects.inForce].filter((effect) => !effect.startsWith('link'))).toEqual([]);
  expect(world.journal.entries()).toEqual([]);
  expect(world.tuns).toEqual([]);
  expect(world.watch.listeners).toBe(0);
  expect(world.ownTimers()).toBe(0);
}

describe('while reconnecting', () => {
  it.each([0, 1000, 3000, 10_000, 30_000, 62_000])('down after %i ms leaves nothing', async (ms) => {
    const { world, status } = await lost();
    await world.clock.advance(ms);
    world.tunnels.down(ADMIN, 'work');
    await world.clock.advance(5000);
    expect(status()).toMatchObject({ state: 'disconnected', failure: null, reconnect: null });
    expect(status().lastEnd?.why).toContain('while it was reconnecting');
    expectNothingLeft(world);
  });

  it('the end of the helper leaves nothing', async () => {
    const { world, status } = await lost();
    const over = world.tunnels.shutdown();
    await world.clock.advance(3000);
    await over;
    expect(status().state).toBe('disconnected');
    expectNothingLeft(world);
  });

  it('a changed profile and another key change nothing until the next up; the old secrets are wiped at the end', async () => {
    const { world, gateway, status, configs } = await lost();
    world.profile('work', {
      psk: undefined,
      profile: profileNamed('work', { gateway: { addresses: [SECOND] } }),
    });
    gateway.restart();
    await world.clock.advance(70_000);
    expect(status()).toMatchObject({ state: 'connected', gateway: { address: GATEWAY } });
    world.tunnels.down(ADMIN);
    await world.clock.advance(3000);
    for (const { authentication } of configs) {
      if (authentication.method !== 'psk') throw new Error('not by key');
      expect(authentication.psk).toEqual(new Uint8Array(authentication.psk.length));
    }
  });

  it('the tunnel is active: its profile is not removed, and up changes nothing', async () => {
    const { world, states } = await lost();
    expect(world.tunnels.isActive('work')).toBe(true);
    expect(world.tunnels.up(world.profile('work'))).toBe('accepted');
    expect(states.at(-1)).toBe('reconnecting');
    expect(world.opened).toHaveLength(1);
  });
});
