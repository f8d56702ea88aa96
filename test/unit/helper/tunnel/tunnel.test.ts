/** A tunnel that comes up, its status and its changes, and several of them. In virtual time. */
import { describe, expect, it, vi } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { createConnection } from '#core/ikev2/connection.ts';
import type { InitiatorConfig } from '#core/ikev2/connection-types.ts';
import { tunnelStatusSchema } from '#core/ipc/contract.ts';
import { Secret } from '#helper/secret.ts';
import { CANARY, profileNamed } from '#test/fakes/profiles.ts';
import { TunnelWorld, reply } from '#test/fakes/tunnel-world.ts';
import { ADMIN, connected, expectNothingLeft, GATEWAY, PEER } from '#test/fakes/tunnel-stage.ts';

describe('a tunnel', () => {
  it('hands the post-quantum key that is stored to the engine, and wipes it at the end', async () => {
    const configs: InitiatorConfig[] = [];
    const world = new TunnelWorld({
      createConnection: (config) => {
        configs.push(config);
        return createConnection(config);
      },
    });
    world.gateway(GATEWAY, PEER);
    const secret = new Secret(utf8('octets'));
    const profile = profileNamed('work', { ike: { ppk: { id: 'ppk-1' } } });
    const stored = world.profile('work', { profile, otherSecrets: { ppk: secret } });
    world.tunnels.up(stored);
    await world.clock.advance(300);
    expect(configs[0]?.ppk).toEqual({ id: utf8('ppk-1'), secret: utf8('octets'), required: false });
    world.tunnels.down(ADMIN, stored.id);
    await world.clock.advance(200);
    expect(configs[0]?.ppk?.secret).toEqual(new Uint8Array(6));
    // The store keeps its own.
    expect(secret.reveal()).toEqual(utf8('octets'));
    expectNothingLeft(world);
  });

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

    world.tunnels.down(ADMIN, stored.id);
    await world.clock.advance(200);
    expect(states).toEqual(['connecting', 'connected', 'disconnecting', 'disconnected']);
    expect(world.status('work')).toMatchObject({ gateway: null, ike: null, children: [], failure: null });
    expectNothingLeft(world);
  });

  it('counts all that it carried, through rekeying and a fresh connection, until it comes down', async () => {
    const { world, gateway, stored } = await connected();
    const pass = async (): Promise<void> => {
      world.send();
      for (let packet = 0; packet < 2; packet++) reply(gateway);
      await world.clock.advance(2000);
    };
    const carried = () => tunnelStatusSchema.parse(world.status('work')).carried;
    await pass();
    expect(carried()).toEqual({ bytesIn: 256, bytesOut: 128 });
    world.tunnels.rekey('work', 'child');
    await world.clock.advance(500);
    await pass();
    await world.clock.advance(10_000);
    expect(world.status('work')?.children).toMatchObject([{ bytesIn: 256, bytesOut: 128 }]);
    expect(carried()).toEqual({ bytesIn: 512, bytesOut: 256 });
    world.tunnels.reconnect('work');
    await world.clock.advance(10_000);
    await pass();
    expect(world.status('work')?.children).toMatchObject([{ bytesIn: 256, bytesOut: 128 }]);
    expect(carried()).toEqual({ bytesIn: 768, bytesOut: 384 });
    world.tunnels.down(ADMIN, stored.id);
    await world.clock.advance(200);
    expect(carried()).toBeUndefined();
    world.tunnels.up(stored);
    await world.clock.advance(200);
    expect(carried()).toEqual({ bytesIn: 0, bytesOut: 0 });
  });

  it('makes its changes in order and undoes them the other way round', async () => {
    const { world } = await connected();
    world.tunnels.down(ADMIN);
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
    const before: string[] = [];
    const { world } = await connected({}, {}, ({ effects, journal }) => {
      for (const effect of ['firewall', 'routes', 'dns'] as const) {
        const original = effects[effect].apply.bind(effects[effect]) as (...all: unknown[]) => never;
        vi.spyOn(effects[effect], 'apply').mockImplementation((...all: unknown[]) => {
          const written = journal.entries().filter((entry) => entry.effect === effect);
          before.push(...written.map((entry) => entry.effect));
          return original(...all);
        });
      }
    });
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
      world.tunnels.down(ADMIN, name === 'second' ? undefined : 'nobody');
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
    world.tunnels.down(ADMIN);
    await world.clock.advance(1000);
    const after = told;
    await world.clock.advance(10_000);
    expect(told).toBe(after);
  });

  it('takes inbound packets as a sign of life', async () => {
    const { world, gateway } = await connected();
    gateway.silent = true;
    const { deadAfterSec = 0 } = world.status('work')?.liveness ?? {};
    // Not for longer than the gateway lets us be silent.
    for (let second = 0; second < 1.5 * deadAfterSec; second++) {
      reply(gateway);
      await world.clock.advance(1000);
    }
    expect(world.status('work')?.state).toBe('connected');
    await world.clock.advance((deadAfterSec + 5) * 1000);
    expect(world.status('work')).toMatchObject({
      state: 'reconnecting',
      reconnect: { why: { cause: 'peer-dead' } },
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
    world.tunnels.down(ADMIN, 'p5');
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
