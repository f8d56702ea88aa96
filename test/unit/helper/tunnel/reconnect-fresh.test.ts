/** A fresh connection where one stood: made beside it, and what is put right after it. In virtual time. */
import { describe, expect, it } from 'vitest';
import { formatIp, parseIp } from '#core/net/address.ts';
import { type LinkSettings, SystemFailure } from '#helper/effects/effects.ts';
import { reply, TunnelWorld } from '#test/fakes/tunnel-world.ts';
import type { ResponderOverrides } from '#test/harness/ikev2-pair.ts';
import { ike, ip } from '#test/harness/ikev2-pair.ts';
import { ADMIN, ALL, applied, connected, lost, PEER } from '#test/fakes/tunnel-stage.ts';

const elsewhere = (): ResponderOverrides => ({
  ...PEER,
  assign: () => ({
    addresses: [{ address: ip('10.9.0.99'), length: 32 }],
    dns: [],
    subnets: [],
    domains: [],
  }),
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

  it('stands for a second before the old one is deleted, so that what is on its way there arrives', async () => {
    const { world, status } = await connected();
    const sas = () => world.planes[0]?.stats().children.length;
    const [old] = status().children;
    world.tunnels.reconnect('work');
    await world.clock.advance(900);
    expect(status().children[0]?.spiIn).not.toBe(old?.spiIn);
    expect(sas()).toBe(2);
    await world.clock.advance(400);
    expect(sas()).toBe(1);
  });

  it.each([0, 1500])(
    'is not held up by the old one that the gateway has forgotten, when the gateway rekeys %i ms after it',
    async (ms) => {
      const { world, gateway, status, states } = await connected();
      gateway.stop();
      gateway.restart();
      while (states.length < 4) {
        world.send();
        await world.clock.advance(10);
      }
      await world.clock.advance(ms);
      const [fresh] = status().children;
      gateway.rekeyChildren();
      await world.clock.advance(100);
      expect(status().children[0]?.spiIn).not.toBe(fresh?.spiIn);
      // The old one is there, and its Delete has no answer.
      expect(world.planes[0]?.stats().children.length).toBeGreaterThan(2);
      const received = gateway.tun.received.length;
      for (let packet = 0; packet < 20; packet++) {
        world.send();
        await world.clock.advance(10);
      }
      expect(gateway.tun.received).toHaveLength(received + 20);
    },
  );

  it('with another address inside: the old one stays for a second, guarded, for what is on its way', async () => {
    const { world, gateway, status, states } = await connected();
    gateway.config = elsewhere();
    world.tunnels.reconnect('work');
    await world.clock.advance(300);
    expect(status().virtualIps).toEqual(['10.9.0.99']);
    reply(gateway);
    await world.clock.advance(20);
    expect(world.tuns[0]?.received).toHaveLength(1);
    const addresses = () =>
      ['link', 'firewall'].map((effect) => {
        const settings = world.effects.calls.findLast((call) => call.effect === effect)?.with;
        return (settings as LinkSettings).addresses.map(({ address }) => formatIp(address));
      });
    const both = ['10.9.0.99', '10.9.0.7', 'fd00:9::7'];
    expect(addresses()).toEqual([both, both]);
    await world.clock.advance(1000);
    expect(addresses()).toEqual([['10.9.0.99'], ['10.9.0.99']]);
    expect(states).toEqual(['connecting', 'connected']);
  });

  it('or nothing in its place: what is being left carries no packet while its Delete has no answer', async () => {
    const { world, gateway } = await connected();
    const carried = () => world.planes[0]?.stats().children.map(({ packetsOut }) => packetsOut);
    gateway.silent = true;
    world.send();
    expect(carried()).toEqual([1n]);
    world.tunnels.down(ADMIN);
    await world.clock.advance(100);
    world.send();
    expect(carried()).toEqual([1n]);
  });

  it('takes the old one with it when the tunnel goes down before that', async () => {
    const { world, gateway } = await connected();
    world.tunnels.reconnect('work');
    await world.clock.advance(500);
    world.tunnels.down(ADMIN);
    await world.clock.advance(200);
    expect(world.status('work')?.state).toBe('disconnected');
    expect(gateway.sas).toBe(0);
    expect(world.ownTimers()).toBe(0);
  });

  describe('where no reconnection is wanted, and the gateway ends the other while it logs in', () => {
    async function replacing(ms: number) {
      const stage = await connected({ reconnect: { enabled: false } });
      stage.world.tunnels.reconnect('work');
      await stage.world.clock.advance(ms);
      stage.gateway.deleteAll();
      return stage;
    }

    it('stands', async () => {
      const { world, status, states } = await replacing(5);
      await world.clock.advance(2000);
      expect(states.at(-1)).toBe('connected');
      expect(status().children).toHaveLength(1);
    });

    it('is not called connected before it stands, and the end of both is the end', async () => {
      const { world, status } = await replacing(15);
      await world.clock.advance(100);
      expect(status().state).toBe('reconnecting');
      await world.clock.advance(60_000);
      expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'closed-by-peer' } });
    });
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

  it('that the system refuses halfway: what the other needs is in force again', async () => {
    const { world, gateway, status } = await connected();
    const before = status();
    gateway.config = elsewhere();
    world.effects.failures.set('routes apply', new SystemFailure('ip route', 'busy', 'wait'));
    world.tunnels.reconnect('work');
    await world.clock.advance(2000);
    expect(status()).toMatchObject({ state: 'connected', ike: { spiI: before.ike?.spiI } });
    const settings = ['link', 'firewall', 'routes'].map(
      (effect) => world.effects.calls.findLast((call) => call.effect === effect)?.with as LinkSettings,
    );
    const addresses = settings.map((each) => each.addresses.map(({ address }) => formatIp(address)));
    const own = ['10.9.0.7', 'fd00:9::7'];
    expect(addresses).toEqual([own, own, own]);
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

  it('and one that was asked for before came to nothing: in time all the same', async () => {
    const { world, gateway, states, configs } = await connected({}, { authLifetimeSec: 600 });
    gateway.refuseNew = true;
    world.tunnels.reconnect('work');
    await world.clock.advance(60_000);
    expect(configs).toHaveLength(2);
    gateway.refuseNew = false;
    for (let minute = 0; minute < 20; minute++) {
      reply(gateway);
      await world.clock.advance(60_000);
    }
    expect(states).toEqual(['connecting', 'connected']);
    expect(world.tuns[0]?.received).toHaveLength(20);
  });
});

describe('an IKE SA that gets no new keys', () => {
  it('until its end is near: another login takes its place, without a gap', async () => {
    const proposals = [...ike('aes256gcm16-prfsha256-curve25519')];
    const profile = { ike: { proposals: ['aes256gcm16-prfsha256-curve25519'], lifetimeSec: 600 } };
    const { world, gateway, status, states, configs } = await connected(profile, { proposals });
    gateway.config = PEER;
    proposals.splice(0, 1, ...ike('aes128gcm16-prfsha256-curve25519'));
    for (let second = 0; second < 600; second++) {
      reply(gateway);
      await world.clock.advance(1000);
    }
    expect(configs).toHaveLength(2);
    expect(configs[1]?.initialContact).toBe(false);
    expect(states).toEqual(['connecting', 'connected']);
    expect(status().lastEnd).toBeNull();
    expect(world.tuns[0]?.received).toHaveLength(600);
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
      'apply routes',
      'apply firewall',
      'apply link',
      'apply firewall',
    ]);
    const guarded = later
      .filter(({ effect }) => effect === 'firewall')
      .map((call) => (call.with as { addresses: readonly unknown[] }).addresses.length);
    expect(guarded).toEqual([3, 3, 1]);
    expect(world.journal.entries().map(({ effect }) => effect)).toEqual(['firewall', 'routes', 'dns']);
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
