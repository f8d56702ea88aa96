/**
 * PEM (RFC 7468) and DER files beside a profile: certificates and private keys, told apart by label or structure. Keys
 * of the old forms are wrapped as PKCS#8; old encryption (RFC 1421 headers) is refused with the way out. Nothing is
 * decrypted. Called by import.ts.
 */
import { fromBase64, toBase64 } from '#core/bytes/base64.ts';
import { concat } from '#core/bytes/bytes.ts';
import { readTlv, TAG, writeTlv } from '#core/bytes/der.ts';
import { DecodeError, Reader } from '#core/bytes/reader.ts';
import { shapeOf } from '#core/profile/certificate-shape.ts';
import type { Companion } from '#core/profile/companions.ts';
import { ImportError } from '#core/profile/profile.ts';
import { printable } from '#core/text/printable.ts';

/** Blocks in one file; a bundle of a system's authorities has a few hundred and belongs elsewhere. */
const MAX_BLOCKS = 64;

export const looksLikePem = (text: string): boolean => /^-----BEGIN [A-Z0-9 ]+-----/m.test(text);

/** What `text` holds. Throws ImportError for a block that is cut off, or that Adit cannot use. */
export function readPem(name: string, text: string): Companion {
  const certificates: string[] = [];
  const keys: string[] = [];
  let pkcs12: string | undefined;
  for (const { label, body } of blocks(name, text)) {
    if (label === 'PUBLIC KEY' || label === 'EC PARAMETERS' || label === 'CERTIFICATE REQUEST') continue;
    const octets = octetsOf(name, label, body);
    const found = readDer(name, octets, label);
    certificates.push(...found.certificates);
    keys.push(...found.keys);
    pkcs12 ??= found.pkcs12;
  }
  return { name, certificates, keys, ...(pkcs12 === undefined ? {} : { pkcs12 }) };
}

/** What `octets` are, by their structure. Throws ImportError where that is nothing known. */
export function readDer(name: string, octets: Uint8Array, label?: string): Companion {
  const text = toBase64(octets);
  const place = label === undefined ? name : `${name}: ${printable(label, 40)}`;
  switch (shapeOf(octets)) {
    case 'certificate':
      return { name, certificates: [text], keys: [] };
    case 'privateKey':
    case 'encryptedPrivateKey':
      return { name, certificates: [], keys: [text] };
    case 'rsaPrivateKey':
      return { name, certificates: [], keys: [toBase64(rsaToPkcs8(octets))] };
    case 'ecPrivateKey':
      return { name, certificates: [], keys: [toBase64(ecToPkcs8(place, octets))] };
    case 'pkcs12':
      return { name, certificates: [], keys: [], pkcs12: text };
    default:
      throw new ImportError(
        `${place}: this is neither a certificate, nor a private key, nor PKCS#12, or only a part of it`,
      );
  }
}

function blocks(name: string, text: string): { readonly label: string; readonly body: string }[] {
  const found: { label: string; body: string }[] = [];
  const begin = /-----BEGIN ([A-Z0-9 ]+)-----/g;
  for (let match = begin.exec(text); match; match = begin.exec(text)) {
    const label = match[1] ?? '';
    const end = text.indexOf(`-----END ${label}-----`, begin.lastIndex);
    if (end < 0) throw new ImportError(`${name}: the PEM block "${printable(label, 40)}" has no end`);
    found.push({ label, body: text.slice(begin.lastIndex, end) });
    if (found.length > MAX_BLOCKS) throw new ImportError(`${name}: more than ${MAX_BLOCKS} PEM blocks`);
    begin.lastIndex = end;
  }
  return found;
}

function octetsOf(name: string, label: string, body: string): Uint8Array {
  if (/^Proc-Type:.*ENCRYPTED/m.test(body)) {
    throw new ImportError(
      `${name}: this private key is encrypted in an old way; write it anew as PKCS#8: openssl pkcs8 -topk8 -in ${printable(name, 80)}`,
    );
  }
  const octets = fromBase64(body.replace(/\s+/g, ''));
  if (!octets) throw new ImportError(`${name}: the PEM block "${printable(label, 40)}" is no base64`);
  return octets;
}

const VERSION_0 = Uint8Array.of(TAG.INTEGER, 1, 0);
/** rsaEncryption 1.2.840.113549.1.1.1 (RFC 8017 §A.1), id-ecPublicKey 1.2.840.10045.2.1 (RFC 5480 §2.1.1). */
const RSA_ENCRYPTION = Uint8Array.of(6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1);
const EC_PUBLIC_KEY = Uint8Array.of(6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1);
const NULL = Uint8Array.of(TAG.NULL, 0);

const pkcs8 = (algorithm: Uint8Array, parameters: Uint8Array, key: Uint8Array): Uint8Array =>
  writeTlv(
    TAG.SEQUENCE,
    concat(VERSION_0, writeTlv(TAG.SEQUENCE, concat(algorithm, parameters)), writeTlv(TAG.OCTET_STRING, key)),
  );

const rsaToPkcs8 = (key: Uint8Array): Uint8Array => pkcs8(RSA_ENCRYPTION, NULL, key);

/** RFC 5915 §3: the curve stands in [0], which PKCS#8 wants beside the algorithm. */
function ecToPkcs8(place: string, key: Uint8Array): Uint8Array {
  try {
    const members = new Reader(readTlv(new Reader(key), 'key').content);
    while (members.remaining > 0) {
      const { tag, content } = readTlv(members, 'key');
      if (tag === TAG.CONTEXT_0) return pkcs8(EC_PUBLIC_KEY, content, key);
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  throw new ImportError(`${place}: this EC key does not name its curve; write it anew as PKCS#8`);
}
