/** What TTLS (RFC 5281 §10) and PEAP ([MS-PEAP]) carry in their tunnels, by octets. */
import { describe, expect, it } from 'vitest';
import { fromHex, fromUtf8, toHex, utf8 } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { compress, expand, tlvPacket, tlvsOf } from '#core/eap/methods/peap-header.ts';
import {
  bind,
  compoundKeys,
  compoundMsk,
  decodeTlvs,
  encodeTlvs,
  verifies,
} from '#core/eap/methods/peap-tlv.ts';
import { decodeAvps, encodeAvps } from '#core/eap/methods/ttls-avp.ts';
import { describeWithVectors } from '#test/harness/shared-vectors.ts';

describe('AVPs of TTLS', () => {
  it('are padded to four octets, and carry a vendor where there is one', () => {
    const bytes = encodeAvps([
      ['userName', utf8('alice')],
      ['msChapChallenge', fromHex('0011')],
    ]);
    expect(toHex(bytes)).toBe('000000014000000d616c6963650000000000000bc000000e0000013700110000');
    const avps = decodeAvps(bytes);
    expect(fromUtf8(avps.get('userName') ?? new Uint8Array())).toBe('alice');
    expect(toHex(avps.get('msChapChallenge') ?? new Uint8Array())).toBe('0011');
  });

  it('join when EAP-Message comes in pieces', () => {
    const bytes = encodeAvps([
      ['eapMessage', fromHex('0102')],
      ['eapMessage', fromHex('0304')],
    ]);
    expect(toHex(decodeAvps(bytes).get('eapMessage') ?? new Uint8Array())).toBe('01020304');
  });

  it('are skipped where unknown and optional', () => {
    expect(decodeAvps(fromHex('0000000f0000000b010203ff')).size).toBe(0);
  });

  it.each([
    ['shorter than its header', '0000004f40000007'],
    ['of length 0', '0000004f40000000'],
    ['shorter than its header with a vendor', '0000004fc000000b00000137'],
    ['longer than what came', '0000004f4000000f00'],
    ['cut in its header', '0000004f40'],
    ['mandatory and unknown', '0000000f4000000c01020304'],
    ['mandatory and of another vendor', '00000001c000000d0000006401000000'],
  ])('refused: one %s', (_, hex) => {
    expect(() => decodeAvps(fromHex(hex))).toThrow(DecodeError);
  });
});

describeWithVectors('aosp', (readJson) => {
  const { constants } = readJson('unit/EapTtlsAvpTest.json') as { constants: Record<string, string> };

  it('EAP-Message', () => {
    const bytes = fromHex(
      constants['EAP_MESSAGE_AVP_WITHOUT_VENDOR_ID_PADDING_NOT_REQUIRED_BYTES'] ?? 'absent',
    );
    expect(toHex(decodeAvps(bytes).get('eapMessage') ?? new Uint8Array())).toBe(
      constants['AVP_DUMMY_DATA_PADDING_NOT_REQUIRED'],
    );
  });

  it.each(Object.entries(constants).filter(([name]) => /INVALID|MANDATORY/.test(name)))(
    '%s is refused',
    (_, hex) => {
      expect(() => decodeAvps(fromHex(hex))).toThrow(DecodeError);
    },
  );
});

describe('the header that PEAP leaves away', () => {
  it('comes back with the identifier of the packet around', () => {
    const { bytes, packet } = expand(fromHex('1a0102'), 'request', 9);
    expect(toHex(bytes)).toBe('010900071a0102');
    expect(packet).toMatchObject({ code: 'request', identifier: 9, type: 26 });
    expect(toHex(compress(bytes))).toBe('1a0102');
  });

  it('stays where a server sends it whole (FreeRADIUS, its Identity)', () => {
    expect(toHex(expand(fromHex('0105000501'), 'request', 9).bytes)).toBe('0105000501');
  });

  it('stays at TLVs, and at Success and Failure', () => {
    const tlvs = tlvPacket('request', 4, encodeTlvs({ result: 'success' }));
    expect(toHex(tlvs)).toBe('0104000b21800300020001');
    const { packet } = expand(tlvs, 'request', 9);
    expect(tlvsOf(packet)).toEqual(encodeTlvs({ result: 'success' }));
    expect(expand(fromHex('03080004'), 'request', 9).packet).toMatchObject({
      code: 'success',
      identifier: 8,
    });
  });
});

describe('TLVs of PEAP', () => {
  it('hold a result', () => {
    expect(toHex(encodeTlvs({ result: 'failure' }))).toBe('800300020002');
    expect(decodeTlvs(fromHex('800300020001'))).toEqual({ result: 'success' });
  });

  it('hold a cryptobinding that only the right keys make', () => {
    const keys = compoundKeys(new Uint8Array(64).fill(1), new Uint8Array(64).fill(2));
    const cryptobinding = bind(keys, 'request', new Uint8Array(32).fill(3));
    const bytes = encodeTlvs({ result: 'success', cryptobinding });
    expect(bytes).toHaveLength(66);
    expect(decodeTlvs(bytes)).toEqual({ result: 'success', cryptobinding });
    expect(verifies(keys, 'request', cryptobinding)).toBe(true);
    // Not as an answer, not with another inner method, not with another tunnel.
    expect(verifies(keys, 'response', cryptobinding)).toBe(false);
    const others = [
      compoundKeys(new Uint8Array(64).fill(1), new Uint8Array(0)),
      compoundKeys(new Uint8Array(64).fill(4), new Uint8Array(64).fill(2)),
    ];
    expect(others.map((other) => verifies(other, 'request', cryptobinding))).toEqual([false, false]);
    expect(compoundMsk(keys)).toHaveLength(64);
  });

  it('has the keys and the MAC of the example of [MS-PEAP] §4.4.1.3.2', () => {
    const tempKey = '738bb5f462d58e7ed844e1f00d0ebe50c50a2050de11997710d65f45fb5fbab7e3181e924f429738';
    const isk = '673e961401befba560717b3b5ddd40386567f9f416fd3e9dfc71163bdff2fa95';
    const keys = compoundKeys(fromHex(tempKey), fromHex(isk));
    expect(toHex(keys.ipmk)).toBe(
      '3a911c255473e83e9a0cc333ae1f8a35cdc74163e7f60f6c65ef71c26442aaaca2b6f1eb4f25eca3',
    );
    expect(toHex(keys.cmk)).toBe('3355353b6920d074c782e475dfb0999d4db467eb');
    const nonce = 'bda7a599fa816521ad3064c2bddbd16eaa949e7d98a8d7943147cf425d85da7b';
    expect(toHex(encodeTlvs({ cryptobinding: bind(keys, 'request', fromHex(nonce)) }))).toBe(
      `000c003800000000${nonce}0cbf105e91755748224fbb83000626911cfb1b0f`,
    );
  });

  it.each([
    ['an unknown result', '800300020003'],
    ['a result cut short', '8003000101'],
    ['more than came', '8003000900'],
    ['one that is mandatory and unknown', '80070000'],
    ['a cryptobinding cut short', `000c0037${'00'.repeat(55)}`],
    ['a cryptobinding of version 1', `000c003800010000${'00'.repeat(52)}`],
  ])('refused: %s', (_, hex) => {
    expect(() => decodeTlvs(fromHex(hex))).toThrow(DecodeError);
  });

  it('skip what is optional and unknown', () => {
    expect(decodeTlvs(fromHex('0007000100800300020001'))).toEqual({ result: 'success' });
  });
});
