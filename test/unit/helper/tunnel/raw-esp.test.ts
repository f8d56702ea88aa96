/**
 * `ike.encapsulation`: how the tunnel's ESP travels, where there is no NAT. In virtual time; test/interop/raw-esp.test.ts
 * has the NAT.
 */
import { expect, it } from 'vitest';
import { profileNamed } from '#test/fakes/profiles.ts';
import { GATEWAY, PEER } from '#test/fakes/tunnel-stage.ts';
import { reply, TunnelWorld } from '#test/fakes/tunnel-world.ts';
import { type ResponderOverrides } from '#test/harness/ikev2-pair.ts';

const ESP = 50;

async function connected(encapsulation: 'auto' | 'force', peer: ResponderOverrides = {}) {
  const world = new TunnelWorld();
  const gateway = world.gateway(GATEWAY, { ...PEER, ...peer });
  const profile = profileNamed('work', { ike: { encapsulation } });
  world.tunnels.up(world.profile('work', { profile }));
  await world.clock.advance(200);
  expect(world.status('work')?.state).toBe('connected');
  /** Where the packet that was sent last went. */
  const sent = async (): Promise<number | undefined> => {
    world.send();
    const to = world.network.log.at(-1)?.to.port;
    await world.clock.advance(20);
    return to;
  };
  const mtu = () => world.status('work')?.interface?.mtu ?? 0;
  return { world, gateway, sent, mtu };
}

it('auto, no NAT: ESP by itself, both ways, with eight octets more room', async () => {
  const { world, gateway, sent, mtu } = await connected('auto');
  expect(world.status('work')?.nat).toEqual({ local: false, remote: false });
  expect(world.status('work')?.children).toMatchObject([{ encapsulated: false }]);
  expect(await sent()).toBe(ESP);
  expect(gateway.tun.received).toHaveLength(1);
  reply(gateway);
  expect(world.network.log.at(-1)?.to.port).toBe(ESP);
  await world.clock.advance(20);
  expect(world.tuns[0]?.received).toHaveLength(1);
  expect(mtu()).toBe((await connected('force')).mtu() + 8);
});

it('force, no NAT: ESP in UDP, and no socket for anything else', async () => {
  const { world, gateway, sent } = await connected('force');
  expect(world.sockets.map(({ protocol = 'udp' }) => protocol)).toEqual(['udp', 'udp']);
  expect(await sent()).toBe(4500);
  expect(gateway.tun.received).toHaveLength(1);
});

it('auto, and a gateway that wants UDP: UDP', async () => {
  const { world, gateway, sent, mtu } = await connected('auto', { encapsulation: 'force' });
  expect(world.status('work')?.nat?.remote).toBe(true);
  expect(world.status('work')?.children).toMatchObject([{ encapsulated: true }]);
  expect(await sent()).toBe(4500);
  expect(gateway.tun.received).toHaveLength(1);
  expect(mtu()).toBe((await connected('force')).mtu());
});
