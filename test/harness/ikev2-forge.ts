/**
 * A hand inside a pair of IKEv2 ends: rewrites messages on their way, seals messages that no engine would send, with the
 * real keys. Tests of everything an authentic but odd peer may do go through here.
 */
import { EMPTY, equal } from '#core/bytes/bytes.ts';
import type { KeyLogEntry } from '#core/ikev2/connection-types.ts';
import type { Ikev2Connection } from '#core/ikev2/connection.ts';
import { decodeMessage, encodeMessage } from '#core/ikev2/message.ts';
import type { IkeHeader, Message, MessageProtection, Payload } from '#core/ikev2/payload-types.ts';
import { createProtection } from '#core/ikev2/protection.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import type { Direction } from './ikev2-drawing.ts';
import { INITIATOR_ADDRESS, type Ikev2Pair, pathTo, RESPONDER_ADDRESS } from './ikev2-pair.ts';

export type Place = Pick<IkeHeader, 'exchange' | 'response' | 'messageId'>;

/** New payloads for a message, `'drop'`, or `undefined` to leave it alone. */
export type Rewrite = (message: Message, direction: Direction) => readonly Payload[] | 'drop' | undefined;

export const notifyPayload = (type: number, data: Uint8Array = EMPTY): Payload => ({
  kind: 'N',
  type,
  protocol: 0,
  spi: EMPTY,
  data,
});

/** Header fields that a forged message has otherwise; `clear` leaves it unprotected, `under` are older keys. */
type Change = Partial<IkeHeader> & {
  readonly clear?: boolean;
  readonly under?: MessageProtection | undefined;
};

/** A request of the responder's after the handshake, by default its first. */
export const askInitiator = (
  pair: Ikev2Pair,
  payloads: readonly Payload[],
  exchange: number = ExchangeType.INFORMATIONAL,
  messageId = 0,
): void => new Forge(pair).send('R -> I', { exchange, response: false, messageId }, payloads);

export class Forge {
  readonly #pair: Ikev2Pair;
  /** One object a direction and an entry of the key log. */
  readonly #protections = new Map<KeyLogEntry, Record<Direction, MessageProtection>>();

  constructor(pair: Ikev2Pair) {
    this.#pair = pair;
  }

  /** By all keys that the IKE SA of the header has had, the newest first; the responder has them first. */
  #protection(direction: Direction, { spiI, spiR }: Pick<IkeHeader, 'spiI' | 'spiR'>): MessageProtection[] {
    const { responder, keyLog } = this.#pair;
    const isOf = ({ kind, fields }: KeyLogEntry): boolean =>
      kind === 'ike' &&
      equal(fields['spiI'] as Uint8Array, spiI) &&
      equal(fields['spiR'] as Uint8Array, spiR);
    const entries = keyLog.responder.filter(isOf).reverse();
    return entries.map((entry) => {
      const known = this.#protections.get(entry) ?? protectionsOf(responder, entry, this.#pair);
      this.#protections.set(entry, known);
      return known[direction];
    });
  }

  open(direction: Direction, bytes: Uint8Array): Message | undefined {
    return this.#opened(direction, bytes)?.message;
  }

  /** With the keys that it came under, where it came under any. */
  #opened(
    direction: Direction,
    bytes: Uint8Array,
  ): { message: Message; under?: MessageProtection } | undefined {
    const outside = decodeMessage(bytes);
    if (outside.outcome !== 'sealed') return outside.outcome === 'ok' ? outside : undefined;
    for (const under of this.#protection(direction, outside.header)) {
      const decoded = under.open(bytes);
      if (decoded.outcome === 'ok') return { message: decoded.message, under };
    }
    return undefined;
  }

  /** The octets of any message between the two ends; sealed unless it is IKE_SA_INIT or `clear` says so. */
  make(direction: Direction, place: Place, payloads: readonly Payload[], change: Change = {}): Uint8Array {
    const { clear = place.exchange === ExchangeType.IKE_SA_INIT, under, ...header } = change;
    const own = this.#header(direction, place);
    const whole: IkeHeader = { ...own, ...header };
    if (clear) return encodeMessage(whole, payloads);
    return (under ?? this.#newest(direction, own)).seal(whole, payloads);
  }

  #newest(direction: Direction, header: IkeHeader): MessageProtection {
    const [newest] = this.#protection(direction, header);
    if (newest === undefined) throw new Error('nothing is keyed yet');
    return newest;
  }

  /** Sealed in datagrams of at most `maxBytes`. */
  makeWithin(
    direction: Direction,
    place: Place,
    payloads: readonly Payload[],
    maxBytes: number,
  ): Uint8Array[] {
    const header = this.#header(direction, place);
    return this.#newest(direction, header).sealWithin(header, payloads, maxBytes);
  }

  #header(direction: Direction, place: Place): IkeHeader {
    return {
      spiI: this.#pair.initiator.spiI,
      spiR: this.#pair.responder.spiR,
      majorVersion: 2,
      minorVersion: 0,
      fromInitiator: direction === 'I -> R',
      versionFlag: false,
      ...place,
    };
  }

  /** Puts octets into the hands of the receiver at once, and sends what follows from them. */
  deliver(direction: Direction, bytes: Uint8Array): void {
    const { initiator, responder, world } = this.#pair;
    const path = this.#pair.initiator.life.sa.path ?? pathTo(500);
    if (direction === 'I -> R') {
      const reverse = { local: path.remote, remote: { ...path.local, address: INITIATOR_ADDRESS } };
      responder.handleDatagram(world.now, bytes, reverse);
    } else {
      initiator.handleDatagram(world.now, bytes, path);
    }
    world.flush();
  }

  /** Makes a message and delivers it. */
  send(direction: Direction, place: Place, payloads: readonly Payload[], change: Change = {}): void {
    this.deliver(direction, this.make(direction, place, payloads, change));
  }

  /** Rewrites what passes over the link from now on; what is rewritten gets `header` as well. */
  rewrite(rewrite: Rewrite, header: Partial<IkeHeader> = {}): void {
    this.#pair.link.tamper = (flying) => {
      const { address } = flying.source;
      const party = this.#pair.world.aliases.get(address) ?? address;
      const direction: Direction = party === RESPONDER_ADDRESS ? 'R -> I' : 'I -> R';
      const opened = this.#opened(direction, flying.bytes);
      const payloads = opened && rewrite(opened.message, direction);
      if (opened === undefined || payloads === undefined) return [flying];
      if (payloads === 'drop') return [];
      const { message, under } = opened;
      const bytes = this.make(direction, message.header, payloads, { ...message.header, ...header, under });
      return [{ ...flying, bytes }];
    };
  }
}

function protectionsOf(
  connection: Ikev2Connection,
  { fields }: KeyLogEntry,
  pair: Ikev2Pair,
): Record<Direction, MessageProtection> {
  const { suite } = connection.life.sa;
  if (suite === undefined) throw new Error('nothing is keyed yet');
  const key = (name: string): Uint8Array => fields[name] as Uint8Array;
  return {
    'I -> R': createProtection(suite, { encryption: key('skEi'), integrity: key('skAi') }, pair.random.bytes),
    'R -> I': createProtection(suite, { encryption: key('skEr'), integrity: key('skAr') }, pair.random.bytes),
  };
}
