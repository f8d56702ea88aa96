/** Two native data planes with static keys that lead to each other: what the system tests of the data plane share. */
import type { ChildText } from './esp-children.ts';
import type { Host } from './host.ts';

export const PLANE_PORT = 4500;

/** Addresses inside the tunnel; those outside are each test's own. */
export interface Inner {
  readonly inner4: string;
  readonly inner6: string;
}
export const LEFT_INNER: Inner = { inner4: '10.9.0.1', inner6: 'fd09::1' };
export const RIGHT_INNER: Inner = { inner4: '10.9.1.1', inner6: 'fd09:1::1' };

/** The left end's SA between the two networks; facing() makes the right end's. */
export const PLANE_SA: ChildText = {
  spiIn: 0x1001,
  spiOut: 0x2001,
  esp: 'aes256gcm16',
  keyIn: 'right to left',
  keyOut: 'left to right',
  local: ['10.9.0.0/24', 'fd09::/64'],
  remote: ['10.9.1.0/24', 'fd09:1::/64'],
};

/** Gives an open data plane's adapter its addresses and the routes to the other end. */
export async function adapterUp(host: Host, own: Inner, other: Inner, mtu: number): Promise<void> {
  await host.ip(`addr add ${own.inner4}/32 dev adit0`);
  await host.ip(`addr add ${own.inner6}/128 dev adit0 nodad`);
  await host.ip(`link set adit0 up mtu ${mtu}`);
  await host.ip(`route add ${other.inner4}/32 dev adit0 src ${own.inner4}`);
  await host.ip(`-6 route add ${other.inner6}/128 dev adit0 src ${own.inner6}`);
}
