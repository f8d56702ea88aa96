/**
 * Whether octets have the shape of a certificate, a private key or a PKCS#12 file: what an importer can tell without
 * understanding them. What stands inside is read by pki/. Facts: RFC 5280 §4.1, RFC 5958 §2, RFC 7292 §4.
 */
import { fromBase64 } from '#core/bytes/base64.ts';
import { readTlv, TAG } from '#core/bytes/der.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';

/** Tags of the members of the one SEQUENCE that `octets` are, or undefined where they are anything else. */
export function memberTags(octets: Uint8Array): number[] | undefined {
  try {
    const outer = new Reader(octets);
    const { tag, content } = readTlv(outer, 'container');
    outer.end('container');
    if (tag !== TAG.SEQUENCE) return undefined;
    const members = new Reader(content);
    const tags: number[] = [];
    while (members.remaining > 0) tags.push(readTlv(members, 'member').tag);
    return tags;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

const SHAPES = {
  /** tbsCertificate, signatureAlgorithm, signature */
  certificate: [TAG.SEQUENCE, TAG.SEQUENCE, TAG.BIT_STRING],
  /** version, privateKeyAlgorithm, privateKey, perhaps attributes and a public key */
  privateKey: [TAG.INTEGER, TAG.SEQUENCE, TAG.OCTET_STRING],
  /** encryptionAlgorithm, encryptedData */
  encryptedPrivateKey: [TAG.SEQUENCE, TAG.OCTET_STRING],
  /** version, authSafe, perhaps macData */
  pkcs12: [TAG.INTEGER, TAG.SEQUENCE, TAG.SEQUENCE],
  /** version, modulus, publicExponent … (RFC 8017 §A.1.2) */
  rsaPrivateKey: [TAG.INTEGER, TAG.INTEGER, TAG.INTEGER],
  /** version, privateKey, then [0] curve and [1] public key (RFC 5915 §3) */
  ecPrivateKey: [TAG.INTEGER, TAG.OCTET_STRING],
  /** contentType, [0] content (RFC 5652 §3) */
  cms: [TAG.OID, TAG.CONTEXT_0],
} as const;

export type Shape = keyof typeof SHAPES;

/** The first shape whose members `octets` begin with. PKCS#12 without a MAC looks like nothing else either. */
export function shapeOf(octets: Uint8Array): Shape | undefined {
  const tags = memberTags(octets);
  if (!tags) return undefined;
  if (tags.length === 2 && tags[0] === TAG.INTEGER && tags[1] === TAG.SEQUENCE) return 'pkcs12';
  return (Object.keys(SHAPES) as Shape[]).find(
    (name) => tags.length >= SHAPES[name].length && SHAPES[name].every((tag, i) => tag === tags[i]),
  );
}

/** A sentence about what is wrong with the base64 of a certificate, or undefined where it may be one. */
export function certificateProblem(text: string): string | undefined {
  const octets = fromBase64(text);
  return octets && shapeOf(octets) === 'certificate'
    ? undefined
    : 'this is no X.509 certificate; expected base64 of its DER, whole and without PEM lines';
}
