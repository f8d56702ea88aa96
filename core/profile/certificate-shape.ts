/**
 * Whether octets have the shape of a certificate, a private key or a PKCS#12 file: what an importer can tell without
 * understanding them. What stands inside is read by pki/. Facts: RFC 5280 §4.1, RFC 5958 §2, RFC 7292 §4.
 */
import { fromBase64 } from '#core/bytes/base64.ts';
import { readTlv, TAG } from '#core/bytes/der.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';

/** Tags of the members of the one SEQUENCE that `octets` are, or undefined where they are anything else. */
function memberTags(octets: Uint8Array): number[] | undefined {
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

type Shape = keyof typeof SHAPES;

/** The first shape whose members `octets` begin with. PKCS#12 without a MAC looks like nothing else either. */
export function shapeOf(octets: Uint8Array): Shape | undefined {
  const tags = memberTags(octets);
  if (!tags) return undefined;
  if (tags.length === 2 && tags[0] === TAG.INTEGER && tags[1] === TAG.SEQUENCE) return 'pkcs12';
  return (Object.keys(SHAPES) as Shape[]).find(
    (name) => tags.length >= SHAPES[name].length && SHAPES[name].every((tag, i) => tag === tags[i]),
  );
}

/** What is wrong with the base64 of a certificate, or undefined where it may be one. */
export function certificateProblem(text: string): { problem: string; remedy: string } | undefined {
  const octets = fromBase64(text);
  return octets && shapeOf(octets) === 'certificate'
    ? undefined
    : {
        problem: 'this is no X.509 certificate',
        remedy: 'expected base64 of its DER, whole and without PEM lines',
      };
}

/** basicConstraints 2.5.29.19 with cA TRUE (RFC 5280 §4.2.1.9), as it stands in an Extension. */
const BASIC_CONSTRAINTS = [6, 3, 0x55, 0x1d, 0x13];
const BOOLEAN = 1;
const EXTENSIONS = 0xa3;

/**
 * Whether a certificate calls itself an authority: sorts the certificates of a bundle, and is no verification. False
 * for what cannot be read.
 */
export function isAuthority(certificate: Uint8Array): boolean {
  try {
    const tbs = new Reader(readTlv(new Reader(readTlv(new Reader(certificate), '').content), '').content);
    while (tbs.remaining > 0) {
      const { tag, content } = readTlv(tbs, 'certificate');
      if (tag !== EXTENSIONS) continue;
      const extensions = new Reader(readTlv(new Reader(content), 'extensions').content);
      while (extensions.remaining > 0) {
        const extension = readTlv(extensions, 'extension').content;
        if (BASIC_CONSTRAINTS.every((octet, i) => extension[i] === octet)) return constraintsSayCa(extension);
      }
    }
    return false;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

function constraintsSayCa(extension: Uint8Array): boolean {
  const members = new Reader(extension.subarray(BASIC_CONSTRAINTS.length));
  while (members.remaining > 0) {
    const { tag, content } = readTlv(members, 'extension');
    if (tag !== TAG.OCTET_STRING) continue;
    const constraints = new Reader(readTlv(new Reader(content), 'basicConstraints').content);
    if (constraints.remaining === 0) return false;
    const first = readTlv(constraints, 'cA');
    return first.tag === BOOLEAN && first.content[0] === 0xff;
  }
  return false;
}
