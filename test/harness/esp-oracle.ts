/**
 * The oracle comparison: the same random packets, good and bad, through core/esp and the native code, which must agree on
 * every octet, every refusal and every counter. The unit tests run some ten thousand of them, test/system a million.
 */
import { concat } from '#core/bytes/bytes.ts';
import { ENCRYPTION_ROWS } from '#core/crypto/encryption.ts';
import { INTEGRITY_ROWS } from '#core/crypto/integrity.ts';
import type { EspSuite } from '#core/crypto/interfaces.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import { EspTransform } from '#core/esp/packet.ts';
import { type EspCodec, EspSa } from '#core/esp/sa.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import { linuxPlatform, type NativeEspCodec } from '#helper/native/data-plane-linux.ts';
import { RandomSource } from './random-source.ts';

/** OpenSSL has no XCBC: the native code refuses it by name. */
const AUTH_AES_XCBC_96 = 5;

/** Every suite that both know, with and without ESN. */
export const SUITES: readonly EspSuite[] = ENCRYPTION_ROWS.flatMap((encryption) => {
  const partners =
    encryption.kind === 'aead' ? [undefined] : INTEGRITY_ROWS.filter(({ id }) => id !== AUTH_AES_XCBC_96);
  return partners.flatMap((integrity) =>
    [false, true].map((esn) => ({ encryption, ...(integrity && { integrity }), esn })),
  );
});

export interface OracleReport {
  readonly packets: number;
  /** How often each outcome was agreed on, outbound and inbound. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The first few disagreements; must be empty. */
  readonly disagreements: readonly string[];
}

export interface OracleOptions {
  readonly seed: number;
  readonly packets: number;
  /** Packets per SA before it is replaced: keys, window, selectors and sequence numbers change with it. */
  readonly packetsPerSa?: number;
}

/** Compares `packets` packets. Every suite comes in turn. */
export function compareTwins({ seed, packets, packetsPerSa = 60 }: OracleOptions): OracleReport {
  const random = new RandomSource(seed);
  const native = linuxPlatform(process.env.ADIT_NATIVE);
  const outcomes: Record<string, number> = {};
  const disagreements: string[] = [];
  let done = 0;
  for (let round = random.below(SUITES.length); done < packets; round++) {
    const suite = SUITES[round % SUITES.length] as EspSuite;
    const child = randomChild(random, suite);
    const duel = new Duel(
      child,
      new EspSa(child, (length) => random.bytes(length)),
      native.openEspCodec(child),
      random,
    );
    for (let left = Math.min(packetsPerSa, packets - done); left > 0; ) {
      // Alone, or many that come together.
      const together = Math.min(left, random.pick([1, 1, 1, random.below(16), 64]) || 1);
      for (const outcome of duel.exchange(together)) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      left -= together;
      done += together;
    }
    duel.compareCounters();
    if (disagreements.length < 5) disagreements.push(...duel.disagreements.slice(0, 5));
  }
  return { packets: done, outcomes, disagreements };
}

/** Every remainder that padding can have, and the sizes of usual and of the longest packets. */
const SIZES = [...Array.from({ length: 33 }, (_, at) => 20 + at), 576, 1280, 1400, 1500, 9000, 65_535];

/** An IPv4 packet of each of SIZES through both, under each suite. Returns what was not equal. */
export function compareSizes(seed: number): { packets: number; disagreements: string[] } {
  const random = new RandomSource(seed);
  const native = linuxPlatform(process.env.ADIT_NATIVE);
  const disagreements: string[] = [];
  for (const suite of SUITES) {
    const { encryption } = suite;
    const child = { ...randomChild(random, suite), localTs: [wide(V4)], remoteTs: [wide(V4)], hardLimit: {} };
    const twins = [new EspSa(child, (length) => random.bytes(length)), native.openEspCodec(child)];
    for (const size of SIZES) {
      const packet = random.bytes(size);
      packet[0] = 0x45;
      new DataView(packet.buffer).setUint16(2, size);
      const iv = encryption.iv === 'random' ? random.bytes(encryption.ivBytes) : undefined;
      const sealed = twins.map((twin) => twin.outbound(packet, iv)).map(octetsOf);
      const opened = twins.map((twin, at) => twin.inbound(sealed[at] ?? NOTHING)).map(octetsOf);
      const equal =
        Buffer.compare(sealed[0] ?? NOTHING, sealed[1] ?? NOTHING) === 0 &&
        opened.every((one) => Buffer.compare(one, packet) === 0);
      const name = `${encryption.keyword} ${suite.integrity?.keyword ?? ''} esn=${suite.esn}`;
      if (!equal) disagreements.push(`${name}: ${size} octets`);
    }
  }
  return { packets: SUITES.length * SIZES.length, disagreements };
}

function octetsOf(result: { reason: string; packet?: Uint8Array }): Uint8Array {
  if (!result.packet) throw new Error(`not ok but ${result.reason}`);
  return result.packet;
}

/** Two codecs with one SA that talks to itself. */
class Duel {
  readonly disagreements: string[] = [];
  readonly #child: ChildSa;
  readonly #readable: EspCodec;
  readonly #native: NativeEspCodec;
  readonly #random: RandomSource;
  readonly #transform: EspTransform;
  readonly #earlier: Uint8Array[] = [];
  #highest: bigint;

  constructor(child: ChildSa, readable: EspCodec, native: NativeEspCodec, random: RandomSource) {
    this.#child = child;
    this.#readable = readable;
    this.#native = native;
    this.#random = random;
    this.#transform = new EspTransform(child.suite, child.keysIn, (length) => random.bytes(length));
    this.#highest = startingPoint(random, child.suite.esn);
    for (const codec of [readable, native]) codec.startAfter(this.#highest, this.#highest);
  }

  /** Packets out, and what becomes of them (or something worse) in, all at once. Returns the names of the outcomes. */
  exchange(packets: number): string[] {
    const sent = Array.from({ length: packets }, () => this.#send());
    const arriving = sent.map(({ esp }) => esp).filter((esp) => esp.length >= 8);
    const readable = arriving.map((esp) => this.#readable.inbound(esp));
    const [only, ...others] = arriving;
    const native =
      only && others.length === 0 ? [this.#native.inbound(only)] : this.#native.inboundTogether(arriving);
    for (const [at, esp] of arriving.entries()) {
      this.#compare('inbound', readable[at] ?? MISSING, native[at] ?? MISSING, esp);
    }
    return [...sent.map(({ outcome }) => outcome), ...readable.map(({ reason }) => `inbound ${reason}`)];
  }

  #send(): { readonly esp: Uint8Array; readonly outcome: string } {
    const inner = randomInner(this.#random);
    const { encryption } = this.#child.suite;
    const iv = encryption.iv === 'random' ? this.#random.bytes(encryption.ivBytes) : undefined;
    const [out, nativeOut] = [this.#readable.outbound(inner, iv), this.#native.outbound(inner, iv)];
    this.#compare('outbound', out, nativeOut, inner);
    if (out.reason === 'ok') this.#highest += 1n;
    const sent = out.reason === 'ok' ? out.packet : this.#authentic();
    return { esp: this.#onTheWay(sent), outcome: `outbound ${out.reason}` };
  }

  compareCounters(): void {
    const [readable, native] = [this.#readable.counters(), this.#native.counters()];
    for (const [name, value] of Object.entries(readable)) {
      const other = native[name as keyof typeof native];
      if (other !== value) this.#disagree(`counter ${name}: ${value}, native ${other}`);
    }
  }

  #compare(what: string, a: { reason: string; packet?: Uint8Array }, b: typeof a, input: Uint8Array): void {
    const same = a.reason === b.reason && Buffer.compare(a.packet ?? NOTHING, b.packet ?? NOTHING) === 0;
    if (!same)
      this.#disagree(`${what}: ${a.reason}, native ${b.reason}, of ${Buffer.from(input).toString('hex')}`);
  }

  #disagree(what: string): void {
    const { encryption, integrity, esn } = this.#child.suite;
    this.disagreements.push(`${encryption.keyword} ${integrity?.keyword ?? ''} esn=${esn} ${what}`);
  }

  /** Under the right key, with whatever payload and next header. */
  #authentic(): Uint8Array {
    this.#highest += 1n;
    const payload = this.#random.chance(0.5)
      ? randomInner(this.#random)
      : this.#random.bytes(this.#random.below(80));
    const nextHeader = this.#random.pick([4, 41, 59, 4, 41, this.#random.below(256)]);
    return this.#transform.seal(this.#child.spiIn, this.#highest, payload, nextHeader);
  }

  /** Mostly nothing happens to a packet; sometimes everything. */
  #onTheWay(esp: Uint8Array): Uint8Array {
    const random = this.#random;
    const dice = random.below(100);
    this.#earlier.push(esp);
    if (dice < 70) return esp;
    if (dice < 76) return esp.with(random.below(esp.length), random.below(256));
    if (dice < 80) return esp.subarray(0, random.below(esp.length));
    if (dice < 83) return concat(esp, random.bytes(1 + random.below(40)));
    if (dice < 92) return random.pick(this.#earlier);
    if (dice < 94) this.#highest += BigInt(random.below(300));
    return this.#authentic();
  }
}

const NOTHING = new Uint8Array(0);
const MISSING = { reason: 'missing' };

/** Often just before the low half of the sequence number overflows, with ESN also before the very end. */
function startingPoint(random: RandomSource, esn: boolean): bigint {
  const half = 1n << 32n;
  const back = BigInt(random.below(100));
  if (!esn) return random.pick([0n, 1000n, half - 1n - back]);
  return random.pick([0n, half - back, 7n * half - back, 7n * half + back, half * half - 1n - back]);
}

function randomChild(random: RandomSource, suite: EspSuite): ChildSa {
  const { encryption, integrity } = suite;
  const keys = {
    encryption: random.bytes(encryption.keyBytes + encryption.saltBytes),
    integrity: random.bytes(integrity?.keyBytes ?? 0),
  };
  const limited = random.chance(0.1);
  return {
    spiIn: 0x1234_5678,
    spiOut: 0x1234_5678,
    mode: 'tunnel',
    suite,
    keysIn: keys,
    keysOut: keys,
    replayWindow: random.pick([0, 1, 32, 64, 100, 1024]),
    localTs: randomSelectors(random),
    remoteTs: randomSelectors(random),
    encapsulation: 'udp',
    hardLimit: limited ? { packets: BigInt(random.below(60)), bytes: BigInt(random.below(10_000)) } : {},
  };
}

const V4 = 4;
const V6 = 16;

const wide = (length: number): TrafficSelector => ({
  protocol: 0,
  startPort: 0,
  endPort: 65_535,
  start: new Uint8Array(length),
  end: new Uint8Array(length).fill(255),
});

/** Mostly everything; sometimes a protocol, a range of ports or half of the addresses. */
function randomSelectors(random: RandomSource): TrafficSelector[] {
  if (random.chance(0.85)) return [wide(V4), wide(V6)];
  const narrow = (length: number): TrafficSelector => ({
    protocol: random.pick([0, 6, 17, 1, 58]),
    ...random.pick([
      { startPort: 0, endPort: 65_535 },
      { startPort: 65_535, endPort: 0 },
      { startPort: 0x100, endPort: 0x7fff },
    ]),
    start: new Uint8Array(length).fill(random.below(64), 0, 1),
    end: new Uint8Array(length).fill(255).fill(128 + random.below(128), 0, 1),
  });
  return [narrow(V4), narrow(V6), ...(random.chance(0.3) ? [wide(V4)] : [])];
}

/** 20 to 9000 octets, small ones far more often: octets cost time, and errors hide in short packets. */
function randomSize(random: RandomSource): number {
  const dice = random.below(1000);
  if (dice < 940) return 20 + random.below(130);
  if (dice < 997) return 150 + random.below(1350);
  return 1500 + random.below(7501);
}

/** An IPv4 or IPv6 packet, well-formed but for a few. */
function randomInner(random: RandomSource): Uint8Array {
  const packet = random.bytes(randomSize(random));
  if (random.chance(0.03)) return packet;
  const six = packet.length >= 40 && random.chance(0.5);
  const view = new DataView(packet.buffer);
  if (six) {
    packet[0] = 0x60;
    view.setUint16(4, packet.length - 40);
    packet[6] = random.pick([6, 17, 58, 0, 43, 44, 51, 60, 47, random.below(256)]);
    for (let at = 40; at + 2 <= packet.length && at < 88; at += 8) {
      packet[at] = random.pick([6, 17, 58, 44, 60, random.below(256)]);
      packet[at + 1] = random.pick([0, 0, 0, 1, random.below(256)]);
    }
  } else {
    packet[0] = random.chance(0.95) ? 0x45 : 0x40 | random.below(16);
    view.setUint16(2, packet.length);
    if (random.chance(0.8)) view.setUint16(6, 0);
    packet[9] = random.pick([6, 17, 1, 47, 132, random.below(256)]);
  }
  if (random.chance(0.05)) view.setUint16(six ? 4 : 2, random.below(200));
  return packet;
}
