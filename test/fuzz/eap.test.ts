/**
 * Whatever a server sends, whatever TLS or a user answers: a conversation ends in one of its outcomes and never throws, and
 * nobody is let in who has proved nothing. Each property has about a second.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, toHex, utf8 } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import type { EapAuthenticatorOutput } from '#core/eap/authenticator.ts';
import { type AuthenticatorMethodSettings, createEapAuthenticator } from '#core/eap/create-authenticator.ts';
import { createEapPeer, type EapMethodSettings } from '#core/eap/create-peer.ts';
import { encodeTlvs } from '#core/eap/methods/peap-tlv.ts';
import { type AvpName, decodeAvps, encodeAvps } from '#core/eap/methods/ttls-avp.ts';
import { TlsFraming } from '#core/eap/methods/tls-framing.ts';
import { decodeEap, encodeEap } from '#core/eap/packet.ts';
import type { EapPeerOutput } from '#core/eap/peer.ts';
import type { EapAnswer } from '#core/eap/question.ts';
import type { TlsReply } from '#core/eap/tls-tunnel.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { ScriptedTunnel } from '#test/harness/scripted-tunnel.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';

const LIMITS = { numRuns: 4_000, interruptAfterTimeLimit: 1_200, markInterruptAsFailure: false } as const;

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

const SUCCESS = Uint8Array.of(3, 0, 0, 4);

/** MSCHAPv2 behind its opcode, with a length that is right more often than not. */
const mschapv2 = fc
  .tuple(
    fc.constantFrom(1, 2, 3, 4, 7),
    fc.integer({ min: 0, max: 255 }),
    fc.oneof(
      bytes(60),
      fc
        .constantFrom(
          'E=691 R=1 C=00112233445566778899AABBCCDDEEFF V=3 M=no',
          'E=648 R=1 C=00112233445566778899AABBCCDDEEFF V=3',
          'E=691 R=0',
          'E=',
          'S=00112233445566778899AABBCCDDEEFF00112233 M=yes',
        )
        .map(utf8),
      bytes(16).map((challenge) =>
        concat(Uint8Array.of(16), challenge, new Uint8Array(16 - challenge.length)),
      ),
    ),
    fc.constantFrom(0, 0, 0, 0, -1, 1),
  )
  .map(([op, id, body, wrong]) =>
    concat(Uint8Array.of(op, id, 0, Math.max(0, body.length + 4 + wrong)), body),
  );

const tlsFragment = fc
  .tuple(fc.constantFrom(0, 0, 0x20, 0x20, 0x40, 0x80, 0xc0, 0x21), bytes(40))
  .map(([flags, data]) => concat(Uint8Array.of(flags), data));

const TYPES = [1, 2, 3, 4, 6, 13, 21, 25, 26, 33, 43, 254];

const message = (code: 'request' | 'response') =>
  fc
    .record({
      identifier: fc.integer({ min: 0, max: 255 }),
      vendor: fc.constantFrom(0, 0, 0, 0, 0, 311),
      type: fc.constantFrom(...TYPES),
      expanded: fc.boolean(),
      data: fc.oneof(mschapv2, tlsFragment, bytes(30), fc.constant(Uint8Array.of(2, 1, 2))),
    })
    .map(({ vendor, expanded, ...rest }) => {
      const wide = expanded || vendor !== 0 || rest.type === EapType.Expanded;
      return encodeEap({ code, vendor, expanded: wide, ...rest });
    });

const packet = (code: 'request' | 'response') =>
  fc.oneof(
    { arbitrary: message(code), weight: 12 },
    {
      arbitrary: fc.constantFrom('03000004', '0300000506', '04000004').map((hex) => Buffer.from(hex, 'hex')),
      weight: 2,
    },
    { arbitrary: bytes(30), weight: 1 },
  );

/** What stands inside a tunnel. */
const inside = fc.oneof(
  fc.constant(Uint8Array.of(0)),
  mschapv2.map((data) => concat(Uint8Array.of(EapType.MSCHAPv2), data)),
  message('request'),
  message('response'),
  message('request').map((eap) => encodeAvps([['eapMessage', eap]])),
  message('response').map((eap) => encodeAvps([['eapMessage', eap]])),
  fc
    .tuple(
      fc.constantFrom<AvpName>('msChap2Success', 'msChapError', 'userPassword', 'msChap2Response'),
      bytes(60),
    )
    .map(([name, data]) =>
      encodeAvps([
        ['userName', utf8('alice')],
        [name, data],
      ]),
    ),
  fc.constantFrom('success' as const, 'failure' as const).map((result) =>
    encodeEap({
      code: 'request',
      identifier: 1,
      vendor: 0,
      type: EapType.TLV,
      expanded: false,
      data: encodeTlvs({ result }),
    }),
  ),
  bytes(40),
);

const reply: fc.Arbitrary<TlsReply> = fc
  .record({
    output: bytes(60),
    application: fc.oneof(fc.constant(new Uint8Array(0)), inside),
    kind: fc.constantFrom('plain', 'plain', 'plain', 'opened', 'opened', 'failure'),
    version: fc.constantFrom('TLSv1.2' as const, 'TLSv1.3' as const),
    failure: fc.constantFrom(
      { reason: 'alert', alert: 'unknown ca' } as const,
      { reason: 'protocol', detail: '?' } as const,
    ),
  })
  .map(({ output, application, kind, version, failure }) => {
    if (kind === 'failure') return { output, application, failure };
    if (kind === 'plain') return { output, application };
    const exported = [new Uint8Array(128).fill(1), new Uint8Array(17).fill(2)];
    return { output, application, opened: { version, exported, chain: [] } };
  });

const answer: fc.Arbitrary<EapAnswer> = fc.oneof(
  { arbitrary: reply.map((given): EapAnswer => ({ kind: 'tls', reply: given })), weight: 6 },
  {
    arbitrary: fc.constantFrom<EapAnswer>(
      { kind: 'password', password: 'wröng' },
      { kind: 'one-time-code', code: '123456' },
      { kind: 'new-password', newPassword: 'n' },
      { kind: 'none' },
    ),
    weight: 1,
  },
);

const PEERS: readonly (readonly [name: string, method: EapMethodSettings])[] = [
  ['MSCHAPv2', { type: 'MSCHAPv2' }],
  ['TTLS with MSCHAPv2', { type: 'TTLS', inner: 'MSCHAPv2' }],
  ['TTLS with EAP-MSCHAPv2', { type: 'TTLS', inner: { eap: ['MSCHAPv2'] } }],
  ['PEAP with MSCHAPv2', { type: 'PEAP', inner: ['MSCHAPv2'] }],
];

describe.each(PEERS)('a peer of %s', (_, method) => {
  it.each(['secret', undefined])('is not talked into success; its password: %s', (password) => {
    const ends = new Map<string, number>();
    const inputs = fc.array(fc.tuple(packet('request'), fc.array(answer, { minLength: 1, maxLength: 6 })), {
      maxLength: 12,
    });
    const property = fc.property(inputs, (steps) => {
      const peer = createEapPeer({
        random: seededRandom(1).bytes,
        user: 'alice',
        methods: [method],
        ...(password === undefined ? {} : { password }),
      });
      let output: EapPeerOutput = peer.receive(START[method.type]);
      for (const [request, answers] of steps) {
        for (const given of answers) if (output.kind === 'ask') output = peer.answer(given);
        output = peer.receive(request);
      }
      ends.set(output.kind, (ends.get(output.kind) ?? 0) + 1);
      expect(output.kind).not.toBe('finished');
    });
    fc.assert(property, LIMITS);
    expect(ends.size).toBeGreaterThan(1);
  });
});

/** The first packet of a method, so that a run does not end before it begins. */
const START: Readonly<Record<EapMethodSettings['type'], Uint8Array>> = {
  MD5: first(EapType.MD5, Uint8Array.of(1, 1)),
  GTC: first(EapType.GTC, utf8('Code: ')),
  MSCHAPv2: first(EapType.MSCHAPv2, concat(Uint8Array.of(1, 0, 0, 21, 16), new Uint8Array(16))),
  TLS: first(EapType.TLS, Uint8Array.of(0x20)),
  TTLS: first(EapType.TTLS, Uint8Array.of(0x20)),
  PEAP: first(EapType.PEAP, Uint8Array.of(0x20)),
};

function first(type: number, data: Uint8Array): Uint8Array {
  return encodeEap({ code: 'request', identifier: 0, vendor: 0, type, expanded: false, data });
}

const TUNNELS = PEERS.filter(([, { type }]) => type !== 'MSCHAPv2');

it.each(TUNNELS)('a peer of %s is not talked into success inside an open tunnel', (_, method) => {
  const property = fc.property(fc.array(fc.oneof(inside, packet('request')), { maxLength: 10 }), (steps) => {
    const peer = createEapPeer({
      random: seededRandom(1).bytes,
      user: 'alice',
      password: 'secret',
      methods: [method],
    });
    const tunnel = new ScriptedTunnel(peer, EapType[method.type]);
    tunnel.begin();
    for (const step of steps) {
      expect(tunnel.send(step).kind).not.toBe('finished');
      tunnel.answer({ kind: 'password', password: 'secret' });
    }
    expect(peer.receive(SUCCESS).kind).not.toBe('finished');
  });
  fc.assert(property, LIMITS);
});

const AUTHENTICATORS: readonly AuthenticatorMethodSettings[] = [
  { type: 'MSCHAPv2' },
  { type: 'TTLS', inner: ['MSCHAPv2'] },
  { type: 'PEAP', inner: ['MSCHAPv2'], cryptobinding: true },
];

it.each(AUTHENTICATORS)('an authenticator of $type lets nobody in who guesses', (method) => {
  const inputs = fc.array(fc.tuple(packet('response'), fc.array(answer, { minLength: 1, maxLength: 6 })), {
    maxLength: 12,
  });
  const property = fc.property(inputs, (steps) => {
    const authenticator = createEapAuthenticator({
      random: seededRandom(1).bytes,
      users: { find: () => ({ password: 'secret' }) },
      methods: [method],
      identity: 'alice',
    });
    let output: EapAuthenticatorOutput = authenticator.start();
    for (const [response, answers] of steps) {
      for (const given of answers) if (output.kind === 'ask') output = authenticator.answer(given);
      if (output.kind !== 'send') break;
      // The identifier is checked first: guessing it is not what is tested.
      const aimed = Uint8Array.from(response);
      aimed[1] = authenticator.identifier;
      output = authenticator.receive(aimed);
    }
    expect(output.kind).not.toBe('finished');
  });
  expect(() => fc.assert(property, LIMITS)).not.toThrow();
});

describe('the codecs', () => {
  const onlyDecodeErrors = (decode: (octets: Uint8Array) => unknown) => (octets: Uint8Array) => {
    try {
      return decode(octets);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return undefined;
    }
  };

  it('read EAP packets or refuse them, and write the same octets again', () => {
    const decode = onlyDecodeErrors(decodeEap);
    const property = fc.property(fc.oneof(bytes(40), message('request')), (octets) => {
      const read = decode(octets) as ReturnType<typeof decodeEap> | undefined;
      const length = ((octets[2] ?? 0) << 8) | (octets[3] ?? 0);
      return read === undefined || toHex(encodeEap(read)) === toHex(octets.subarray(0, length));
    });
    expect(() => fc.assert(property, LIMITS)).not.toThrow();
  });

  it('read AVPs or refuse them', () => {
    const property = fc.property(fc.oneof(bytes(60), inside), (octets) => {
      onlyDecodeErrors(decodeAvps)(octets);
    });
    expect(() => fc.assert(property, LIMITS)).not.toThrow();
  });

  it('carry any message in fragments of any size', () => {
    const property = fc.property(bytes(3_000), fc.integer({ min: 1, max: 700 }), (whole, size) => {
      const from = new TlsFraming(size);
      const to = new TlsFraming(size);
      let framed = to.receive(from.send(whole));
      while (framed.kind === 'fragment') {
        from.receive(to.acknowledge());
        framed = to.receive(from.next());
      }
      expect(framed.kind === 'message' && toHex(framed.bytes)).toBe(toHex(whole));
    });
    expect(() => fc.assert(property, { ...LIMITS, numRuns: 300 })).not.toThrow();
  });
});
