/** How many packets leave back to back: what the gateway says that it can take. */
import { afterEach, expect, it, vi } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { TAKES_BURSTS } from '#core/ikev2/vendor-ids.ts';
import { FakeDataPlane } from '#helper/native/fake-plane.ts';
import { CANARY, profileNamed } from '#test/fakes/profiles.ts';
import { TunnelWorld } from '#test/fakes/tunnel-world.ts';
import { id } from '#test/harness/ikev2-pair.ts';

const GATEWAY = '203.0.113.1';

afterEach(() => void vi.restoreAllMocks());

it.each([
  ['another Adit', [utf8('something else'), TAKES_BURSTS], 64],
  ['a stranger', [utf8('strongSwan')], 16],
] as const)('towards %s', async (_, vendorIds, burst) => {
  const install = vi.spyOn(FakeDataPlane.prototype, 'installChild');
  const world = new TunnelWorld();
  world.gateway(GATEWAY, { localId: id('gw.example'), findPsk: () => utf8(CANARY), vendorIds });
  world.tunnels.up(world.profile('work', { profile: profileNamed('work') }));
  await world.clock.advance(200);
  const ours = install.mock.calls.filter(([, path]) => path.remote.address === GATEWAY);
  expect(ours.map(([, path]) => path.burst)).toEqual([burst]);
  const [hello] = world.network.log;
  expect(Buffer.from(hello?.bytes ?? []).includes(Buffer.from(TAKES_BURSTS))).toBe(true);
});
