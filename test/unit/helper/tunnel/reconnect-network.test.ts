/** The network under a tunnel that stands: gone, back, another address, sleep, a gateway elsewhere. In virtual time. */
import { describe, expect, it } from 'vitest';
import { reply } from '#test/fakes/tunnel-world.ts';
import { SystemFailure } from '#helper/effects/effects.ts';
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

const ROUTES = { part: 'routes', table: 0xad17 } as const;

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

  it('loses our rules or routes to another program: they are put back, and nothing else happens', async () => {
    const { world, states, configs } = await connected();
    world.watch.tell({ what: 'taken', taken: [{ part: 'routes', table: 0xad18 }] });
    await world.clock.advance(100);
    expect(applied(world)).toEqual(ALL);
    world.watch.tell({ what: 'taken', taken: [{ part: 'routes', table: 0xad18 }, ROUTES] });
    await world.clock.advance(100);
    expect(applied(world).slice(ALL.length)).toEqual(['apply routes']);
    expect(world.effects.calls.at(-1)).toEqual(
      world.effects.calls.find(({ effect, step }) => effect === 'routes' && step === 'apply'),
    );
    expect([states, configs.length]).toEqual([['connecting', 'connected'], 1]);
  });

  it('loses them while a fresh connection is tried for: nothing goes beside the tunnel meanwhile', async () => {
    const { world, status } = await lost();
    await world.clock.advance(5000);
    const before = applied(world).length;
    world.watch.tell({ what: 'taken', taken: [ROUTES] });
    await world.clock.advance(1);
    expect(status().state).toBe('reconnecting');
    expect(applied(world).slice(before)).toEqual(['apply routes']);
  });

  it('loses them and the system refuses them once: said, and all is put in force again', async () => {
    const { world, states } = await connected();
    const before = applied(world).length;
    // Whoever fails to put them back takes the rest away: that is told, too.
    world.effects.failures.set('routes apply', new SystemFailure('No routes', 'EPERM', 'Ask'));
    world.watch.tell({ what: 'taken', taken: [ROUTES] });
    world.watch.tell({ what: 'taken', taken: [ROUTES] });
    await world.clock.advance(100);
    const errors = world.log.recent().filter(({ level }) => level === 'error');
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/cannot be put back: No routes: EPERM/),
    ]);
    expect(applied(world).slice(before)).toEqual([
      'apply routes',
      'apply firewall',
      'apply link',
      'apply firewall',
      'apply routes',
      'apply dns',
    ]);
    expect(states).toEqual(['connecting', 'connected']);
  });

  /** The gateway has ended the connection, and does not answer. */
  const without = async () => {
    const stage = await connected();
    stage.gateway.deleteAll();
    await stage.world.clock.advance(1);
    stage.gateway.stop();
    await stage.world.clock.advance(20_000);
    return stage;
  };

  it('loses them while there is no connection and the system refuses them once: all is put in force again', async () => {
    const { world, status } = await without();
    const before = applied(world).length;
    world.effects.failures.set('routes apply', new SystemFailure('No routes', 'EPERM', 'Ask'));
    world.watch.tell({ what: 'taken', taken: [ROUTES] });
    await world.clock.advance(1);
    const all = ['apply firewall', 'apply link', 'apply firewall', 'apply routes', 'apply dns'];
    expect(applied(world).slice(before)).toEqual(['apply routes', ...all]);
    world.watch.tell({ what: 'taken', taken: [ROUTES] });
    await world.clock.advance(1);
    expect(applied(world).at(-1)).toBe('apply routes');
    expect(status().state).toBe('reconnecting');
  });

  it('loses them while there is no connection and the system goes on refusing them: the tunnel ends', async () => {
    const { world, status } = await without();
    world.effects.routes.apply = () => Promise.reject(new SystemFailure('No routes', 'EPERM', 'Ask'));
    world.watch.tell({ what: 'taken', taken: [ROUTES] });
    await world.clock.advance(5000);
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'system' } });
    expectNothingLeft(world);
  });

  it('loses them and the system goes on refusing them: the tunnel is not called connected, and ends', async () => {
    const { world, status } = await connected();
    const { routes } = world.effects;
    let tries = 0;
    routes.apply = () => {
      tries++;
      // What it takes back is told as well; an end where that is answered each time.
      if (tries < 50) world.watch.tell({ what: 'taken', taken: [ROUTES] });
      return Promise.reject(new SystemFailure('No routes', 'EPERM', 'Ask'));
    };
    world.watch.tell({ what: 'taken', taken: [ROUTES] });
    await world.clock.advance(100);
    expect(status().state).toBe('reconnecting');
    await world.clock.advance(30_000);
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'system' } });
    expect(tries).toBeLessThan(10);
    expectNothingLeft(world);
  });

  it('loses them as the tunnel goes down: they stay away', async () => {
    const { world } = await connected();
    world.watch.tell({ what: 'taken', taken: [ROUTES] });
    world.tunnels.down(ADMIN);
    world.watch.tell({ what: 'taken', taken: [ROUTES] });
    await world.clock.advance(3000);
    expect(applied(world).at(-1)).toBe('undo firewall');
    expectNothingLeft(world);
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

  it('of hours, and the gateway has forgotten us: a fresh connection in less than two seconds', async () => {
    const { world, gateway, status, configs } = await connected();
    world.clock.sleep(8 * 3_600_000);
    gateway.stop();
    gateway.restart();
    world.watch.tell({ what: 'woke', sleptMs: 8 * 3_600_000 });
    await world.clock.advance(1400);
    expect(status().state).toBe('reconnecting');
    await world.clock.advance(400);
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
