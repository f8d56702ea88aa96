/** Each reason for which a message tells nothing, alone; and beside it the message that does. */
import { describe, expect, it } from 'vitest';
import { NetworkState } from '#helper/effects/network-watch/network-state.ts';
import type { RouteMessage } from '#helper/effects/network-watch/rtnetlink.ts';
import { isTunnelAdapter, isTunnelTable } from '#helper/tunnel/numbers.ts';

const CARRIER = 0x1_1043;
const link = (index: number, name: string, flags = CARRIER, mtu = 1500, gone = false): RouteMessage => ({
  what: 'link',
  index,
  name,
  flags,
  mtu,
  gone,
});
const address = (index: number, flags = 0x80, scope = 0, gone = false): RouteMessage => ({
  what: 'address',
  index,
  flags,
  scope,
  gone,
  address: Uint8Array.of(192, 0, 2, 2),
  key: '2 24 c0000202',
});
const route = (of: Partial<RouteMessage & { what: 'route' }>): RouteMessage => ({
  what: 'route',
  gone: false,
  type: 1,
  flags: 0,
  table: 254,
  source: undefined,
  mtu: undefined,
  linkLocal: false,
  through: [2],
  ...of,
});

const ETH = link(2, 'eth0');
const OURS = link(3, 'adit0');

/** Whether each message after the first two, which make eth0 and adit0 known, is a change. */
function changes(...messages: RouteMessage[]): boolean[] {
  const state = new NetworkState({ adapter: isTunnelAdapter, table: isTunnelTable });
  state.changes(ETH);
  state.changes(OURS);
  return messages.map((message) => state.changes(message));
}

describe('a change', () => {
  it.each<[string, RouteMessage[], boolean[]]>([
    [
      'of our adapter',
      [link(3, 'adit0', 0x1002), OURS, link(3, 'adit0', CARRIER, 1280), link(3, 'adit0', 0, 0, true)],
      [false, false, false, false],
    ],
    ['of an adapter that was ours by name', [link(3, 'vpn'), link(3, 'vpn', 0x1002)], [false, true]],
    [
      'of another adapter',
      [link(2, 'eth0', 0x1002), ETH, link(2, 'eth0', CARRIER, 1400), link(2, 'eth0', CARRIER, 1400, true)],
      [true, true, true, true],
    ],
    [
      'of a name that only looks like ours',
      [link(4, 'adit'), link(5, 'adit0x'), link(6, 'xadit0')],
      [true, true, true],
    ],
    ['of flags that do not matter', [link(2, 'eth0', CARRIER | 0x100)], [false]],
    [
      'of the end of an adapter that was down',
      [link(4, 'eth7', 0x1002), link(4, 'eth7', 0x1002, 1500, true)],
      [false, false],
    ],
    [
      'of an address',
      [address(2), address(2), address(2, 0x80, 0, true), address(2, 0x80, 0, true)],
      [true, false, true, false],
    ],
    ['of our address', [address(3)], [false]],
    [
      'of an address for the link or the machine alone',
      [address(2, 0x80, 253), address(2, 0x80, 254)],
      [false, false],
    ],
    ['of an address under trial', [address(2, 0xc0), address(2, 0x80)], [false, true]],
    ['of an address that is used during its trial', [address(2, 0xc4), address(2, 0x80)], [true, false]],
    ['of an address that another machine has', [address(2, 0xc8)], [false]],
    ['of an address that gets old', [address(2), address(2, 0xa0)], [true, true]],
    ['of a route', [route({}), route({ gone: true })], [true, true]],
    ['of a route without an adapter', [route({ type: 7, through: [] })], [true]],
    [
      'of a route in our table',
      [route({ table: 0xad17 }), route({ table: 0xad17 + 999 }), route({ table: 0xad16 })],
      [false, false, true],
    ],
    ['of a route through our adapter', [route({ through: [3] }), route({ through: [3, 2] })], [false, true]],
    [
      'of the routes that follow an address',
      [2, 3, 4, 5].map((type) => route({ type })),
      [false, false, false, false],
    ],
    [
      'of a cached or a link-local route',
      [route({ flags: 0x200 }), route({ linkLocal: true })],
      [false, false],
    ],
    [
      'of a rule',
      [
        { what: 'rule', gone: false, table: 99 },
        { what: 'rule', gone: true, table: 0xad17 },
      ],
      [true, false],
    ],
  ])('%s', (_, messages, expected) => {
    expect(changes(...messages)).toEqual(expected);
  });
});

describe('what is taken of ours', () => {
  const taken = (...messages: RouteMessage[]): unknown[] => {
    const state = new NetworkState({ adapter: isTunnelAdapter, table: isTunnelTable });
    return [ETH, OURS, ...messages]
      .map((message) => {
        const told = state.takes(message);
        state.changes(message);
        return told;
      })
      .slice(2);
  };
  const LINK = { part: 'link', tun: 'adit0' };

  it.each<[string, RouteMessage[], unknown[]]>([
    [
      'the adapter: once for each time that it was on',
      [link(3, 'adit0', 0x1002), link(3, 'adit0', 0x1002), OURS, link(3, 'adit0', CARRIER, 1500, true)],
      [LINK, undefined, undefined, LINK],
    ],
    ['not its carrier alone', [link(3, 'adit0', 0x1003)], [undefined]],
    ['not another adapter', [link(2, 'eth0', 0x1002), link(2, 'eth0', 0, 0, true)], [undefined, undefined]],
    [
      'an address of it',
      [address(3, 0x80, 0, true), address(3), address(2, 0x80, 0, true)],
      [{ part: 'address', tun: 'adit0', address: '192.0.2.2' }, undefined, undefined],
    ],
    [
      'a route or a rule of our table',
      [
        route({ table: 0xad17, gone: true }),
        route({ table: 0xad17 }),
        route({ gone: true }),
        { what: 'rule', gone: true, table: 0xad18 },
      ],
      [{ part: 'routes', table: 0xad17 }, undefined, undefined, { part: 'routes', table: 0xad18 }],
    ],
  ])('%s', (_, messages, expected) => {
    expect(taken(...messages)).toEqual(expected);
  });
});
