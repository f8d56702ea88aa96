/** Messages and their payload chains (RFC 7296 §3.1, §3.2): read, written, refused. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, EMPTY, fromHex, toHex } from '#core/bytes/bytes.ts';
import { MAX_PAYLOADS } from '#core/ikev2/chain.ts';
import { decodeMessage, encodeMessage, peekHeader } from '#core/ikev2/message.ts';
import type { IkeHeader, Payload } from '#core/ikev2/payload-types.ts';
import { header as anyHeader, payload as anyPayload } from '#test/harness/ikev2-arbitraries.ts';

const SPI_I = '8f54bf6d8b48e6e1';
const header: IkeHeader = {
  spiI: fromHex(SPI_I),
  spiR: new Uint8Array(8),
  majorVersion: 2,
  minorVersion: 0,
  exchange: 34,
  fromInitiator: true,
  versionFlag: false,
  response: false,
  messageId: 0,
};

/** A datagram from its header's fields and its payloads in hex; the length is right unless `length` says otherwise. */
function datagram(
  first: number,
  body: string,
  change: { length?: number; version?: string; flags?: string; spiI?: string; exchange?: string } = {},
): Uint8Array {
  const payloads = fromHex(body.replaceAll(/\s/g, ''));
  const length = (change.length ?? 28 + payloads.length).toString(16).padStart(8, '0');
  const head = `${change.spiI ?? SPI_I}${'00'.repeat(8)}${first.toString(16).padStart(2, '0')}${change.version ?? '20'}${change.exchange ?? '22'}${change.flags ?? '08'}00000000${length}`;
  return concat(fromHex(head), payloads);
}

const NONCE = `00000014${'11'.repeat(16)}`;

describe('a message', () => {
  const payloads: Payload[] = [
    { kind: 'NONCE', data: new Uint8Array(16).fill(0x11) },
    { kind: 'V', data: fromHex('beef') },
  ];

  it('is header and payloads', () => {
    const bytes = encodeMessage(header, payloads);
    expect(toHex(bytes)).toBe(
      `${SPI_I}00000000000000002820220800000000000000362b000014${'11'.repeat(16)}00000006beef`,
    );
    expect(decodeMessage(bytes)).toEqual({ outcome: 'ok', message: { header, payloads }, protected: false });
  });

  it('may have no payload', () => {
    const bytes = encodeMessage(header, []);
    expect(bytes).toHaveLength(28);
    expect(decodeMessage(bytes)).toEqual({
      outcome: 'ok',
      message: { header, payloads: [] },
      protected: false,
    });
  });

  it('goes there and back, whatever is in it', () => {
    fc.assert(
      fc.property(anyHeader, fc.array(anyPayload, { maxLength: 8 }), (head, list) => {
        const decoded = decodeMessage(encodeMessage(head, list));
        expect(decoded).toEqual({
          outcome: 'ok',
          message: { header: head, payloads: list },
          protected: false,
        });
      }),
      { numRuns: 500 },
    );
  });

  it('is refused at every shorter length, with the header as soon as there is one', () => {
    const bytes = encodeMessage(header, payloads);
    for (let length = 0; length < bytes.length; length++) {
      const decoded = decodeMessage(bytes.subarray(0, length));
      expect(decoded).toMatchObject({ outcome: 'unprotected-error' });
      expect('header' in decoded).toBe(length >= 28);
      expect('notify' in decoded).toBe(false);
    }
  });

  it('is refused at every shorter length also where the header agrees', () => {
    const bytes = encodeMessage(header, payloads);
    for (let length = 29; length < bytes.length; length++) {
      // Cut between the two payloads and the first promises a second.
      const cut = bytes.slice(0, length);
      cut[27] = length;
      expect(decodeMessage(cut)).toMatchObject({ outcome: 'unprotected-error', header });
    }
  });

  it('is refused or another message for every change of an octet, and never more than that', () => {
    const bytes = encodeMessage(header, payloads);
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 1, 3, 4, 0x7f, 0x80, 0xff]) {
        const changed = bytes.slice();
        changed[at] = value;
        expect(['ok', 'sealed', 'unprotected-error']).toContain(decodeMessage(changed).outcome);
      }
    }
  });
});

describe('the header', () => {
  it.each<[string, Uint8Array, RegExp]>([
    [
      'a length beyond the datagram',
      datagram(40, NONCE, { length: 49 }),
      /length: says 49, the datagram has 48/,
    ],
    [
      'octets behind the message',
      datagram(40, NONCE, { length: 47 }),
      /length: says 47, the datagram has 48/,
    ],
    ['octets behind the last payload', datagram(40, `${NONCE}00`), /last payload: 1 octets too many/],
    ['octets where no payload is promised', datagram(0, NONCE), /last payload: 20 octets too many/],
    ['an initiator SPI of zero', datagram(40, NONCE, { spiI: '00'.repeat(8) }), /initiator SPI: is zero/],
    ['version 1', datagram(40, NONCE, { version: '10' }), /major version 1/],
  ])('with %s is refused without a word', (_, bytes, why) => {
    const decoded = decodeMessage(bytes);
    expect(decoded).toMatchObject({
      outcome: 'unprotected-error',
      detail: expect.stringMatching(why) as unknown,
    });
    expect('notify' in decoded).toBe(false);
  });

  it('with a higher major version is told ours, in a request (§2.5)', () => {
    expect(decodeMessage(datagram(40, NONCE, { version: '30' }))).toMatchObject({
      outcome: 'unprotected-error',
      notify: 5,
      notifyData: EMPTY,
    });
    expect(decodeMessage(datagram(40, NONCE, { version: '30', flags: '28' }))).not.toHaveProperty('notify');
  });

  it('with a higher minor version is one of ours, and reserved flags mean nothing', () => {
    expect(decodeMessage(datagram(40, NONCE, { version: '2f', flags: 'cf' }))).toMatchObject({
      outcome: 'ok',
      message: { header: { minorVersion: 15, fromInitiator: true, response: false, versionFlag: false } },
    });
  });

  it('can be looked at alone', () => {
    const bytes = datagram(40, NONCE, { version: '10', flags: '30' });
    expect(peekHeader(bytes)).toMatchObject({
      majorVersion: 1,
      response: true,
      versionFlag: true,
      fromInitiator: false,
    });
    expect(peekHeader(bytes.subarray(0, 28))).toBeDefined();
    expect(peekHeader(bytes.subarray(0, 27))).toBeUndefined();
  });
});

const vendorIds = (count: number): Uint8Array =>
  encodeMessage(
    header,
    Array.from({ length: count }, () => ({ kind: 'V', data: EMPTY }) as const),
  );

describe('payloads', () => {
  it.each([
    ['shorter than its header', '00000003'],
    ['of length zero', '00000000'],
    ['longer than the message', '0000ffff'],
    ['with half a header', '0000'],
    ['with a broken body', '00000005ff'],
  ])('%s are refused', (_, body) => {
    expect(decodeMessage(datagram(40, body))).toMatchObject({ outcome: 'unprotected-error' });
  });

  it('are bounded in number', () => {
    expect(decodeMessage(vendorIds(MAX_PAYLOADS)).outcome).toBe('ok');
    expect(decodeMessage(vendorIds(MAX_PAYLOADS + 1))).toMatchObject({
      outcome: 'unprotected-error',
      detail: `payloads: more than ${MAX_PAYLOADS}`,
    });
  });

  it('of an unknown type are kept unless they are critical', () => {
    expect(decodeMessage(datagram(200, '00000006 beef'))).toMatchObject({
      outcome: 'ok',
      message: { payloads: [{ kind: 'unknown', type: 200, critical: false, body: fromHex('beef') }] },
    });
  });

  it('of an unknown type that are critical are named to the sender of IKE_SA_INIT (§2.5)', () => {
    expect(decodeMessage(datagram(200, '00800006 beef'))).toMatchObject({
      outcome: 'unprotected-error',
      header,
      notify: 1,
      notifyData: Uint8Array.of(200),
    });
  });

  it.each([
    ['a response', { flags: '28' }],
    ['another exchange, which nothing protects', { exchange: '25' }],
  ])('of an unknown type that are critical get silence in %s', (_, change) => {
    const decoded = decodeMessage(datagram(200, '00800006 beef', change));
    expect(decoded).toMatchObject({ outcome: 'unprotected-error' });
    expect(decoded).not.toHaveProperty('notify');
  });

  it('of a known type may be marked critical, and carry reserved bits', () => {
    expect(decodeMessage(datagram(40, NONCE.replace('0000', '00ff'))).outcome).toBe('ok');
  });
});

describe('encrypted messages', () => {
  it.each([
    [46, false],
    [53, true],
  ])('with payload type %i are left to their keys', (type, fragment) => {
    expect(decodeMessage(datagram(type, '21000008 01020304'))).toEqual({
      outcome: 'sealed',
      header,
      fragment,
    });
    expect(decodeMessage(datagram(43, `${type.toString(16)}000004 21000008 01020304`))).toMatchObject({
      outcome: 'sealed',
    });
  });

  it('end there', () => {
    expect(decodeMessage(datagram(46, '21000008 01020304 00'))).toMatchObject({
      outcome: 'unprotected-error',
    });
  });
});
