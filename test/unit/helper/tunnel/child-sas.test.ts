/** The Child SAs of a connection that another has replaced: they receive, and nothing is sent on any. */
import { expect, it } from 'vitest';
import type { Path } from '#core/net/address.ts';
import { openCarrier } from '#helper/tunnel/carrier.ts';
import { ChildSas } from '#helper/tunnel/child-sas.ts';
import { FREE } from '#helper/tunnel/passage.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import { TunnelWorld } from '#test/fakes/tunnel-world.ts';
import { childFromText } from '#test/harness/esp-children.ts';

const path: Path = {
  local: { address: '192.0.2.2', port: 4500 },
  remote: { address: '203.0.113.1', port: 4500 },
};
const way = { path, nat: undefined, burst: 8 };

function opened() {
  const world = new TunnelWorld();
  const log = world.log.logger('tunnel');
  const events = { onIke: () => undefined, onExpired: () => undefined, onFatal: () => undefined };
  const carrier = openCarrier(world, profileNamed('work').ike, events, () => FREE, log);
  const { dataPlane } = carrier;
  const install = dataPlane.installChild.bind(dataPlane);
  const retire = dataPlane.retireOutbound.bind(dataPlane);
  const calls: string[] = [];
  dataPlane.installChild = (child, to, how) => {
    calls.push(`install ${child.spiIn}${how?.standby === true ? ' standby' : ''}`);
    install(child, to, how);
  };
  dataPlane.retireOutbound = (spiIn) => {
    calls.push(`retire ${spiIn}`);
    retire(spiIn);
  };
  const discarded: string[] = [];
  const children = new ChildSas({
    carrier,
    clock: world.clock,
    log,
    onDiscard: (spi, why) => discarded.push(`${spi} ${why}`),
  });
  const add = (spiIn: number): void => {
    const child = childFromText({ spiIn, spiOut: spiIn + 1, esp: 'aes256gcm16', keyIn: 'a', keyOut: 'b' });
    children.install({ type: 'child-installed', name: 'net', child }, way);
  };
  return { children, add, calls, discarded, clock: world.clock };
}

it('also one that comes later', () => {
  const { children, add, calls } = opened();
  add(0x100);
  children.retire();
  add(0x200);
  expect(calls).toEqual(['install 256', 'retire 256', 'install 512 standby', 'retire 512']);
  expect([...children.installed.keys()]).toEqual([0x100, 0x200]);
});

it('the old half of a rekeyed one receives for five seconds', async () => {
  const { children, add, clock } = opened();
  add(0x100);
  children.linger(0x100);
  await clock.advance(4900);
  expect([children.installed.has(0x100), children.receives(0x100)]).toEqual([false, true]);
  await clock.advance(200);
  expect(children.receives(0x100)).toBe(false);
});

it('at the end all go, with the reason', () => {
  const { children, add, discarded } = opened();
  add(0x100);
  add(0x200);
  children.linger(0x100);
  children.clear();
  expect(children.installed.size).toBe(0);
  expect(discarded).toEqual([
    '00000100 another with new keys has its place',
    '00000200 the connection ended',
  ]);
});
