/** What the decoders of the network watch do with octets of any shape: their own refusal, or an answer. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '#core/bytes/reader.ts';
import { busCall, decodeMessage, messageLength, SIGNAL } from '#helper/effects/network-watch/dbus-message.ts';
import { NetlinkError } from '#helper/effects/network-watch/netlink.ts';
import { decodeTables } from '#helper/effects/network-watch/nftables.ts';
import { decodeDatagram, listRequest } from '#helper/effects/network-watch/rtnetlink.ts';

/** PrepareForSleep (true) as a dbus-daemon passed it on. */
const PREPARE = Buffer.from(
  '6c04000104000000030000007500000001016f00170000002f6f72672f667265656465736b746f702f6c6f67696e3100' +
    '020173001e0000006f72672e667265656465736b746f702e6c6f67696e312e4d616e616765720000030173000f000000' +
    '50726570617265466f72536c65657000080167000162000007017300040000003a312e300000000001000000',
  'hex',
);

/** Whether `act` answers, or throws no other error than its own. */
function answers(own: typeof NetlinkError | typeof DecodeError, act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    return error instanceof own;
  }
}

const message = (type: number, body: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(16 + body.length);
  whole.set(body, 16);
  const view = new DataView(whole.buffer);
  view.setUint32(0, whole.length, true);
  view.setUint16(4, type, true);
  return whole;
};

describe('rtnetlink', () => {
  it('refuses every other shape with its own error', () => {
    const type = fc.constantFrom(16, 17, 20, 21, 24, 25, 32, 33, 3, 2, 99);
    const shaped = fc.property(type, fc.uint8Array({ maxLength: 80 }), (kind, body) =>
      answers(NetlinkError, () => decodeDatagram(message(kind, body))),
    );
    const any = fc.property(fc.uint8Array({ maxLength: 64 }), (octets) =>
      answers(NetlinkError, () => decodeDatagram(octets)),
    );
    expect(fc.check(shaped, { numRuns: 3000 })).toMatchObject({ failed: false });
    expect(fc.check(any)).toMatchObject({ failed: false });
  });

  it('asks as the kernel wants it: RTM_GETLINK and RTM_GETADDR with NLM_F_REQUEST and NLM_F_DUMP', () => {
    expect(Buffer.from(listRequest('link')).toString('hex')).toBe('1400000012000103000000000000000000000000');
    expect(Buffer.from(listRequest('address')).toString('hex')).toBe(
      '1400000016000103000000000000000000000000',
    );
  });
});

describe('nfnetlink', () => {
  it('refuses every other shape with its own error', () => {
    const type = fc.constantFrom(0, 2, 3, 5, 8, 11, 14, 15, 99).map((kind) => 0x0a00 | kind);
    const shaped = fc.property(type, fc.uint8Array({ maxLength: 80 }), (kind, body) =>
      answers(NetlinkError, () => decodeTables(message(kind, body))),
    );
    expect(fc.check(shaped, { numRuns: 3000 })).toMatchObject({ failed: false });
  });
});

describe('D-Bus', () => {
  it('reads its own calls', () => {
    const call = busCall(7, 'AddMatch', "type='signal'");
    expect(messageLength(call)).toBe(call.length);
    expect(decodeMessage(call)).toMatchObject({
      type: 1,
      member: 'AddMatch',
      path: '/org/freedesktop/DBus',
      destination: 'org.freedesktop.DBus',
    });
  });

  it('reads a signal', () => {
    expect(messageLength(PREPARE)).toBe(PREPARE.length);
    expect(decodeMessage(PREPARE)).toEqual({
      type: SIGNAL,
      replyTo: undefined,
      path: '/org/freedesktop/login1',
      member: 'PrepareForSleep',
      destination: undefined,
      flag: true,
    });
  });

  it('waits for a header, and refuses what is too long', () => {
    expect(messageLength(PREPARE.subarray(0, 15))).toBeUndefined();
    const long = Uint8Array.from(PREPARE);
    new DataView(long.buffer).setUint32(4, 1 << 24, true);
    expect(() => messageLength(long)).toThrow(DecodeError);
  });

  it('refuses every other shape with its own error', () => {
    const changed = fc.property(
      fc.nat(PREPARE.length - 1),
      fc.nat(255),
      fc.nat(PREPARE.length),
      (at, octet, length) => {
        const octets = Uint8Array.from(PREPARE.subarray(0, length));
        if (at < length) octets[at] = octet;
        return (
          answers(DecodeError, () => messageLength(octets)) &&
          answers(DecodeError, () => decodeMessage(octets))
        );
      },
    );
    expect(fc.check(changed, { numRuns: 5000 })).toMatchObject({ failed: false });
  });
});
