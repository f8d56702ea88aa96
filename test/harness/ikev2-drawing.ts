/**
 * Messages of a pair as the RFC draws them: `I -> R: HDR, SK {IDi, AUTH, SAi2, TSi, TSr}`. HDR' and HDR'' are headers of the
 * second and third IKE SA that the initiator knew.
 */
import { equal, toHex } from '#core/bytes/bytes.ts';
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import type { KeyLogEntry } from '#core/ikev2/connection-types.ts';
import { Reassembly } from '#core/ikev2/fragments.ts';
import { decodeMessage, peekHeader } from '#core/ikev2/message.ts';
import type { Decoded, Message, MessageProtection, Payload } from '#core/ikev2/payload-types.ts';
import { createProtection } from '#core/ikev2/protection.ts';
import { configTypes } from '#core/registry/config-attributes.ts';
import { exchangeTypes } from '#core/registry/exchange-types.ts';
import { notifyTypes } from '#core/registry/notify-types.ts';

export type Direction = 'I -> R' | 'R -> I';

/** In every IKE_SA_INIT or IKE_AUTH; only in the way of what a test wants to show. */
const UNDRAWN = new Set([
  'N(NAT_DETECTION_SOURCE_IP)',
  'N(NAT_DETECTION_DESTINATION_IP)',
  'N(IKEV2_FRAGMENTATION_SUPPORTED)',
  'N(MOBIKE_SUPPORTED)',
]);

/** Opening needs no randomness. */
const never = (): never => {
  throw new Error('a drawing does not seal');
};

interface Keyed {
  readonly life: { readonly sa: { readonly suite: IkeSuite | undefined } };
}

export class Drawing {
  readonly lines: string[] = [];
  /** What was drawn, opened. */
  readonly messages: {
    readonly direction: Direction;
    readonly message: Message;
    readonly bytes: Uint8Array;
  }[] = [];
  readonly #connection: Keyed;
  readonly #keyLogs: readonly (readonly KeyLogEntry[])[];
  readonly #incomplete = { 'I -> R': new Reassembly(), 'R -> I': new Reassembly() };
  /** By the entry of a key log, and by who speaks. */
  readonly #opening = new Map<string, MessageProtection>();

  /** The key logs of both ends: for a moment after a rekeying only one of them has the keys. */
  constructor(connection: Keyed, ...keyLogs: readonly (readonly KeyLogEntry[])[]) {
    this.#connection = connection;
    this.#keyLogs = keyLogs;
  }

  /** Begins a new drawing, so that a test shows only what follows. */
  clear(): void {
    this.lines.length = 0;
    this.messages.length = 0;
  }

  add(direction: Direction, bytes: Uint8Array): void {
    const outside = decodeMessage(bytes);
    if (outside.outcome === 'sealed' && outside.fragment) return this.#addFragment(direction, bytes);
    const decoded = outside.outcome === 'sealed' ? this.#open(bytes) : outside;
    if (decoded?.outcome !== 'ok') {
      this.lines.push(
        `${direction}: ${decoded === undefined ? `${this.#hdr(bytes)}, SK {…}` : decoded.outcome}`,
      );
      return;
    }
    this.messages.push({ direction, message: decoded.message, bytes });
    const content = namesOf(decoded.message);
    this.lines.push(`${direction}: ${this.#hdr(bytes)}, ${decoded.protected ? `SK {${content}}` : content}`);
  }

  /** `SKF {1/3}`; the one that completes the message shows its content. */
  #addFragment(direction: Direction, bytes: Uint8Array): void {
    const opened = this.#protections(bytes)
      .map((protection) => protection.openFragment(bytes))
      .find(({ outcome }) => outcome === 'fragment');
    if (opened?.outcome !== 'fragment') {
      this.lines.push(`${direction}: HDR, SKF {…}`);
      return;
    }
    const { header, fragment } = opened;
    const whole = this.#incomplete[direction].take(header, fragment, bytes)?.decoded;
    const place = `${fragment.number}/${fragment.total}`;
    if (whole?.outcome === 'ok') this.messages.push({ direction, message: whole.message, bytes });
    const content = whole?.outcome === 'ok' ? `: ${namesOf(whole.message)}` : '';
    this.lines.push(`${direction}: HDR, SKF {${place}${content}}`);
  }

  /** By the first keys that fit; what none of them opens is as the last ones find it. */
  #open(bytes: Uint8Array): Decoded | undefined {
    const decoded = this.#protections(bytes).map((protection) => protection.open(bytes));
    return decoded.find(({ outcome }) => outcome !== 'unprotected-error') ?? decoded.at(-1);
  }

  /** The keys of whichever IKE SA a datagram belongs to: rekeying makes another one, IKE_INTERMEDIATE other keys. */
  #protections(bytes: Uint8Array): MessageProtection[] {
    const header = peekHeader(bytes);
    const suite = this.#connection.life.sa.suite;
    if (header === undefined || suite === undefined) return [];
    const { spiI, spiR, fromInitiator } = header;
    const entries = this.#keyLogs.flatMap((log) => log.filter(isOf(spiI, spiR)));
    return entries.map(({ fields }) => this.#protection(suite, fields, fromInitiator));
  }

  #protection(suite: IkeSuite, fields: KeyLogEntry['fields'], fromInitiator: boolean): MessageProtection {
    const key = (field: string): Uint8Array => fields[field] as Uint8Array;
    const name = `${toHex(key('skD'))} ${fromInitiator}`;
    const known = this.#opening.get(name);
    if (known !== undefined) return known;
    const keys = fromInitiator
      ? { encryption: key('skEi'), integrity: key('skAi') }
      : { encryption: key('skEr'), integrity: key('skAr') };
    const protection = createProtection(suite, keys, never);
    this.#opening.set(name, protection);
    return protection;
  }

  #hdr(bytes: Uint8Array): string {
    const header = peekHeader(bytes);
    const log = (this.#keyLogs[0] ?? []).filter(({ kind }) => kind === 'ike');
    const known = [...new Map(log.map((entry) => [spisOf(entry), entry])).values()];
    const at = header === undefined ? -1 : known.findIndex(isOf(header.spiI, header.spiR));
    return `HDR${"'".repeat(Math.max(0, at))}`;
  }
}

const spisOf = ({ fields }: KeyLogEntry): string =>
  `${toHex(fields['spiI'] as Uint8Array)} ${toHex(fields['spiR'] as Uint8Array)}`;

const isOf =
  (spiI: Uint8Array, spiR: Uint8Array) =>
  ({ kind, fields }: KeyLogEntry): boolean =>
    kind === 'ike' && equal(fields['spiI'] as Uint8Array, spiI) && equal(fields['spiR'] as Uint8Array, spiR);

const namesOf = (message: Message): string =>
  message.payloads
    .map((payload) => nameOf(payload, message))
    .filter((name) => !UNDRAWN.has(name))
    .join(', ');

function nameOf(payload: Payload, { header }: Message): string {
  const first = exchangeTypes.nameOf(header.exchange) === 'IKE_SA_INIT';
  const end = header.response ? 'r' : 'i';
  switch (payload.kind) {
    case 'SA':
      return `SA${end}${first ? 1 : 2}`;
    case 'KE':
      return `KE${end}`;
    case 'NONCE':
      return `N${end}`;
    case 'N':
      return `N(${notifyTypes.nameOf(payload.type)})`;
    case 'CP':
      return `CP(${configTypes.nameOf(payload.type)})`;
    default:
      return payload.kind;
  }
}
