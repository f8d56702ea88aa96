/** Rekeying through the helper: data plane, status and traffic stay in step with the engine. */
import { describe, expect, it } from 'vitest';
import { spiText } from '#helper/tunnel/child-sas.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { ADMIN, GATEWAY, PEER } from '#test/fakes/tunnel-stage.ts';
import { TunnelWorld } from '#test/fakes/tunnel-world.ts';

async function connected(child: Record<string, unknown> = {}) {
  const world = new TunnelWorld();
  world.gateway(GATEWAY, { ...PEER, rekey: 'never' });
  const profile = profileNamed('work');
  const stored = world.profile('work', { profile: { ...profile, child: { ...profile.child, ...child } } });
  world.tunnels.up(stored);
  await world.clock.advance(200);
  const status = () => {
    const now = world.status('work');
    if (now?.ike === null || now === undefined) throw new Error('no IKE SA');
    return { ...now, ike: now.ike };
  };
  return { world, status };
}

describe('rekeying', () => {
  it('of the Child SA: one is left, with other SPIs and counters from zero', async () => {
    const { world, status } = await connected();
    const before = status();
    expect(world.tunnels.rekey('work', 'child')).toBe(true);
    await world.clock.advance(500);
    const after = status();
    expect(after.state).toBe('connected');
    expect(after.children).toHaveLength(1);
    expect(after.children[0]?.spiIn).not.toBe(before.children[0]?.spiIn);
    expect(after.ike.spiI).toBe(before.ike.spiI);
    expect(world.keys).toHaveLength(4);
    for (const key of world.keys) expect(key).toEqual(new Uint8Array(key.length));
  });

  it('of the Child SA: the old half receives for five seconds what its Delete has overtaken', async () => {
    const { world, status } = await connected();
    const inPlane = () => world.planes[0]?.stats().children.map(({ spiIn }) => spiIn) ?? [];
    const [old] = inPlane();
    world.tunnels.rekey('work', 'child');
    await world.clock.advance(500);
    expect(status().children).toHaveLength(1);
    expect(inPlane()).toHaveLength(2);
    expect(inPlane()).toContain(old);
    const discards = () => status().discarded.map(({ spi }) => spi);
    expect(discards()).toEqual([]);
    await world.clock.advance(5000);
    expect(inPlane()).toHaveLength(1);
    expect(inPlane()).not.toContain(old);
    expect(discards()).toEqual([spiText(old ?? 0)]);
  });

  it('leaves no old half behind that still receives when the tunnel goes down', async () => {
    const { world } = await connected();
    world.tunnels.rekey('work', 'child');
    await world.clock.advance(500);
    world.tunnels.down(ADMIN);
    await world.clock.advance(1000);
    expect(world.status('work')?.state).toBe('disconnected');
    expect(world.ownTimers()).toBe(0);
  });

  it('of the IKE SA: status shows the new one, and when it ends', async () => {
    const { world, status } = await connected();
    const before = status();
    await world.clock.advance(60_000);
    world.tunnels.rekey('work', 'ike');
    await world.clock.advance(500);
    const after = status();
    expect(after.ike.spiI).not.toBe(before.ike.spiI);
    expect(after.ike.spiR).not.toBe(before.ike.spiR);
    expect(after.ike.rekeyAt).not.toBeNull();
    expect(Date.parse(after.ike.expiresAt ?? '')).toBeGreaterThan(Date.parse(before.ike.expiresAt ?? ''));
    expect(after.children).toEqual(before.children);
  });

  it('happens by itself before the lifetime is over, for days', async () => {
    const { world, status } = await connected({ lifetimeSec: 600 });
    const first = status();
    expect(Date.parse(first.children[0]?.rekeyAt ?? '')).toBeLessThan(
      Date.parse(first.children[0]?.expiresAt ?? ''),
    );
    for (let minute = 0; minute < 60; minute++) await world.clock.advance(60_000);
    expect(status().state).toBe('connected');
    expect(status().children).toHaveLength(1);
    expect(world.keys.length).toBeGreaterThanOrEqual(2 * 7);
  });

  it('is refused while nothing is connected', () => {
    const world = new TunnelWorld();
    expect(world.tunnels.rekey('work', 'ike')).toBe(false);
  });

  it('leaves nothing behind after down', async () => {
    const { world } = await connected();
    world.tunnels.rekey('work', 'ike');
    world.tunnels.rekey('work', 'child');
    await world.clock.advance(5_000);
    world.tunnels.down(ADMIN);
    await world.clock.advance(5_000);
    expect(world.status('work')).toMatchObject({ state: 'disconnected', children: [], ike: null });
  });
});
