/** The configuration payload: attributes both ways (RFC 7296 §3.15.1, RFC 8598), odd ones, requests. */
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '#core/bytes/bytes.ts';
import {
  assignmentAttributes,
  readAssignment,
  readRequest,
  requestAttributes,
} from '#core/ikev2/config-attributes.ts';
import type { ConfigAttribute } from '#core/ikev2/payload-types.ts';
import { ConfigAttributeType as Attribute } from '#core/registry/config-attributes.ts';
import { Forge } from '#test/harness/ikev2-forge.ts';
import { ASSIGNED, Ikev2Pair, ip, ts } from '#test/harness/ikev2-pair.ts';

const attribute = (type: number, ...octets: number[]): ConfigAttribute => ({
  type,
  value: Uint8Array.from(octets),
});
const EVERYTHING = { ip4: true, ip6: true, dns: true, subnets: true, domains: true } as const;
const NOTHING = { ip4: false, ip6: false, dns: false, subnets: false, domains: false } as const;
const IP6_ADDRESS = [...ip('fd00::5'), 64];

const types = (request: Parameters<typeof requestAttributes>[0]): number[] =>
  requestAttributes(request).map(({ type }) => type);

describe('a CFG_REPLY', () => {
  it('survives being written and read', () => {
    const assigned = {
      ...ASSIGNED,
      addresses: [
        { address: ip('10.0.0.5'), length: 24 },
        { address: ip('fd00::5'), length: 64 },
      ],
      dns: [ip('10.0.0.1'), ip('fd00::1')],
      subnets: [
        { address: ip('10.1.0.0'), length: 17 },
        { address: ip('fd00:1::'), length: 48 },
      ],
      domains: ['corp.example', '_sip.corp.example'],
      applicationVersion: 'gateway 1.0',
    };
    expect(readAssignment(assignmentAttributes(assigned))).toEqual({ assigned, malformed: 0 });
  });

  it('without a netmask assigns a host address', () => {
    const { assigned } = readAssignment([attribute(Attribute.INTERNAL_IP4_ADDRESS, 10, 0, 0, 5)]);
    expect(assigned.addresses).toEqual([{ address: ip('10.0.0.5'), length: 32 }]);
  });

  it('takes an IPv6 address without its prefix length for that of a host', () => {
    const { assigned, malformed } = readAssignment([
      attribute(Attribute.INTERNAL_IP6_ADDRESS, ...ip('fd00::5')),
    ]);
    expect(assigned.addresses).toEqual([{ address: ip('fd00::5'), length: 128 }]);
    expect(malformed).toBe(0);
  });

  it('takes the netmask wherever it stands', () => {
    const { assigned } = readAssignment([
      attribute(Attribute.INTERNAL_IP4_NETMASK, 255, 255, 240, 0),
      attribute(Attribute.INTERNAL_IP4_ADDRESS, 10, 0, 0, 5),
    ]);
    expect(assigned.addresses[0]?.length).toBe(20);
  });

  it('ignores attributes that are unknown, private or empty', () => {
    const read = readAssignment([
      attribute(Attribute.INTERNAL_IP4_NBNS, 1),
      attribute(Attribute.SUPPORTED_ATTRIBUTES, 0),
      attribute(20_000, 1, 2, 3),
      attribute(Attribute.INTERNAL_IP4_ADDRESS),
      attribute(Attribute.INTERNAL_IP4_DNS),
      attribute(Attribute.INTERNAL_DNS_DOMAIN),
    ]);
    expect(read).toEqual({ assigned: { addresses: [], dns: [], subnets: [], domains: [] }, malformed: 0 });
  });

  it.each<[string, ConfigAttribute]>([
    ['an IPv4 address of 3 octets', attribute(Attribute.INTERNAL_IP4_ADDRESS, 10, 0, 0)],
    ['an IPv4 address of 5 octets', attribute(Attribute.INTERNAL_IP4_ADDRESS, 10, 0, 0, 5, 24)],
    ['a netmask with holes', attribute(Attribute.INTERNAL_IP4_NETMASK, 255, 0, 255, 0)],
    ['an IPv4 server of 16 octets', attribute(Attribute.INTERNAL_IP4_DNS, ...ip('fd00::1'))],
    ['an IPv6 server of 4 octets', attribute(Attribute.INTERNAL_IP6_DNS, 10, 0, 0, 1)],
    ['an IPv6 address of 15 octets', attribute(Attribute.INTERNAL_IP6_ADDRESS, ...ip('fd00::5').slice(1))],
    ['an IPv6 prefix length of 129', attribute(Attribute.INTERNAL_IP6_ADDRESS, ...ip('fd00::5'), 129)],
    ['an IPv4 subnet of 5 octets', attribute(Attribute.INTERNAL_IP4_SUBNET, 10, 0, 0, 0, 8)],
    [
      'an IPv4 subnet whose mask has holes',
      attribute(Attribute.INTERNAL_IP4_SUBNET, 10, 0, 0, 0, 0, 255, 0, 0),
    ],
    ['an IPv6 subnet of 16 octets', attribute(Attribute.INTERNAL_IP6_SUBNET, ...ip('fd00::'))],
    ['a domain that is no UTF-8', attribute(Attribute.INTERNAL_DNS_DOMAIN, 0xff, 0xfe)],
    ['a domain for a shell', attribute(Attribute.INTERNAL_DNS_DOMAIN, ...utf8('a;reboot'))],
    ['a domain with a line break', attribute(Attribute.INTERNAL_DNS_DOMAIN, ...utf8('corp.example\n'))],
    ['a domain that begins like an option', attribute(Attribute.INTERNAL_DNS_DOMAIN, ...utf8('-x.example'))],
    ['a domain with an empty label', attribute(Attribute.INTERNAL_DNS_DOMAIN, ...utf8('a..example'))],
    ['a domain of 260 octets', attribute(Attribute.INTERNAL_DNS_DOMAIN, ...utf8('a.'.repeat(130)))],
    ['a version that is no UTF-8', attribute(Attribute.APPLICATION_VERSION, 0xc3)],
  ])('ignores and counts %s', (_name, odd) => {
    const sound = attribute(Attribute.INTERNAL_IP6_ADDRESS, ...IP6_ADDRESS);
    const { assigned, malformed } = readAssignment([odd, sound]);
    expect(malformed).toBe(1);
    expect(assigned).toEqual({
      addresses: [{ address: ip('fd00::5'), length: 64 }],
      dns: [],
      subnets: [],
      domains: [],
    });
  });

  it('with a malformed attribute still connects, and counts it', () => {
    const pair = new Ikev2Pair();
    new Forge(pair).rewrite(({ payloads }) =>
      payloads.map((payload) =>
        payload.kind === 'CP' && payload.type === 2
          ? { ...payload, attributes: [...payload.attributes, attribute(Attribute.INTERNAL_IP4_DNS, 1)] }
          : payload,
      ),
    );
    // Only IKE_AUTH is rewritten to good effect: AUTH covers the other messages, which pass unchanged in content.
    pair.connect();
    expect(pair.initiator.state).toBe('established');
    expect(pair.initiator.counters.malformed).toBe(1);
  });

  it('does not hold on to the buffer of the message', () => {
    const value = Uint8Array.of(10, 0, 0, 5);
    const { assigned } = readAssignment([{ type: Attribute.INTERNAL_IP4_ADDRESS, value }]);
    value.fill(0);
    expect(assigned.addresses[0]?.address).toEqual(ip('10.0.0.5'));
  });
});

describe('a CFG_REQUEST', () => {
  it('asks in the families of its addresses', () => {
    expect(types(EVERYTHING)).toEqual([1, 3, 13, 8, 10, 15, 25]);
    expect(types({ ...EVERYTHING, ip6: false })).toEqual([1, 3, 13, 25]);
    expect(types({ ...EVERYTHING, ip4: false })).toEqual([8, 10, 15, 25]);
    expect(types({ ...NOTHING, dns: true })).toEqual([3, 10]);
    expect(types(NOTHING)).toEqual([]);
  });

  it('carries our version when there is one', () => {
    const attributes = requestAttributes({ ...NOTHING, applicationVersion: 'adit' });
    expect(attributes).toEqual([{ type: Attribute.APPLICATION_VERSION, value: utf8('adit') }]);
  });

  it.each([EVERYTHING, NOTHING, { ...NOTHING, ip4: true }, { ...EVERYTHING, applicationVersion: 'x' }])(
    'is read as it was meant: %o',
    (request) => {
      expect(readRequest(requestAttributes(request))).toEqual(request);
    },
  );

  it('reaches `assign` with the identity of the peer', () => {
    const asked: unknown[] = [];
    new Ikev2Pair({
      initiator: { request: { ...EVERYTHING, ip6: false } },
      responder: {
        assign: (peer, request) => {
          asked.push(new TextDecoder().decode(peer.data), request);
          return ASSIGNED;
        },
      },
    }).connect();
    expect(asked).toEqual(['alice@example.org', { ...EVERYTHING, ip6: false }]);
  });

  it('where the initiator has only IPv4 to offer, the responder offers no IPv6', () => {
    const pair = new Ikev2Pair({ responder: { child: { localTs: ts('10.1.0.0/16') } } }).connect();
    const [installed] = pair.events.initiator.of('child-installed');
    expect(installed?.child.localTs.map(({ start }) => start.length)).toEqual([4]);
    expect(installed?.child.remoteTs.map(({ start }) => start.length)).toEqual([4]);
  });

  it('for both families is content with one', () => {
    const pair = new Ikev2Pair({
      responder: { assign: () => ({ ...ASSIGNED, addresses: [{ address: ip('10.9.0.7'), length: 32 }] }) },
    }).connect();
    const [installed] = pair.events.initiator.of('child-installed');
    expect(installed?.child.localTs.map(({ start }) => start)).toEqual([ip('10.9.0.7')]);
    // The responder drops the family that has no partner.
    expect(installed?.child.remoteTs.map(({ start }) => start.length)).toEqual([4]);
  });
});

it('long values are read whole', () => {
  const value = concat(utf8('v'), new Uint8Array(2_000).fill(0x41));
  const { assigned } = readAssignment([{ type: Attribute.APPLICATION_VERSION, value }]);
  expect(assigned.applicationVersion).toHaveLength(2_001);
});
