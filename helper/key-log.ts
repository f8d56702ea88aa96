/**
 * Writes the keys of every SA in Wireshark's own tables, so that a test can let tshark read a capture of ours. Only for
 * tests: main.ts asks for a directory that is root's alone, given by whoever starts the helper and by nobody else.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '#core/bytes/bytes.ts';
import type { KeyLogEntry } from '#core/ikev2/connection-types.ts';

type Fields = KeyLogEntry['fields'];

/** Returns the listener for the engine. `directory` exists and is private (startup/directories.ts). */
export function keyLogIn(directory: string): (entry: KeyLogEntry) => void {
  return ({ kind, fields }) => {
    // What a PPK changes is no key of a table.
    if (kind === 'ppk') return;
    const [table, lines] =
      kind === 'ike' ? ['ikev2_decryption_table', ikeLine(fields)] : ['esp_sa', espLines(fields)];
    appendFileSync(join(directory, table), lines, { mode: 0o600 });
  };
}

/** Wireshark's names of encryption algorithms: in its table of IKE keys, and in that of ESP keys. */
const CIPHERS: Readonly<Record<string, { readonly ike: (bits: string) => string; readonly esp: string }>> = {
  ENCR_3DES: { ike: () => '3DES [RFC2451]', esp: 'TripleDES-CBC [RFC2451]' },
  ENCR_AES_CBC: { ike: (bits) => `AES-CBC-${bits} [RFC3602]`, esp: 'AES-CBC [RFC3602]' },
  ENCR_AES_CTR: { ike: (bits) => `AES-CTR-${bits} [RFC5930]`, esp: 'AES-CTR [RFC3686]' },
  ENCR_AES_CCM_8: ccm(8),
  ENCR_AES_CCM_12: ccm(12),
  ENCR_AES_CCM_16: ccm(16),
  ENCR_AES_GCM_8: gcm(8),
  ENCR_AES_GCM_12: gcm(12),
  ENCR_AES_GCM_16: gcm(16),
  ENCR_NULL: { ike: () => 'NULL [RFC2410]', esp: 'NULL' },
};

function ccm(octets: number) {
  return {
    ike: (bits: string) => `AES-CCM-${bits} with ${octets} octet ICV [RFC5282]`,
    esp: `AES-CCM with ${octets} octet ICV [RFC4309]`,
  };
}

function gcm(octets: number) {
  return {
    ike: (bits: string) => `AES-GCM-${bits} with ${octets} octet ICV [RFC5282]`,
    esp: `AES-GCM with ${octets} octet ICV [RFC4106]`,
  };
}

const INTEGRITY: Readonly<Record<string, { readonly ike: string; readonly esp: string }>> = {
  NONE: { ike: 'NONE [RFC4306]', esp: 'NULL' },
  AUTH_HMAC_MD5_96: { ike: 'HMAC_MD5_96 [RFC2403]', esp: 'HMAC-MD5-96 [RFC2403]' },
  AUTH_HMAC_SHA1_96: { ike: 'HMAC_SHA1_96 [RFC2404]', esp: 'HMAC-SHA-1-96 [RFC2404]' },
  AUTH_HMAC_SHA2_256_128: { ike: 'HMAC_SHA2_256_128 [RFC4868]', esp: 'HMAC-SHA-256-128 [RFC4868]' },
  AUTH_HMAC_SHA2_384_192: { ike: 'HMAC_SHA2_384_192 [RFC4868]', esp: 'HMAC-SHA-384-192 [RFC4868]' },
  AUTH_HMAC_SHA2_512_256: { ike: 'HMAC_SHA2_512_256 [RFC4868]', esp: 'HMAC-SHA-512-256 [RFC4868]' },
};

/** For algorithms that Wireshark does not know: it skips the ICV by its length and does not check it. */
function integrityOf(fields: Fields): { readonly ike: string; readonly esp: string } {
  const bits = Number(fields.icvBytes) * 8;
  return (
    INTEGRITY[text(fields, 'integrity')] ?? {
      ike: `ANY ${bits}-bits of Authentication [No Checking]`,
      esp: `ANY ${bits} bit authentication [no checking]`,
    }
  );
}

/** `spiI,spiR,SK_ei,SK_er,"cipher",SK_ai,SK_ar,"integrity"`, hex without a prefix. */
function ikeLine(fields: Fields): string {
  const cipher = CIPHERS[text(fields, 'encryption')]?.ike(text(fields, 'encryptionKeyBits'));
  const hex = (name: string): string => toHex(octets(fields, name));
  const columns = [
    hex('spiI'),
    hex('spiR'),
    hex('skEi'),
    hex('skEr'),
    quoted(cipher ?? text(fields, 'encryption')),
    hex('skAi'),
    hex('skAr'),
    quoted(integrityOf(fields).ike),
  ];
  return `${columns.join(',')}\n`;
}

/** A row a direction: `"IPv4","source","destination","0xSPI","cipher","0xKEY","integrity","0xKEY"`; `*` is any address. */
function espLines(fields: Fields): string {
  const family = text(fields, 'remote').includes(':') ? 'IPv6' : 'IPv4';
  const cipher = CIPHERS[text(fields, 'encryption')]?.esp ?? text(fields, 'encryption');
  const row = (spi: string, encryption: string, integrity: string): string =>
    [
      family,
      '*',
      '*',
      `0x${Number(fields[spi]).toString(16).padStart(8, '0')}`,
      cipher,
      hexOrEmpty(octets(fields, encryption)),
      integrityOf(fields).esp,
      hexOrEmpty(octets(fields, integrity)),
    ]
      .map(quoted)
      .join(',');
  return `${row('spiIn', 'encryptionIn', 'integrityIn')}\n${row('spiOut', 'encryptionOut', 'integrityOut')}\n`;
}

const quoted = (value: string): string => `"${value}"`;

const hexOrEmpty = (key: Uint8Array): string => (key.length === 0 ? '' : `0x${toHex(key)}`);

const text = (fields: Fields, name: string): string => String(fields[name] ?? '');

function octets(fields: Fields, name: string): Uint8Array {
  const value = fields[name];
  if (!(value instanceof Uint8Array)) throw new TypeError(`the engine's key log lacks ${name}`);
  return value;
}
