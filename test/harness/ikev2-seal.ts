/**
 * Seals octets of any kind into an Encrypted payload with a right ICV: what an authentic but broken peer would send.
 * Written apart from ikev2/protection.ts, which can seal only what is well formed.
 */
import { concat, EMPTY } from '#core/bytes/bytes.ts';
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import { encodeIkeHeader } from '#core/ikev2/message.ts';
import type { IkeHeader } from '#core/ikev2/payload-types.ts';
import type { ProtectionKeys } from '#core/ikev2/protection.ts';
import { PayloadType } from '#core/registry/payload-types.ts';

export interface Unsealed {
  readonly header: IkeHeader;
  /** Type of the first payload inside. */
  readonly first: number;
  /** Payloads, padding and pad length as they are encrypted; CBC with half a block stays as it is. */
  readonly plaintext: Uint8Array;
  /** Payloads in front of SK, linked to it. */
  readonly outside?: { readonly first: number; readonly bytes: Uint8Array };
}

/** The IV is zero. */
export function sealOctets(
  { encryption, integrity }: IkeSuite,
  keys: ProtectionKeys,
  what: Unsealed,
): Uint8Array {
  const { header, first, plaintext, outside = { first: PayloadType.SK, bytes: EMPTY } } = what;
  const cipher = encryption.bind(keys.encryption);
  const iv = new Uint8Array(encryption.ivBytes);
  const icvBytes = integrity?.icvBytes ?? encryption.icvBytes;
  const length = 4 + iv.length + plaintext.length + icvBytes;
  const front = concat(
    encodeIkeHeader(header, outside.first, outside.bytes.length + length),
    outside.bytes,
    Uint8Array.of(first, 0, length >> 8, length & 0xff),
  );
  if (!integrity) return concat(front, iv, cipher.encrypt(iv, plaintext, front));
  const blocks = encryption.kind !== 'cbc' || plaintext.length % encryption.blockBytes === 0;
  const ciphertext = blocks ? cipher.encrypt(iv, plaintext, EMPTY) : plaintext;
  return concat(front, iv, ciphertext, integrity.mac(keys.integrity, front, iv, ciphertext));
}
