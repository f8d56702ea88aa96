/**
 * PKCS#12 files (RFC 7292): our certificate, its key and its chain, out of what a company hands to people. Used by the
 * importers and by the helper when it loads a profile's key.
 */
import { createHmac, createPrivateKey, timingSafeEqual, X509Certificate } from 'node:crypto';
import { ContentInfo, EncryptedContentInfo } from '@peculiar/asn1-cms';
import {
  AuthenticatedSafe,
  CertBag,
  PFX,
  PKCS8ShroudedKeyBag,
  type SafeBag,
  SafeContents,
} from '@peculiar/asn1-pfx';
import { AsnProp, AsnPropTypes, OctetString } from '@peculiar/asn1-schema';
import { concat } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { octets, parsed } from '#core/pki/certificate.ts';
import { printable } from '#core/text/printable.ts';
import { Budget, decryptPbe, encodings, LockedError, pkcs12Key, UnsupportedPbe } from './pbe.ts';

export interface Pkcs12 {
  /** DER: the certificate that belongs to the key. */
  readonly certificate: Uint8Array;
  /** DER: all others in the file. */
  readonly chain: readonly Uint8Array[];
  /** PrivateKeyInfo in DER, unlocked. */
  readonly privateKey: Uint8Array;
  readonly friendlyName?: string;
}

export type Pkcs12Problem = 'wrong-password' | 'damaged' | 'unsupported' | 'no-key' | 'no-certificate';

/** `message` is for people and holds nothing secret. */
export class Pkcs12Error extends Error {
  override readonly name = 'Pkcs12Error';
  readonly problem: Pkcs12Problem;
  constructor(problem: Pkcs12Problem, message: string) {
    super(message);
    this.problem = problem;
  }
}

const TYPE = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  keyBag: '1.2.840.113549.1.12.10.1.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  safeContents: '1.2.840.113549.1.12.10.1.6',
  x509: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
} as const;

const LONGEST = 1024 * 1024;
const MOST_BAGS = 64;

/** EncryptedData (RFC 5652 §8), which the library does not name. */
class EncryptedData {
  version = 0;
  encryptedContentInfo = new EncryptedContentInfo();
}
AsnProp({ type: AsnPropTypes.Integer })(EncryptedData.prototype, 'version');
AsnProp({ type: EncryptedContentInfo })(EncryptedData.prototype, 'encryptedContentInfo');

interface Opened {
  readonly certificates: Uint8Array[];
  readonly keys: Uint8Array[];
  readonly names: string[];
}

/** Rejects with Pkcs12Error. */
export async function readPkcs12(der: Uint8Array, password: string): Promise<Pkcs12> {
  try {
    return await open(der, password);
  } catch (error) {
    if (error instanceof DecodeError)
      throw new Pkcs12Error('damaged', `the PKCS#12 file is damaged: ${error.message}`);
    if (error instanceof LockedError)
      throw new Pkcs12Error(
        'wrong-password',
        'the password does not open the PKCS#12 file; type it again, or ask who gave you the file',
      );
    if (error instanceof UnsupportedPbe)
      throw new Pkcs12Error(
        'unsupported',
        `the PKCS#12 file uses ${error.message}, which Adit does not read`,
      );
    throw error;
  }
}

async function open(der: Uint8Array, password: string): Promise<Pkcs12> {
  if (der.length > LONGEST) throw new DecodeError('file', `is longer than ${LONGEST} octets`);
  const pfx = parsed(der, PFX, 'file');
  if (pfx.authSafe.contentType !== TYPE.data) throw new UnsupportedPbe('a public key in place of a password');
  const safe = octets(parsed(octets(pfx.authSafe.content), OctetString, 'content').buffer);
  const budget = new Budget();
  const sound = await isMacGood(pfx, safe, password, budget);
  const opened: Opened = { certificates: [], keys: [], names: [] };
  for (const content of parsed(safe, AuthenticatedSafe, 'content'))
    await readBags(await plain(content, password, budget), password, budget, opened, 0);
  // The password opens what it locks, and yet the seal is broken.
  if (!sound) throw new DecodeError('integrity', 'the content was changed after the file was made');
  return assemble(opened);
}

const MAC_HASHES: Readonly<Record<string, string | undefined>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const HASH_BYTES: Readonly<Record<string, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

/** True without a MAC, which RFC 7292 allows. */
async function isMacGood(
  { macData }: PFX,
  safe: Uint8Array,
  password: string,
  budget: Budget,
): Promise<boolean> {
  // The library's field is required; a file without leaves it empty.
  const oid = macData?.mac?.digestAlgorithm?.algorithm;
  if (oid === undefined || oid === '') return true;
  const hash = MAC_HASHES[oid];
  if (hash === undefined) throw new UnsupportedPbe(`the seal ${oid}`);
  const expected = octets(macData.mac.digest.buffer);
  const salt = octets(macData.macSalt.buffer);
  for (const encoded of encodings(password)) {
    const rounds = budget.spend(macData.iterations ?? 1);
    const key = await pkcs12Key(hash, encoded, salt, rounds, 3, HASH_BYTES[hash] ?? 0);
    const mac = createHmac(hash, key).update(safe).digest();
    if (mac.length === expected.length && timingSafeEqual(mac, expected)) return true;
  }
  return false;
}

async function plain(content: ContentInfo, password: string, budget: Budget): Promise<Uint8Array> {
  if (content.contentType === TYPE.data)
    return octets(parsed(octets(content.content), OctetString, 'content').buffer);
  if (content.contentType !== TYPE.encryptedData)
    throw new UnsupportedPbe(`content of type ${content.contentType}`);
  const { encryptedContentInfo } = parsed(octets(content.content), EncryptedData, 'encrypted content');
  const { encryptedContent, contentEncryptionAlgorithm } = encryptedContentInfo;
  const parts =
    encryptedContent?.constructedValue ?? (encryptedContent?.value ? [encryptedContent.value] : []);
  const data = concat(...parts.map((part) => octets(part.buffer)));
  return decryptPbe(contentEncryptionAlgorithm, password, data, budget);
}

async function readBags(
  der: Uint8Array,
  password: string,
  budget: Budget,
  opened: Opened,
  depth: number,
): Promise<void> {
  if (depth > 2) throw new DecodeError('bags', 'stand in each other too deep');
  for (const bag of readSafe(der)) {
    if (opened.certificates.length + opened.keys.length >= MOST_BAGS)
      throw new DecodeError('bags', `are more than ${MOST_BAGS}`);
    const value = octets(bag.bagValue);
    if (bag.bagId === TYPE.keyBag) opened.keys.push(value);
    else if (bag.bagId === TYPE.shroudedKeyBag) opened.keys.push(await unlock(value, password, budget));
    else if (bag.bagId === TYPE.safeContents) await readBags(value, password, budget, opened, depth + 1);
    else if (bag.bagId === TYPE.certBag) {
      const { certId, certValue } = parsed(value, CertBag, 'certificate bag');
      if (certId === TYPE.x509)
        opened.certificates.push(octets(parsed(octets(certValue), OctetString, 'certificate').buffer));
    }
    const name = friendlyName(bag);
    if (name !== undefined) opened.names.push(name);
  }
}

/** What was decrypted with a wrong password can have good padding by chance, and then is no list of bags. */
function readSafe(der: Uint8Array): SafeContents {
  try {
    return parsed(der, SafeContents, 'bags');
  } catch (error) {
    if (error instanceof DecodeError) throw new LockedError(error.message);
    throw error;
  }
}

async function unlock(der: Uint8Array, password: string, budget: Budget): Promise<Uint8Array> {
  const { encryptionAlgorithm, encryptedData } = parsed(der, PKCS8ShroudedKeyBag, 'key bag');
  return decryptPbe(encryptionAlgorithm, password, octets(encryptedData.buffer), budget);
}

function friendlyName({ bagAttributes }: SafeBag): string | undefined {
  const value = bagAttributes?.find(({ attrId }) => attrId === TYPE.friendlyName)?.attrValues[0];
  if (!value) return undefined;
  // BMPString: tag, length in one octet (names are short), UTF-16 in network byte order.
  const [tag, length = 0, ...text] = octets(value);
  if (tag !== 30 || length > 0x7f || length !== text.length || length % 2 !== 0) return undefined;
  return printable(Buffer.from(text).swap16().toString('utf16le'));
}

function assemble({ certificates, keys, names }: Opened): Pkcs12 {
  const [privateKey] = keys;
  if (!privateKey)
    throw new Pkcs12Error('no-key', 'the PKCS#12 file holds no private key; export it with its key');
  const own = certificates.find((certificate) => belongs(certificate, privateKey));
  if (!own)
    throw new Pkcs12Error('no-certificate', 'the PKCS#12 file holds no certificate for its private key');
  return {
    certificate: own,
    chain: certificates.filter((certificate) => certificate !== own),
    privateKey,
    ...(names[0] === undefined ? {} : { friendlyName: names[0] }),
  };
}

function belongs(certificate: Uint8Array, privateKey: Uint8Array): boolean {
  try {
    const key = createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' });
    return new X509Certificate(certificate).checkPrivateKey(key);
  } catch {
    return false;
  }
}
