/** Generators (fast-check) of everything that stands in an IKEv2 message, for property tests and fuzzers. */
import * as fc from 'fast-check';
import type { Proposal, Transform } from '#core/ike/proposal.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import type { IkeHeader, Payload } from '#core/ikev2/payload-types.ts';
import { compareIp, type IpAddress } from '#core/net/address.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const octets = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });

export const ipOf = (bytes: 4 | 16): fc.Arbitrary<IpAddress> =>
  // Runs of zero are what the text of IPv6 is about.
  fc
    .array(fc.oneof(fc.constant(0), u8), { minLength: bytes, maxLength: bytes })
    .map((list) => Uint8Array.from(list));

export const ip: fc.Arbitrary<IpAddress> = fc.oneof(ipOf(4), ipOf(16));

const ports = fc.oneof(
  fc.constant({ startPort: 0, endPort: 65535 }),
  fc.constant({ startPort: 65535, endPort: 0 }),
  fc.tuple(u16, u16).map(([a, b]) => ({ startPort: Math.min(a, b), endPort: Math.max(a, b) })),
);

const selectorOf = (bytes: 4 | 16): fc.Arbitrary<TrafficSelector> =>
  fc
    .tuple(ipOf(bytes), ipOf(bytes), fc.oneof(u8, fc.constantFrom(0, 1, 6, 17, 58)), ports)
    .map(([a, b, protocol, range]) => {
      const [start, end] = compareIp(a, b) <= 0 ? [a, b] : [b, a];
      return { protocol, ...range, start, end };
    });

export const selector: fc.Arbitrary<TrafficSelector> = fc.oneof(selectorOf(4), selectorOf(16));

export const transform: fc.Arbitrary<Transform> = fc
  .record({ type: u8, id: u16, keyBits: fc.option(u16, { nil: undefined }) })
  .map(({ type, id, keyBits }) => (keyBits === undefined ? { type, id } : { type, id, keyBits }));

export const proposal: fc.Arbitrary<Proposal> = fc
  .constantFrom([1, 0], [1, 8], [2, 4], [3, 4])
  .chain(([protocol = 0, spiBytes = 0]) =>
    fc.record({
      number: u8,
      protocol: fc.constant(protocol),
      spi: octets(spiBytes, spiBytes),
      transforms: fc.array(transform, { maxLength: 12 }),
    }),
  );

const identification = fc.oneof(
  fc.record({ type: fc.constant(1), data: octets(4, 4) }),
  fc.record({ type: fc.constant(5), data: octets(16, 16) }),
  fc.record({ type: fc.constantFrom(2, 3, 9, 10, 11, 13, 200), data: octets(0, 40) }),
);

const deletion = fc.oneof(
  fc.constant({ protocol: 1, spis: [] }),
  fc.record({ protocol: fc.constantFrom(2, 3), spis: fc.array(octets(4, 4), { maxLength: 5 }) }),
);

const eapMessage = fc.tuple(u8, u8, octets(0, 40)).map(([code, id, data]) => {
  const length = data.length + 4;
  return Uint8Array.from([code, id, length >> 8, length & 0xff, ...data]);
});

const kind = <K extends Payload['kind']>(name: K): fc.Arbitrary<K> => fc.constant(name);
const selectors = fc.array(selector, { minLength: 1, maxLength: 5 });

/** A payload of every kind. */
export const payloadByKind: { readonly [K in Payload['kind']]: fc.Arbitrary<Extract<Payload, { kind: K }>> } =
  {
    SA: fc.record({ kind: kind('SA'), proposals: fc.array(proposal, { minLength: 1, maxLength: 4 }) }),
    KE: fc.record({ kind: kind('KE'), group: u16, data: octets(1, 80) }),
    IDi: fc.record({ kind: kind('IDi'), id: identification }),
    IDr: fc.record({ kind: kind('IDr'), id: identification }),
    CERT: fc.record({ kind: kind('CERT'), encoding: u8, data: octets(0, 80) }),
    CERTREQ: fc.record({ kind: kind('CERTREQ'), encoding: u8, authorities: octets(0, 80) }),
    AUTH: fc.record({ kind: kind('AUTH'), method: u8, data: octets(0, 80) }),
    NONCE: fc.record({ kind: kind('NONCE'), data: octets(16, 256) }),
    N: fc.record({ kind: kind('N'), type: u16, protocol: u8, spi: octets(0, 8), data: octets(0, 40) }),
    D: deletion.map((value) => ({ kind: 'D', ...value })),
    V: fc.record({ kind: kind('V'), data: octets(0, 40) }),
    TSi: fc.record({ kind: kind('TSi'), selectors }),
    TSr: fc.record({ kind: kind('TSr'), selectors }),
    CP: fc.record({
      kind: kind('CP'),
      type: u8,
      attributes: fc.array(fc.record({ type: fc.integer({ min: 0, max: 0x7fff }), value: octets(0, 20) }), {
        maxLength: 6,
      }),
    }),
    EAP: fc.record({ kind: kind('EAP'), message: eapMessage }),
    unknown: fc.record({
      kind: kind('unknown'),
      type: fc.integer({ min: 54, max: 255 }),
      critical: fc.constant(false),
      body: octets(0, 40),
    }),
  };

export const payload: fc.Arbitrary<Payload> = fc.oneof(...Object.values(payloadByKind));

export const header: fc.Arbitrary<IkeHeader> = fc.record({
  spiI: octets(8, 8).filter((spi) => spi.some((octet) => octet !== 0)),
  spiR: octets(8, 8),
  majorVersion: fc.constant(2),
  minorVersion: fc.integer({ min: 0, max: 15 }),
  exchange: fc.oneof(fc.constantFrom(34, 35, 36, 37, 43, 44), u8),
  fromInitiator: fc.boolean(),
  versionFlag: fc.boolean(),
  response: fc.boolean(),
  messageId: fc.integer({ min: 0, max: 0xffffffff }),
});
