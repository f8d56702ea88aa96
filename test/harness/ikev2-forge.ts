/**
 * A hand inside a pair of IKEv2 ends: rewrites messages on their way, seals messages that no engine would send, with the
 * real keys. Tests of everything an authentic but odd peer may do go through here.
 */
import { EMPTY } from '#core/bytes/bytes.ts';
import type { KeyLogEntry } from '#core/ikev2/connection-types.ts';
import type { Ikev2Connection } from '#core/ikev2/connection.ts';
import { decodeMessage, encodeMessage } from '#core/ikev2/message.ts';
import type { Decoded, IkeHeader, Message, MessageProtection, Payload } from '#core/ikev2/payload-types.ts';
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

/** Header fields that a forged message has otherwise; `clear` leaves it unprotected. */
type Change = Partial<IkeHeader> & { readonly clear?: boolean };

/** A request of the responder's after the handshake, by default its first. */
export const askInitiator = (
  pair: Ikev2Pair,
  payloads: readonly Payload[],
  exchange: number = ExchangeType.INFORMATIONAL,
  messageId = 0,
): void => new Forge(pair).send('R -> I', { exchange, response: false, messageId }, payloads);

export class Forge {
  readonly #pair: Ikev2Pair;
  #protections: Record<Direction, MessageProtection> | undefined;

  constructor(pair: Ikev2Pair) {
    this.#pair = pair;
  }

  /** One object a direction, made when keys exist; the responder has them first. */
  #protection(direction: Direction): MessageProtection {
    this.#protections ??= protectionsOf(this.#pair.responder, this.#pair.keyLog.responder, this.#pair);
    return this.#protections[direction];
  }

  open(direction: Direction, bytes: Uint8Array): Message | undefined {
    const outside = decodeMessage(bytes);
    const decoded: Decoded = outside.outcome === 'sealed' ? this.#protection(direction).open(bytes) : outside;
    return decoded.outcome === 'ok' ? decoded.message : undefined;
  }

  /** The octets of any message between the two ends; sealed unless it is IKE_SA_INIT or `clear` says so. */
  make(direction: Direction, place: Place, payloads: readonly Payload[], change: Change = {}): Uint8Array {
    const { clear = place.exchange === ExchangeType.IKE_SA_INIT, ...header } = change;
    const whole: IkeHeader = { ...this.#header(direction, place), ...header };
    return clear ? encodeMessage(whole, payloads) : this.#protection(direction).seal(whole, payloads);
  }

  /** Sealed in datagrams of at most `maxBytes`. */
  makeWithin(
    direction: Direction,
    place: Place,
    payloads: readonly Payload[],
    maxBytes: number,
  ): Uint8Array[] {
    return this.#protection(direction).sealWithin(this.#header(direction, place), payloads, maxBytes);
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

  /** Rewrites what passes over the link from now on. */
  rewrite(rewrite: Rewrite): void {
    this.#pair.link.tamper = (flying) => {
      const { address } = flying.source;
      const party = this.#pair.world.aliases.get(address) ?? address;
      const direction: Direction = party === RESPONDER_ADDRESS ? 'R -> I' : 'I -> R';
      const message = this.open(direction, flying.bytes);
      const payloads = message && rewrite(message, direction);
      if (message === undefined || payloads === undefined) return [flying];
      if (payloads === 'drop') return [];
      const { exchange, response, messageId, spiR } = message.header;
      const bytes = this.make(direction, { exchange, response, messageId }, payloads, { spiR });
      return [{ ...flying, bytes }];
    };
  }
}

function protectionsOf(
  connection: Ikev2Connection,
  keyLog: readonly KeyLogEntry[],
  pair: Ikev2Pair,
): Record<Direction, MessageProtection> {
  const suite = connection.life.sa.suite;
  const fields = keyLog.find(({ kind }) => kind === 'ike')?.fields;
  if (suite === undefined || fields === undefined) throw new Error('nothing is keyed yet');
  const key = (name: string): Uint8Array => fields[name] as Uint8Array;
  return {
    'I -> R': createProtection(suite, { encryption: key('skEi'), integrity: key('skAi') }, pair.random.bytes),
    'R -> I': createProtection(suite, { encryption: key('skEr'), integrity: key('skAr') }, pair.random.bytes),
  };
}
