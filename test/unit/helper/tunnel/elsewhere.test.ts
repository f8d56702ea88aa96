/** Addresses that a gateway tells of and that lie behind it are not tried outside. */
import { expect, it } from 'vitest';
import { formatIp } from '#core/net/address.ts';
import { reachableOutside } from '#helper/tunnel/elsewhere.ts';
import { ip, ts } from '#test/harness/ikev2-pair.ts';

const TOLD = ['10.99.0.1', 'fd99::1', '192.0.2.7', '2001:db8:2::1'];

it.each([
  [
    ['10.99.0.0/24', 'fd99::/64'],
    ['192.0.2.7', '2001:db8:2::1'],
  ],
  [['10.99.0.0/24'], ['fd99::1', '192.0.2.7', '2001:db8:2::1']],
  [['0.0.0.0/0', '::/0'], TOLD],
  [['192.0.2.7-192.0.2.7'], ['10.99.0.1', 'fd99::1', '2001:db8:2::1']],
])('behind it %j: tried %j', (networks, tried) => {
  expect(reachableOutside(TOLD.map(ip), ts(...networks)).map(formatIp)).toEqual(tried);
});
