/** Where a connection that stands can go on, when the network has changed (RFC 4555 §3.4). */
import { expect, it } from 'vitest';
import { formatIp } from '#core/net/address.ts';
import { NetworkUnreachable } from '#helper/effects/effects.ts';
import { wayOf } from '#helper/tunnel/way.ts';
import { ip, ts } from '#test/harness/ikev2-pair.ts';

const PORT = { 4: 40_000, 6: 40_006 } as const;
const path = {
  local: { address: '192.0.2.2', port: 40_000 },
  remote: { address: '203.0.113.1', port: 4500 },
};

/** There are ways to these alone. */
const toOnly = (...reachable: readonly string[]): Parameters<typeof wayOf>[2] => ({
  gateway: { port: 500 },
  carrier: {
    portFor: (family) => PORT[family],
    portLike: (port, family) => (port === PORT[family] ? port : PORT[family]),
  },
  routes: {
    sourceFor: (remote) =>
      reachable.includes(formatIp(remote))
        ? Promise.resolve({
            address: ip(remote.length === 4 ? '192.0.2.9' : '2001:db8::9'),
            mtu: 1500,
            dev: 'x',
          })
        : Promise.reject(new NetworkUnreachable('There is no route', 'unreachable', 'Connect')),
  },
});

const TOLD = ['10.1.0.1', '2001:db8:1::1', '203.0.113.2'].map(ip);
const INSIDE = ts('10.1.0.0/16');

it.each([
  ['to where it is', true, ['203.0.113.1', '203.0.113.2'], '203.0.113.1', '192.0.2.9', 40_000],
  ['to the first other one', true, ['2001:db8:1::1', '203.0.113.2'], '2001:db8:1::1', '2001:db8::9', 40_006],
  ['not to one behind the gateway', true, ['10.1.0.1', '203.0.113.2'], '203.0.113.2', '192.0.2.9', 40_000],
])('%s', async (_, mobike, reachable, remote, local, port) => {
  const way = await wayOf({ path, mobike, peerAddresses: TOLD }, INSIDE, toOnly(...reachable));
  expect(way).toEqual({ local: { address: local, port }, remote: { address: remote, port: 4500 } });
});

it.each([
  ['the gateway does not follow us', { path, mobike: false, peerAddresses: TOLD }, ['203.0.113.2']],
  ['nothing is reachable', { path, mobike: true, peerAddresses: TOLD }, []],
  ['it has no path yet', { path: undefined, mobike: true, peerAddresses: TOLD }, ['203.0.113.1']],
])('nowhere, because %s', async (_, association, reachable) => {
  expect(await wayOf(association, INSIDE, toOnly(...reachable))).toBeUndefined();
});
