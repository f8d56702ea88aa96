/** A gateway sends us elsewhere (RFC 5685): what the tunnel follows, how often, and what stays as it was. In virtual time. */
import { describe, expect, it } from 'vitest';
import { createConnection } from '#core/ikev2/connection.ts';
import type { InitiatorConfig, RedirectedDuring } from '#core/ikev2/connection-types.ts';
import { redirectTarget, type RedirectTarget } from '#core/ikev2/redirect-target.ts';
import type { TunnelState } from '#core/ipc/contract.ts';
import { permitsRedirect } from '#core/profile/redirects.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { GATEWAY as FIRST, PEER, SECOND } from '#test/fakes/tunnel-stage.ts';
import { reply, TunnelWorld } from '#test/fakes/tunnel-world.ts';
import { id } from '#test/harness/ikev2-pair.ts';

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
