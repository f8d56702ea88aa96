/**
 * A Child SA as the packets see it: both directions with keys, window, selectors, limits and counters (RFC 4303 §3).
 * The fake data plane carries packets with it, and the tests compare the native one to it octet by octet;
 * helper/native/src/sa.cc is its twin.
 */
import type { RandomBytes } from '#core/bytes/bytes.ts';
import { matchesPacket, type TrafficSelector } from '#core/ike/traffic-selector.ts';
import type { ChildSa } from './child-sa.ts';
import { type InnerPacket, NEXT_HEADER, parseInner } from './inner.ts';
import { ESP_HEADER_BYTES, EspTransform } from './packet.ts';
import { ReplayWindow } from './replay.ts';
import type { SaCounters } from './sa-counters.ts';

/** Which of its limits ended an SA. */
export type Expiry = 'sequence' | 'bytes' | 'packets' | 'time';

/** `selector`: the SA does not carry such packets; `malformed`: not one whole IP packet; `expired`: a limit was met. */
type OutboundResult =
  | { readonly reason: 'ok'; readonly packet: Uint8Array }
  | { readonly reason: 'selector' | 'malformed' | 'expired' };

/** `ok` carries the inner packet; each other reason has its counter in SaCounters. */
type InboundResult =
  | { readonly reason: 'ok'; readonly packet: Uint8Array }
  | { readonly reason: 'replay' | 'auth' | 'selector' | 'malformed' | 'dummy' | 'expired' };

/** What both twins do with packets: EspSa here, openEspCodec of the native addon. */
export interface EspCodec {
  /** Wraps an inner packet. `iv` replaces the random IV of CBC; tests only. */
  outbound(packet: Uint8Array, iv?: Uint8Array): OutboundResult;
  /** Unwraps ESP, from the SPI on, that carries this SA's spiIn. Throws RangeError below 8 octets. */
  inbound(esp: Uint8Array): InboundResult;
  counters(): SaCounters;
  /** Its lifetime is over: whoever has a clock says so. */
  endLife(): void;
  /** Continues after these sequence numbers: the last one sent, the highest one received. Tests only. */
  startAfter(sent: bigint, received: bigint): void;
}

const LAST_SEQUENCE = { esn: (1n << 64n) - 1n, short: (1n << 32n) - 1n } as const;

/** The counter of SaCounters that each reason raises by one. */
const COUNTER = {
  ok: 'packetsIn',
  replay: 'replayDrops',
  auth: 'authFailures',
  selector: 'selectorDrops',
  malformed: 'malformedDrops',
  dummy: 'dummies',
  expired: 'expiredDrops',
} as const;

type MutableCounters = { -readonly [K in keyof SaCounters]: SaCounters[K] };

export class EspSa implements EspCodec {
  readonly #child: ChildSa;
  readonly #sealing: EspTransform;
  readonly #opening: EspTransform;
  readonly #window: ReplayWindow;
  readonly #lastSequence: bigint;
  readonly #counters: MutableCounters;
  #sent = 0n;
  #expiry: Expiry | undefined;

  /** `random` makes the IVs of CBC. Throws RangeError when a key, the window or the suite is impossible. */
  constructor(child: ChildSa, random: RandomBytes) {
    const { suite } = child;
    if ((suite.integrity !== undefined) === (suite.encryption.kind === 'aead')) {
      const problem = suite.integrity ? 'carries its own ICV' : 'needs an integrity algorithm';
      throw new RangeError(`suite.integrity: ${suite.encryption.name} ${problem}`);
    }
    this.#child = child;
    this.#sealing = new EspTransform(suite, child.keysOut, random);
    this.#opening = new EspTransform(suite, child.keysIn, random);
    this.#window = new ReplayWindow(child.replayWindow, suite.esn);
    this.#lastSequence = suite.esn ? LAST_SEQUENCE.esn : LAST_SEQUENCE.short;
    this.#counters = {
      spiIn: child.spiIn,
      spiOut: child.spiOut,
      bytesIn: 0n,
      bytesOut: 0n,
      packetsIn: 0n,
      packetsOut: 0n,
      replayDrops: 0n,
      authFailures: 0n,
      selectorDrops: 0n,
      malformedDrops: 0n,
      dummies: 0n,
      expiredDrops: 0n,
      packetsLeft: 0n,
    };
  }

  /** The limit that has ended this SA, both directions of it. */
  get expiry(): Expiry | undefined {
    return this.#expiry;
  }

  /** Whether an outbound packet lies within the selectors. */
  carries(inner: InnerPacket): boolean {
    return within(inner, this.#child.localTs, this.#child.remoteTs);
  }

  outbound(packet: Uint8Array, iv?: Uint8Array): OutboundResult {
    const inner = parseInner(packet);
    if (!inner) return { reason: 'malformed' };
    if (!this.carries(inner)) return { reason: 'selector' };
    if (this.#sent >= this.#lastSequence) this.#expire('sequence');
    const { packetsOut, bytesOut } = this.#counters;
    if (!this.#withinLimits(packetsOut, bytesOut, inner.length)) return { reason: 'expired' };
    this.#sent += 1n;
    const payload = packet.subarray(0, inner.length);
    const esp = this.#sealing.seal(this.#child.spiOut, this.#sent, payload, inner.nextHeader, iv);
    this.#counters.packetsOut += 1n;
    this.#counters.bytesOut += BigInt(inner.length);
    return { reason: 'ok', packet: esp };
  }

  inbound(esp: Uint8Array): InboundResult {
    if (esp.length < ESP_HEADER_BYTES) throw new RangeError('esp: shorter than SPI and sequence number');
    const result = this.#receive(esp);
    this.#counters[COUNTER[result.reason]] += 1n;
    if (result.reason === 'ok') this.#counters.bytesIn += BigInt(result.packet.length);
    return result;
  }

  #receive(esp: Uint8Array): InboundResult {
    if (this.#expiry) return { reason: 'expired' };
    const sequence = this.#window.infer(new DataView(esp.buffer, esp.byteOffset).getUint32(4));
    if (sequence === undefined || !this.#window.fresh(sequence)) return { reason: 'replay' };
    const opened = this.#opening.open(esp, sequence);
    if (opened === 'auth') return { reason: 'auth' };
    this.#window.accept(sequence);

    if (opened === 'malformed') return { reason: 'malformed' };
    if (opened.nextHeader === NEXT_HEADER.none) return { reason: 'dummy' };
    const inner = parseInner(opened.payload);
    if (!inner || inner.nextHeader !== opened.nextHeader) return { reason: 'malformed' };
    if (!within(inner, this.#child.remoteTs, this.#child.localTs)) return { reason: 'selector' };
    const { packetsIn, bytesIn } = this.#counters;
    if (!this.#withinLimits(packetsIn, bytesIn, inner.length)) return { reason: 'expired' };
    return { reason: 'ok', packet: opened.payload.subarray(0, inner.length) };
  }

  counters(): SaCounters {
    const sequenceLeft = this.#lastSequence - this.#sent;
    const limit = this.#child.hardLimit.packets;
    const limitLeft = limit === undefined ? sequenceLeft : limit - this.#counters.packetsOut;
    const left = limitLeft < sequenceLeft ? limitLeft : sequenceLeft;
    return { ...this.#counters, packetsLeft: this.#expiry ? 0n : left };
  }

  endLife(): void {
    this.#expire('time');
  }

  startAfter(sent: bigint, received: bigint): void {
    this.#sent = sent;
    this.#window.startAfter(received);
  }

  /** Overwrites what can be overwritten of the keys. The SA is of no use afterwards. */
  wipe(): void {
    this.#sealing.wipe();
    this.#opening.wipe();
  }

  #expire(reason: Expiry): void {
    this.#expiry ??= reason;
  }

  #withinLimits(packets: bigint, bytes: bigint, more: number): boolean {
    const { hardLimit } = this.#child;
    if (hardLimit.packets !== undefined && packets >= hardLimit.packets) this.#expire('packets');
    else if (hardLimit.bytes !== undefined && bytes + BigInt(more) > hardLimit.bytes) this.#expire('bytes');
    return this.#expiry === undefined;
  }
}

/** Whether one selector of each list takes its end of the packet. */
function within(
  inner: InnerPacket,
  source: readonly TrafficSelector[],
  destination: readonly TrafficSelector[],
): boolean {
  const { protocol, sourcePort, destinationPort } = inner;
  const from = { protocol, address: inner.source, ...(sourcePort !== undefined && { port: sourcePort }) };
  const to = {
    protocol,
    address: inner.destination,
    ...(destinationPort !== undefined && { port: destinationPort }),
  };
  return source.some((one) => matchesPacket(one, from)) && destination.some((one) => matchesPacket(one, to));
}
