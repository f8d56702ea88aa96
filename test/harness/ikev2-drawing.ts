/** Messages of a pair as the RFC draws them: `I -> R: HDR, SK {IDi, AUTH, SAi2, TSi, TSr}`. */
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import type { KeyLogEntry } from '#core/ikev2/connection-types.ts';
import { Reassembly } from '#core/ikev2/fragments.ts';
import { decodeMessage } from '#core/ikev2/message.ts';
import type { Message, MessageProtection, Payload } from '#core/ikev2/payload-types.ts';
import { createProtection } from '#core/ikev2/protection.ts';
import { configTypes } from '#core/registry/config-attributes.ts';
import { exchangeTypes } from '#core/registry/exchange-types.ts';
import { notifyTypes } from '#core/registry/notify-types.ts';

export type Direction = 'I -> R' | 'R -> I';

/** In every IKE_SA_INIT; only in the way of what a test wants to show. */
const UNDRAWN = new Set([
  'N(NAT_DETECTION_SOURCE_IP)',
  'N(NAT_DETECTION_DESTINATION_IP)',
  'N(IKEV2_FRAGMENTATION_SUPPORTED)',
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
  readonly #keyLog: readonly KeyLogEntry[];
  readonly #incomplete = { 'I -> R': new Reassembly(), 'R -> I': new Reassembly() };
  #opening: Record<Direction, MessageProtection> | undefined;

  constructor(connection: Keyed, keyLog: readonly KeyLogEntry[]) {
    this.#connection = connection;
    this.#keyLog = keyLog;
  }

  /** Begins a new drawing, so that a test shows only what follows. */
  clear(): void {
    this.lines.length = 0;
    this.messages.length = 0;
  }

  add(direction: Direction, bytes: Uint8Array): void {
    const outside = decodeMessage(bytes);
    if (outside.outcome === 'sealed' && outside.fragment) return this.#addFragment(direction, bytes);
    const decoded = outside.outcome === 'sealed' ? this.#open(direction, bytes) : outside;
    if (decoded?.outcome !== 'ok') {
      this.lines.push(`${direction}: ${decoded === undefined ? 'HDR, SK {…}' : decoded.outcome}`);
      return;
    }
    this.messages.push({ direction, message: decoded.message, bytes });
    const content = namesOf(decoded.message);
    this.lines.push(`${direction}: HDR, ${decoded.protected ? `SK {${content}}` : content}`);
  }

  /** `SKF {1/3}`; the one that completes the message shows its content. */
  #addFragment(direction: Direction, bytes: Uint8Array): void {
    const opened = this.#protection(direction)?.openFragment(bytes);
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

  #open(direction: Direction, bytes: Uint8Array) {
    return this.#protection(direction)?.open(bytes);
  }

  #protection(direction: Direction): MessageProtection | undefined {
    this.#opening ??= this.#protections();
    return this.#opening?.[direction];
  }

  #protections(): Record<Direction, MessageProtection> | undefined {
    const suite = this.#connection.life.sa.suite;
    const fields = this.#keyLog.find(({ kind }) => kind === 'ike')?.fields;
    if (suite === undefined || fields === undefined) return undefined;
    const key = (name: string): Uint8Array => fields[name] as Uint8Array;
    return {
      'I -> R': createProtection(suite, { encryption: key('skEi'), integrity: key('skAi') }, never),
      'R -> I': createProtection(suite, { encryption: key('skEr'), integrity: key('skAr') }, never),
    };
  }
}

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
