/** A tunnel that was connected stays connected: every way in which a connection ends, and what follows. In virtual time. */
import { describe, expect, it } from 'vitest';
import { profileNamed } from '#test/fakes/profiles.ts';
import { reply } from '#test/fakes/tunnel-world.ts';
import type { ResponderOverrides } from '#test/harness/ikev2-pair.ts';
import { id } from '#test/harness/ikev2-pair.ts';
import {
  ADMIN,
  ALL,
  applied,
  connected,
  expectNothingLeft,
  GATEWAY,
  lost,
  PEER,
  SECOND,
} from '#test/fakes/tunnel-stage.ts';

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

  it.each([
    [300, 1],
    [3_000, 2],
  ])(
    'has a moment for another Child SA where the gateway deleted the only one: after %i ms there are %i connections',
    async (ms, peers) => {
      const { world, gateway, status } = await connected();
      gateway.replaceChildren(ms);
      await world.clock.advance(100);
      expect(status().children).toEqual([]);
      expect(gateway.peers).toBe(1);
      await world.clock.advance(2_000);
      expect(gateway.peers).toBe(peers);
      expect(status()).toMatchObject({ state: 'connected', children: [{ name: 'net' }] });
    },
  );

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
    // It has one more moment to answer, then another connection is tried for.
    await world.clock.advance(1500);
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
