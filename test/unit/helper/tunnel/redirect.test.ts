/** A gateway sends us elsewhere (RFC 5685): what the tunnel follows, how often, and what stays as it was. In virtual time. */
import { describe, expect, it } from 'vitest';
import { createConnection } from '#core/ikev2/connection.ts';
import type {
  Connection,
  ConnectionEvent,
  InitiatorConfig,
  RedirectedDuring,
} from '#core/ikev2/connection-types.ts';
import { redirectTarget, type RedirectTarget } from '#core/ikev2/redirect-target.ts';
import type { TunnelState } from '#core/ipc/contract.ts';
import { permitsRedirect } from '#core/profile/redirects.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { GATEWAY as FIRST, PEER, SECOND } from '#test/fakes/tunnel-stage.ts';
import { reply, TunnelWorld } from '#test/fakes/tunnel-world.ts';
import { id, type ResponderOverrides } from '#test/harness/ikev2-pair.ts';

function target(text: string): RedirectTarget {
  const found = redirectTarget(text);
  if (!found) throw new Error(`no target: ${text}`);
  return found;
}

/** The first gateway sends everybody to `to`; the second one takes them. */
function sending(when: RedirectedDuring, to: string, redirects: string[] = ['203.0.113.0/24']) {
  const configs: InitiatorConfig[] = [];
  const world = new TunnelWorld({
    createConnection: (config) => {
      configs.push(config);
      return createConnection(config);
    },
  });
  const first = world.gateway(FIRST, { ...PEER, redirectTo: { target: target(to), when } });
  const second = world.gateway(SECOND, PEER);
  const states: TunnelState[] = [];
  world.tunnels.subscribe(() => {
    const state = world.status('work')?.state;
    if (state && state !== states.at(-1)) states.push(state);
  });
  const gateway = { addresses: [FIRST], id: 'gw.example', redirects };
  world.tunnels.up(world.profile('work', { profile: profileNamed('work', { gateway }) }));
  return { world, first, second, configs, states, status: () => world.status('work') };
}

describe('a redirect', () => {
  it.each(['init', 'auth'] as const)('during %s is followed before there is a tunnel', async (when) => {
    const { world, configs, states, status } = sending(when, SECOND);
    await world.clock.advance(500);
    expect(status()).toMatchObject({ state: 'connected', gateway: { address: SECOND } });
    expect(states).toEqual(['connecting', 'connected']);
    expect(configs.map(({ redirect }) => redirect)).toEqual([{}, { from: FIRST }]);
  });

  it('of a tunnel that stands is followed without a gap', async () => {
    const { world, second, states, status } = sending('established', SECOND);
    for (let packet = 0; packet < 100; packet++) {
      await world.clock.advance(10);
      if (status()?.state === 'connected') world.send();
    }
    expect(status()).toMatchObject({ state: 'connected', gateway: { address: SECOND } });
    expect(states).toEqual(['connecting', 'connected']);
    expect(second.tun.received.length).toBeGreaterThan(50);
    reply(second);
    await world.clock.advance(100);
    expect(world.tuns[0]?.received).toHaveLength(1);
  });

  it('to a name is looked up', async () => {
    const { world, status } = sending('init', 'two.gw.example', ['*.gw.example']);
    world.names.set('two.gw.example', [SECOND]);
    await world.clock.advance(500);
    expect(status()).toMatchObject({ state: 'connected', gateway: { address: SECOND } });
  });

  it('leads to a gateway that has to prove the same identity', async () => {
    const { world, second, status } = sending('init', SECOND);
    second.config = { ...PEER, localId: id('other.example') };
    await world.clock.advance(500);
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'identity-mismatch' } });
  });

  it('to where the profile does not let us go is refused', async () => {
    const { world, second, status } = sending('init', SECOND, ['203.0.113.99']);
    await world.clock.advance(500);
    const failure = { cause: 'redirect-refused', from: FIRST, to: SECOND };
    expect(status()).toMatchObject({ state: 'failed', failure });
    expect(second.peers).toBe(0);
  });

  it('to where it does not let us go leaves a tunnel that stands as it is', async () => {
    const { world, status } = sending('established', SECOND, ['203.0.113.99']);
    await world.clock.advance(1000);
    expect(status()).toMatchObject({ state: 'connected', gateway: { address: FIRST } });
  });

  it('to a gateway that is not there leaves a tunnel that stands as it is', async () => {
    const { world, second, status, states } = sending('established', SECOND);
    second.stop();
    await world.clock.advance(25_000);
    expect(status()).toMatchObject({ state: 'connected', gateway: { address: FIRST } });
    expect(states).toEqual(['connecting', 'connected']);
  });

  it('is not asked for where the profile permits none', async () => {
    const { world, configs, status } = sending('init', SECOND, []);
    await world.clock.advance(500);
    expect(configs.map(({ redirect }) => redirect)).toEqual([undefined]);
    expect(status()).toMatchObject({ state: 'connected', gateway: { address: FIRST } });
  });

  it('round and round is followed five times', async () => {
    const { world, second, configs, status } = sending('init', SECOND);
    second.config = { ...PEER, redirectTo: { target: target(FIRST), when: 'init' } };
    await world.clock.advance(1000);
    const seen = [SECOND, FIRST, SECOND, FIRST, SECOND, FIRST];
    expect(status()).toMatchObject({ state: 'failed', failure: { cause: 'redirect-loop', seen } });
    expect(configs).toHaveLength(6);
  });
});

/** A tunnel to the first gateway, which sends us to the second one when the test says so. */
async function standing(peer: ResponderOverrides = {}) {
  const sent: ConnectionEvent[] = [];
  /** Dials of each gateway. */
  const dials = { first: 0, second: 0 };
  const world = new TunnelWorld({
    createConnection: (config) => {
      const isSecond = config.role === 'initiator' && config.redirect?.from !== undefined;
      dials[isSecond ? 'second' : 'first']++;
      const connection = createConnection(config);
      return dials.first + dials.second === 1 ? hearing(connection, sent) : connection;
    },
  });
  const first = world.gateway(FIRST, { ...PEER, ...peer });
  const second = world.gateway(SECOND, PEER);
  const gateway = { addresses: [FIRST], id: 'gw.example', redirects: ['203.0.113.0/24'] };
  world.tunnels.up(world.profile('work', { profile: profileNamed('work', { gateway }) }));
  await world.clock.advance(300);
  const address = () => {
    const status = world.status('work');
    return status?.state === 'connected' ? status.gateway?.address : status?.state;
  };
  expect(address()).toBe(FIRST);
  return {
    world,
    first,
    second,
    dials,
    address,
    /** Heard with the next packet that comes out of the tunnel. */
    redirect: async () => {
      sent.push({ type: 'redirect', to: target(SECOND), during: 'established' });
      reply(first);
      await world.clock.advance(1500);
      expect(sent).toEqual([]);
    },
  };
}

/** `connection`, which says what is in `sent` as well. */
const hearing = (connection: Connection, sent: ConnectionEvent[]): Connection =>
  new Proxy(connection, {
    get(target, key) {
      if (key === 'pollEvent') return () => sent.shift() ?? target.pollEvent();
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

/** Time, until that is so. */
async function passes(world: TunnelWorld, isSo: () => boolean): Promise<void> {
  for (let tenth = 0; tenth < 6000 && !isSo(); tenth++) await world.clock.advance(100);
  expect(isSo()).toBe(true);
}

/** A try is over, of a gateway that does not answer. */
const SPENT_MS = 25_000;

describe('a redirect that comes while another try is under way', () => {
  it('is followed when that try fails', async () => {
    const { world, first, dials, address, redirect } = await standing();
    first.refuseNew = true;
    world.tunnels.reconnect('work');
    await world.clock.advance(1000);
    await redirect();
    expect([address(), dials]).toEqual([FIRST, { first: 2, second: 0 }]);
    await world.clock.advance(SPENT_MS);
    expect([address(), dials]).toEqual([SECOND, { first: 2, second: 1 }]);
  });

  it('is forgotten when that try succeeds: the fresh gateway says where it wants us', async () => {
    const { world, first, dials, address, redirect } = await standing();
    first.refuseNew = true;
    world.tunnels.reconnect('work');
    await world.clock.advance(1000);
    await redirect();
    first.refuseNew = false;
    await world.clock.advance(120_000);
    expect([address(), dials]).toEqual([FIRST, { first: 2, second: 0 }]);
  });

  it('is followed once: a target that is gone leaves the tunnel as it is', async () => {
    const { world, first, second, dials, address, redirect } = await standing();
    [first.refuseNew, second.silent] = [true, true];
    world.tunnels.reconnect('work');
    await world.clock.advance(1000);
    await redirect();
    await world.clock.advance(600_000);
    expect([address(), dials]).toEqual([FIRST, { first: 2, second: 1 }]);
  });

  it('no more than five times in 300 seconds', async () => {
    const { world, first, second, dials, redirect } = await standing();
    [first.refuseNew, second.silent] = [true, true];
    const until = world.clock.now() + 300_000;
    while (world.clock.now() < until) {
      world.tunnels.reconnect('work');
      await world.clock.advance(1000);
      await redirect();
      await redirect();
      await world.clock.advance(SPENT_MS);
    }
    // Two that come during one try are two of five, and one dial.
    expect(dials.second).toBe(3);
  });

  it('of another login is followed before that is tried again', async () => {
    const { world, first, second, dials, address, redirect } = await standing({ authLifetimeSec: 600 });
    [first.refuseNew, second.silent] = [true, true];
    await passes(world, () => dials.first === 2);
    await redirect();
    await passes(world, () => dials.first + dials.second > 2);
    expect(dials).toEqual({ first: 2, second: 1 });
    first.refuseNew = false;
    await passes(world, () => dials.first + dials.second > 3);
    await world.clock.advance(1000);
    expect([address(), dials]).toEqual([FIRST, { first: 3, second: 1 }]);
  });
});

describe('a redirect of a gateway that was silent', () => {
  /** Given up for dead, and between two tries for a fresh connection. */
  async function silent() {
    const stage = await standing();
    const { world, first, dials } = stage;
    [first.silent, first.refuseNew] = [true, true];
    world.send();
    await world.clock.advance(30_000);
    await passes(world, () => dials.first >= 3);
    await passes(world, () => world.status('work')?.reconnect?.nextAt !== null);
    expect(stage.address()).toBe('reconnecting');
    first.silent = false;
    return stage;
  }

  it('is followed', async () => {
    const { world, address, redirect } = await silent();
    await redirect();
    await world.clock.advance(1000);
    expect(address()).toBe(SECOND);
  });

  it('leaves it watched as before where nobody is there', async () => {
    const { world, first, second, dials, address, redirect } = await silent();
    second.silent = true;
    await redirect();
    await world.clock.advance(SPENT_MS);
    expect(address()).toBe(FIRST);
    const before = dials.first;
    first.silent = true;
    world.send();
    await world.clock.advance(10_000);
    expect([address(), dials.first]).toEqual(['reconnecting', before + 1]);
  });
});

describe('where a profile lets gateways send us', () => {
  it.each([
    ['203.0.113.2', SECOND, true],
    ['203.0.113.0/24', SECOND, true],
    ['203.0.114.0/24', SECOND, false],
    ['2001:db8::/32', '2001:db8::7', true],
    ['2001:db8::/32', SECOND, false],
    ['vpn.example', 'VPN.example', true],
    ['vpn.example', 'a.vpn.example', false],
    ['*.vpn.example', 'a.b.vpn.example', true],
    ['*.vpn.example', 'vpn.example', false],
    ['*.vpn.example', 'evilvpn.example', false],
    ['vpn.example', SECOND, false],
    ['0.0.0.0/0', 'vpn.example', false],
  ])('%s, to %s: %s', (permit, to, expected) => {
    expect(permitsRedirect([permit], target(to))).toBe(expected);
  });
});
