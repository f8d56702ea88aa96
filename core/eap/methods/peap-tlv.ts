/**
 * The end of a PEAPv0 tunnel ([MS-PEAP] §2.2.8.1, draft-kamath-pppext-peapv0-00): an EAP packet of type 33 with TLVs, the
 * result, and a cryptobinding that ties the inner method to the tunnel. Both halves of PEAP use it.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { concat, EMPTY, equalConstantTime, utf8 } from '#core/bytes/bytes.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { Writer } from '#core/bytes/writer.ts';
import { EapType } from '#core/registry/eap-types.ts';

const TLV_TYPE_MASK = 0x3fff;
const MANDATORY = 0x8000;
const Tlv = { result: 3, cryptobinding: 12 } as const;

const RESULTS = ['success', 'failure'] as const;
type TlvResult = (typeof RESULTS)[number];

const CRYPTOBINDING_BYTES = 56;
const NONCE_BYTES = 32;
const MAC_BYTES = 20;
const REQUEST = 0;
const RESPONSE = 1;

export interface Cryptobinding {
  readonly subtype: 'request' | 'response';
  readonly nonce: Uint8Array;
  readonly mac: Uint8Array;
}

export interface Tlvs {
  readonly result?: TlvResult;
  readonly cryptobinding?: Cryptobinding;
}

/** Reads what follows type 33. Throws DecodeError, also for a TLV that is mandatory and unknown. */
export function decodeTlvs(data: Uint8Array): Tlvs {
  const reader = new Reader(data);
  let found: Tlvs = {};
  while (reader.remaining > 0) {
    const type = reader.u16('TLV type');
    const value = reader.sub(reader.u16('TLV length'), `TLV ${type & TLV_TYPE_MASK}`);
    switch (type & TLV_TYPE_MASK) {
      case Tlv.result: {
        const status = value.u16('Result TLV');
        const result = RESULTS[status - 1];
        if (result === undefined) throw new DecodeError('Result TLV', `status ${status}`);
        found = { ...found, result };
        break;
      }
      case Tlv.cryptobinding:
        found = { ...found, cryptobinding: decodeCryptobinding(value) };
        break;
      default:
        if ((type & MANDATORY) !== 0)
          throw new DecodeError('TLV', `${type & TLV_TYPE_MASK} is mandatory and unknown`);
    }
  }
  return found;
}

function decodeCryptobinding(value: Reader): Cryptobinding {
  value.skip(1, 'Cryptobinding TLV');
  const version = value.u8('Cryptobinding TLV');
  const received = value.u8('Cryptobinding TLV');
  const subtype = value.u8('Cryptobinding TLV');
  if (version !== 0 || received !== 0 || subtype > RESPONSE) {
    throw new DecodeError(
      'Cryptobinding TLV',
      `version ${version}, received ${received}, subtype ${subtype}`,
    );
  }
  const nonce = value.bytes(NONCE_BYTES, 'Cryptobinding TLV').slice();
  const mac = value.bytes(MAC_BYTES, 'Cryptobinding TLV').slice();
  value.end('Cryptobinding TLV');
  return { subtype: subtype === REQUEST ? 'request' : 'response', nonce, mac };
}

export function encodeTlvs({ result, cryptobinding }: Tlvs): Uint8Array {
  const writer = new Writer();
  if (result !== undefined)
    writer
      .u16(MANDATORY | Tlv.result)
      .u16(2)
      .u16(RESULTS.indexOf(result) + 1);
  if (cryptobinding !== undefined) writer.bytes(encodeCryptobinding(cryptobinding));
  return writer.finish();
}

/** The TLV with its header, 60 octets: what the MAC is made over. */
const encodeCryptobinding = ({ subtype, nonce, mac }: Cryptobinding): Uint8Array =>
  new Writer()
    .u16(Tlv.cryptobinding)
    .u16(CRYPTOBINDING_BYTES)
    .bytes(Uint8Array.of(0, 0, 0, subtype === 'request' ? REQUEST : RESPONSE))
    .bytes(nonce)
    .bytes(mac)
    .finish();

/** Keys of the binding ([MS-PEAP] §3.1.5.5.2): 40 octets that lead to the MSK, 20 for the MAC. */
export interface CompoundKeys {
  readonly ipmk: Uint8Array;
  readonly cmk: Uint8Array;
}

/** PRF+ of IKEv2 with HMAC-SHA1 and two zeros behind each count. */
function prfPlus(key: Uint8Array, seed: Uint8Array, length: number): Uint8Array {
  let block: Uint8Array = EMPTY;
  let whole: Uint8Array = EMPTY;
  for (let count = 1; whole.length < length; count++) {
    block = hmac(sha1, key, concat(block, seed, Uint8Array.of(count, 0, 0)));
    whole = concat(whole, block);
  }
  return whole.subarray(0, length);
}

const ISK_BYTES = 32;

/** `tunnelKey`: the key material of the tunnel. `innerMsk`: of the method inside; empty where it has none. */
export function compoundKeys(tunnelKey: Uint8Array, innerMsk: Uint8Array): CompoundKeys {
  const isk = concat(innerMsk.subarray(0, ISK_BYTES), new Uint8Array(ISK_BYTES)).subarray(0, ISK_BYTES);
  const seed = concat(utf8('Inner Methods Compound Keys'), isk);
  const keys = prfPlus(tunnelKey.subarray(0, 40), seed, 60);
  return { ipmk: keys.subarray(0, 40), cmk: keys.subarray(40) };
}

/** The MSK (64 octets) of a tunnel with a cryptobinding (§3.1.5.7); the label ends with a zero octet there. */
export const compoundMsk = ({ ipmk }: CompoundKeys): Uint8Array =>
  prfPlus(ipmk, utf8('Session Key Generating Function\0'), 128).slice(0, 64);

const macOf = ({ cmk }: CompoundKeys, subtype: Cryptobinding['subtype'], nonce: Uint8Array): Uint8Array => {
  const blank = encodeCryptobinding({ subtype, nonce, mac: new Uint8Array(MAC_BYTES) });
  return hmac(sha1, cmk, concat(blank, Uint8Array.of(EapType.PEAP)));
};

export const bind = (
  keys: CompoundKeys,
  subtype: Cryptobinding['subtype'],
  nonce: Uint8Array,
): Cryptobinding => ({ subtype, nonce, mac: macOf(keys, subtype, nonce) });

export const verifies = (keys: CompoundKeys, subtype: Cryptobinding['subtype'], binding: Cryptobinding) =>
  binding.subtype === subtype && equalConstantTime(binding.mac, macOf(keys, subtype, binding.nonce));
