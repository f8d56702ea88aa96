/**
 * The captures of vectors/gold: messages decrypted by their Wireshark table, and what the client logged of its
 * secrets. A folder holds capture.pcap, ikev2_decryption_table, esp_sa and scenario.json.
 */
import { readFileSync } from 'node:fs';
import { concat, EMPTY, fromHex, toHex } from '#core/bytes/bytes.ts';
import { encryptionRow } from '#core/crypto/encryption.ts';
import { integrityRow } from '#core/crypto/integrity.ts';
import type { EncryptionRow, IkeSuite, IntegrityRow } from '#core/crypto/interfaces.ts';
import { Reassembly } from '#core/ikev2/fragments.ts';
import { decodeMessage } from '#core/ikev2/message.ts';
import type {
  IkeHeader,
  Message,
  MessageProtection,
  PayloadKind,
  PayloadOf,
} from '#core/ikev2/payload-types.ts';
import { createProtection } from '#core/ikev2/protection.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { integrityAlgorithms } from '#core/registry/integrity-algorithms.ts';
import { readIke } from './pcap.ts';

export const GOLD = '/work/shared/vectors/gold';

export const must = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
};

/** A message as it went over the wire and as decoded. */
export interface Seen {
  readonly bytes: Uint8Array;
  readonly message: Message;
  /** What stood inside SK, with its padding; put together from fragments, with none but its length; absent in the clear. */
  readonly plaintext?: Uint8Array;
}

export interface Capture {
  readonly messages: readonly Seen[];
  /** Datagrams with an SKF payload. */
  readonly fragments: number;
}

export const payloadOf = <K extends PayloadKind>(
  message: Message | undefined,
  kind: K,
): PayloadOf<K> | undefined =>
  message?.payloads.find((payload): payload is PayloadOf<K> => payload.kind === kind);

// --- the table ---

const ENCRYPTION: Readonly<Record<string, EncryptionRow | undefined>> = {
  'AES-CBC-128 [RFC3602]': encryptionRow(encryptionAlgorithms.byName.ENCR_AES_CBC, 128),
  'AES-CBC-256 [RFC3602]': encryptionRow(encryptionAlgorithms.byName.ENCR_AES_CBC, 256),
  'AES-GCM-256 with 16 octet ICV [RFC5282]': encryptionRow(encryptionAlgorithms.byName.ENCR_AES_GCM_16, 256),
};
const INTEGRITY: Readonly<Record<string, IntegrityRow | undefined>> = {
  'HMAC_SHA1_96 [RFC2404]': integrityRow(integrityAlgorithms.byName.AUTH_HMAC_SHA1_96),
  'HMAC_SHA2_256_128 [RFC4868]': integrityRow(integrityAlgorithms.byName.AUTH_HMAC_SHA2_256_128),
};

/** One line of Wireshark's ikev2_decryption_table: an SPI pair, both directions' keys, both algorithms. */
export interface TableRow {
  readonly spis: string;
  readonly encryption: EncryptionRow;
  readonly integrity?: IntegrityRow;
  readonly fromInitiator: { readonly encryption: Uint8Array; readonly integrity: Uint8Array };
  readonly fromResponder: { readonly encryption: Uint8Array; readonly integrity: Uint8Array };
}

const fieldsOf = (line: string): string[] => line.split(',').map((field) => field.replaceAll('"', '').trim());

function tableRow(line: string): TableRow {
  const [spiI = '', spiR = '', ei = '', er = '', encr = '', ai = '', ar = '', integ = ''] = fieldsOf(line);
  const integrity = INTEGRITY[integ];
  return {
    spis: spiI + spiR,
    encryption: must(ENCRYPTION[encr], encr),
    ...(integrity ? { integrity } : {}),
    fromInitiator: { encryption: fromHex(ei), integrity: fromHex(ai) },
    fromResponder: { encryption: fromHex(er), integrity: fromHex(ar) },
  };
}

const noRandom = (): Uint8Array => {
  throw new Error('opening needs no random octets');
};

/** What SK holds, by the cipher alone. */
function plaintextOf(
  { encryption, integrity, ...keys }: TableRow,
  header: IkeHeader,
  bytes: Uint8Array,
): Uint8Array {
  const iv = bytes.subarray(32, 32 + encryption.ivBytes);
  const sealed = bytes.subarray(32 + encryption.ivBytes, bytes.length - (integrity?.icvBytes ?? 0));
  const key = header.fromInitiator ? keys.fromInitiator : keys.fromResponder;
  return must(encryption.bind(key.encryption).decrypt(iv, sealed, bytes.subarray(0, 32)), 'plaintext');
}

/** One for each row of the SPI pair: with IKE_INTERMEDIATE there is more than one. */
function protectionsFor(
  rows: readonly TableRow[],
  header: IkeHeader,
): { readonly row: TableRow; readonly protection: MessageProtection }[] {
  const mine = rows.filter(({ spis }) => spis === toHex(concat(header.spiI, header.spiR)));
  return mine.map((row) => {
    const { encryption, integrity } = row;
    // PRF and key exchange have no part in protection.
    const suite = { encryption, ...(integrity ? { integrity } : {}) } as IkeSuite;
    const keys = header.fromInitiator ? row.fromInitiator : row.fromResponder;
    return { row, protection: createProtection(suite, keys, noRandom) };
  });
}

/** Opens one message by the rows of its SPI pair. */
export function openWith(rows: readonly TableRow[], header: IkeHeader, bytes: Uint8Array): Seen {
  for (const { row, protection } of protectionsFor(rows, header)) {
    const decoded = protection.open(bytes);
    if (decoded.outcome === 'ok') {
      return { bytes, message: decoded.message, plaintext: plaintextOf(row, header, bytes) };
    }
    if (decoded.outcome !== 'unprotected-error') throw new Error(JSON.stringify(decoded));
  }
  throw new Error(`no key opens message ${header.messageId} of ${toHex(header.spiI)}`);
}

/** Throws unless every message decodes, everything sealed opens and no fragment is left over. */
export function readCapture(name: string): Capture {
  const rows = readFileSync(`${GOLD}/${name}/ikev2_decryption_table`, 'utf8')
    .trim()
    .split('\n')
    .map(tableRow);
  const messages: Seen[] = [];
  const incomplete = new Incomplete();
  let fragments = 0;
  for (const { payload: bytes } of readIke(readFileSync(`${GOLD}/${name}/capture.pcap`))) {
    const decoded = decodeMessage(bytes);
    if (decoded.outcome === 'ok') messages.push({ bytes, message: decoded.message });
    else if (decoded.outcome !== 'sealed') throw new Error(`${name}: ${JSON.stringify(decoded)}`);
    else if (decoded.fragment) {
      fragments++;
      messages.push(...incomplete.take(rows, decoded.header, bytes));
    } else messages.push(openWith(rows, decoded.header, bytes));
  }
  if (incomplete.pending > 0) throw new Error(`${name}: a fragment is missing`);
  return { messages, fragments };
}

/** The fragments of a capture by direction, as the engine puts them together. */
class Incomplete {
  readonly #byDirection = new Map<string, { readonly reassembly: Reassembly; contents: Uint8Array[] }>();

  get pending(): number {
    return [...this.#byDirection.values()].filter(({ contents }) => contents.length > 0).length;
  }

  /** The message, when this was the last fragment of it. */
  take(rows: readonly TableRow[], header: IkeHeader, bytes: Uint8Array): Seen[] {
    const opened = protectionsFor(rows, header)
      .map(({ protection }) => protection.openFragment(bytes))
      .find(({ outcome }) => outcome === 'fragment');
    if (opened?.outcome !== 'fragment') throw new Error(`no key opens a fragment of ${header.messageId}`);
    const key = `${toHex(header.spiI)} ${header.response}`;
    const state = this.#byDirection.get(key) ?? { reassembly: new Reassembly(), contents: [] };
    this.#byDirection.set(key, state);
    // The client saw them in order, and none twice.
    state.contents.push(opened.fragment.content);
    const whole = state.reassembly.take(header, opened.fragment, bytes)?.decoded;
    if (whole === undefined) return [];
    if (whole.outcome !== 'ok') throw new Error(JSON.stringify(whole));
    const plaintext = concat(...state.contents, Uint8Array.of(0));
    state.contents = [];
    return [{ bytes, message: whole.message, plaintext }];
  }
}

// --- ESP keys ---

interface EspKeys {
  readonly encryption: string;
  readonly integrity: string;
}

/** Wireshark's esp_sa: the keys of each Child SA by its SPI, in hex. */
export function readEspKeys(name: string): ReadonlyMap<string, EspKeys> {
  const lines = readFileSync(`${GOLD}/${name}/esp_sa`, 'utf8').trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [, , , spi = '', , encryption = '', , integrity = ''] = fieldsOf(line);
      return [spi.slice(2), { encryption: encryption.slice(2), integrity: integrity.slice(2) }];
    }),
  );
}

// --- the client's log ---

/** The values of one key derivation as the client logged them. */
export type Derivation = Readonly<Record<string, Uint8Array>>;

interface SecretLog {
  /** In order: IKE_SA_INIT, then each IKE_INTERMEDIATE and each rekeying of the IKE SA. */
  readonly derivations: readonly Derivation[];
  /** Everything logged under one name, in order. */
  all(what: string): Uint8Array[];
}

export function readSecretLog(name: string): SecretLog {
  const scenario = JSON.parse(readFileSync(`${GOLD}/${name}/scenario.json`, 'utf8')) as {
    readonly client_secret_log: readonly { readonly what?: string; readonly hex?: string }[];
  };
  const entries = scenario.client_secret_log.filter((entry) => entry.what !== undefined);
  const derivations: Record<string, Uint8Array>[] = [];
  for (const { what = '', hex = '' } of entries) {
    if (what === 'key exchange secret') derivations.push({});
    const current = derivations.at(-1);
    if (current && !(what in current)) current[what] = hex === '' ? EMPTY : fromHex(hex);
  }
  return {
    derivations,
    all: (what) => entries.filter((entry) => entry.what === what).map((entry) => fromHex(entry.hex ?? '')),
  };
}
