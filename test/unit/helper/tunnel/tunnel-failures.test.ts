/** A tunnel that cannot come up: each reason, told as what it is, and nothing left behind. In virtual time. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { NetworkUnreachable, SystemFailure } from '#helper/effects/effects.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { TunnelWorld } from '#test/fakes/tunnel-world.ts';
import { id } from '#test/harness/ikev2-pair.ts';
import { expectNothingLeft, GATEWAY, PEER, SECOND } from '#test/fakes/tunnel-stage.ts';

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

  it.each([true, false])(
    'for want of a post-quantum key that the profile names, required: %s',
    async (required) => {
      const profile = profileNamed('work', { ike: { ppk: { id: 'ppk-1', required } } });
      const world = new TunnelWorld();
      expect(await outcome(world, { profile })).toEqual({ cause: 'secret-missing', what: 'ppk' });
      expect(world.opened).toEqual([]);
    },
  );

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

  it("because nobody can say which the system's name servers are", async () => {
    const world: TunnelWorld = new TunnelWorld({
      resolver: {
        lookup: () => Promise.reject(new Error('never asked')),
        asNow: () => {
          throw new Error('no resolv.conf');
        },
      },
    });
    world.tunnels.up(world.profile('work'));
    await world.clock.advance(100);
    expect(world.status('work')?.failure).toMatchObject({ cause: 'system', detail: 'no resolv.conf' });
    expectNothingLeft(world);
  });

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
