/**
 * The oracle of the fast path: random flows through segmentation, ESP and coalescing of the native code, against
 * offload-packets.ts and core/esp. Packet by packet the same must come out, in order within each flow.
 */
import type { EspSuite } from '#core/crypto/interfaces.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import { EspSa } from '#core/esp/sa.ts';
import { linuxPlatform } from '#helper/native/data-plane-linux.ts';
import { SUITES } from './esp-oracle.ts';
import {
  cut,
  type Flow,
  frameOf,
  layoutOf,
  packetOf,
  randomFlow,
  TCP,
  withoutId,
  writeChecksums,
} from './offload-packets.ts';
import type { RandomSource } from './random-source.ts';

interface OffloadReport {
  readonly disagreements: string[];
  /** Super-packets cut, and the packets they became. */
  readonly framesOut: number;
  readonly packetsOut: number;
  /** Packets that were delivered, and the frames they were joined into. */
  readonly packetsIn: number;
  readonly framesIn: number;
  /** Packets on the way in whose checksum was made wrong. */
  readonly corrupted: number;
}

const wide = (length: number) => ({
  protocol: 0,
  startPort: 0,
  endPort: 65_535,
  start: new Uint8Array(length),
  end: new Uint8Array(length).fill(255),
});

function childOf(random: RandomSource, suite: EspSuite): ChildSa {
  const { encryption, integrity } = suite;
  const keys = {
    encryption: random.bytes(encryption.keyBytes + encryption.saltBytes),
    integrity: random.bytes(integrity?.keyBytes ?? 0),
  };
  const everything = [wide(4), wide(16)];
  return {
    spiIn: 0x1234_5678,
    spiOut: 0x1234_5678,
    mode: 'tunnel',
    suite,
    keysIn: keys,
    keysOut: keys,
    replayWindow: 64,
    localTs: everything,
    remoteTs: everything,
    encapsulation: 'udp',
    hardLimit: {},
  };
}

/** `rounds` SAs, every suite in turn, each with some super-packets out and some batches of packets in. */
export function compareOffloads(random: RandomSource, rounds: number): OffloadReport {
  const report = {
    disagreements: [] as string[],
    framesOut: 0,
    packetsOut: 0,
    packetsIn: 0,
    framesIn: 0,
    corrupted: 0,
  };
  const platform = linuxPlatform(process.env.ADIT_NATIVE);
  const first = random.below(SUITES.length);
  for (let round = 0; round < rounds; round++) {
    const suite = SUITES[(first + round) % SUITES.length] as EspSuite;
    const child = childOf(random, suite);
    const path = platform.openPacketPath(child);
    const bytes = (length: number) => random.bytes(length);
    const disagree = (what: string) => {
      const where = `${suite.encryption.keyword} ${suite.integrity?.keyword ?? ''} round ${round}`;
      if (report.disagreements.length < 5) report.disagreements.push(`${where}: ${what}`);
    };

    const opening = new EspSa(child, bytes);
    for (let i = 0; i < 4; i++) {
      const frame = randomFrame(random);
      const expected = cut(frame);
      const results = path.send(frame).map((esp) => opening.inbound(esp));
      const delivered = results.map((result) => (result.reason === 'ok' ? result.packet : new Uint8Array(0)));
      compare(expected, delivered, (what) => disagree(`outbound ${what}`));
      report.framesOut += 1;
      report.packetsOut += delivered.length;
    }

    const sealing = new EspSa(child, bytes);
    for (let i = 0; i < 2; i++) {
      const { packets, corrupted } = randomArrivals(random);
      const esp = packets.map((packet) => {
        const sealed = sealing.outbound(packet);
        if (sealed.reason !== 'ok') throw new Error(sealed.reason);
        return sealed.packet;
      });
      const frames = path.receive(esp, 0);
      const delivered = frames.flatMap(cut);
      if (delivered.length !== packets.length)
        disagree(`inbound ${packets.length} became ${delivered.length}`);
      const flows = byFlow(delivered.map(withoutId));
      for (const [flow, expected] of byFlow(packets.map(withoutId))) {
        compare(expected, flows.get(flow) ?? [], (what) => disagree(`inbound ${what}`));
      }
      report.packetsIn += packets.length;
      report.framesIn += frames.length;
      report.corrupted += corrupted;
    }
  }
  return report;
}

const hex = (octets: Uint8Array): string => Buffer.from(octets.subarray(0, 100)).toString('hex');

function compare(
  expected: readonly Uint8Array[],
  actual: readonly Uint8Array[],
  disagree: (what: string) => void,
): void {
  if (expected.length !== actual.length) disagree(`${expected.length} packets, native ${actual.length}`);
  for (const [at, packet] of expected.entries()) {
    const other = actual[at];
    if (other === undefined || Buffer.compare(packet, other) !== 0) {
      disagree(`packet ${at}: ${hex(packet)}, native ${other ? hex(other) : 'nothing'}`);
      return;
    }
  }
}

/** Packets whose order matters to each other. */
function byFlow(packets: readonly Uint8Array[]): Map<string, Uint8Array[]> {
  const flows = new Map<string, Uint8Array[]>();
  for (const packet of packets) {
    const { v6 } = layoutOf(packet);
    const key = Buffer.from(v6 ? packet.subarray(8, 40) : packet.subarray(12, 20)).toString('hex');
    const flow = flows.get(key);
    if (flow) flow.push(packet);
    else flows.set(key, [packet]);
  }
  return flows;
}

/** What a TUN gives: mostly super-packets, some single ones whose checksum is still to be done. */
function randomFrame(random: RandomSource): Uint8Array {
  const flow = randomFlow(random);
  const single = random.chance(0.3);
  const segment = 1 + random.below(random.chance(0.3) ? 60 : 1400);
  const longest = Math.min(60_000, segment * 64);
  const payload = random.bytes(single ? random.below(1400) : segment + random.below(longest - segment + 1));
  const packet = packetOf(flow, {
    sequence: random.u32(),
    acknowledgement: random.u32(),
    window: random.below(65_536),
    flags: random.below(256),
    id: random.below(65_536),
    payload,
  });
  if (single && !flow.tcp && random.chance(0.5)) makeSumZero(packet);
  if (single) return frameOf(packet, { unfinished: random.chance(0.5) });
  return frameOf(packet, { segment });
}

/** Changes the last two octets so that the checksum computes to zero, which UDP has to send as 0xffff. */
function makeSumZero(packet: Uint8Array): void {
  const { upperAt, payloadAt } = layoutOf(packet);
  if (packet.length < payloadAt + 2 || packet.length % 2 === 1) return;
  packet.fill(0, -2);
  writeChecksums(packet);
  packet.copyWithin(packet.length - 2, upperAt + 6, upperAt + 8);
  writeChecksums(packet);
}

/** One flow that sends; what it sends may be joined as long as nothing happens to it. */
class Stream {
  readonly #flow: Flow;
  readonly #random: RandomSource;
  readonly #size: number;
  /** Some systems give every packet that must not be fragmented the same identification. */
  readonly #fixedId: boolean;
  #sequence: number;
  #id: number;

  constructor(random: RandomSource) {
    this.#random = random;
    this.#flow = randomFlow(random);
    this.#size = 1 + random.below(random.chance(0.3) ? 60 : 1400);
    this.#sequence = random.chance(0.2) ? 0xffff_f000 + random.below(0x1000) : random.u32();
    this.#fixedId = this.#flow.dontFragment && random.chance(0.3);
    this.#id = random.chance(0.3) ? 0xfff0 : random.below(65_536);
  }

  next(): Uint8Array {
    const random = this.#random;
    const odd = random.chance(0.12);
    const length = odd ? random.below(1400) : this.#size;
    const flags = odd ? random.pick([TCP.ack, TCP.ack | TCP.ece, random.below(256)]) : TCP.ack;
    const { trafficClass, ttl, tcpOptions } = this.#flow;
    const change = random.below(100);
    const flow = {
      ...this.#flow,
      ...(change === 0 && { trafficClass: trafficClass ^ 1 }),
      ...(change === 1 && { ttl: ttl ^ 1 }),
      ...(change < 4 && { tcpOptions: random.bytes(tcpOptions.length) }),
    };
    const packet = packetOf(flow, {
      sequence: this.#sequence,
      acknowledgement: random.chance(0.03) ? 5 : 1000,
      window: random.chance(0.03) ? 7 : 500,
      flags: random.chance(0.1) ? flags | TCP.psh : flags,
      id: this.#id,
      payload: random.bytes(length),
    });
    this.#sequence = (this.#sequence + length + (random.chance(0.03) ? 100 : 0)) >>> 0;
    if (!this.#fixedId) this.#id = (this.#id + (random.chance(0.03) ? 2 : 1)) & 0xffff;
    return packet;
  }
}

function randomArrivals(random: RandomSource): { packets: Uint8Array[]; corrupted: number } {
  const streams = Array.from(
    { length: 1 + random.below(random.chance(0.1) ? 24 : 4) },
    () => new Stream(random),
  );
  const packets: Uint8Array[] = [];
  let corrupted = 0;
  let stream = random.pick(streams);
  for (let count = 1 + random.below(90); count > 0; count--) {
    if (random.chance(0.2)) stream = random.pick(streams);
    const packet = stream.next();
    const { v6, upperAt } = layoutOf(packet);
    const dice = random.below(100);
    if (dice < 3) {
      packet[random.pick([packet.length - 1, upperAt + 4, upperAt + 7, ...(v6 ? [] : [8])])]! ^= 0x40;
      corrupted += 1;
    } else if (dice < 5 && !v6) {
      packet[6] = 0x20; // the first fragment of more; its header checksum is wrong now, and nobody's business
    } else if (dice < 6 && !v6) {
      packet[7] = 0x10; // a later fragment
    }
    packets.push(packet);
    if (random.chance(0.02)) packets.push(packet.slice());
    if (random.chance(0.03) && packets.length > 1) packets.splice(-2, 2, packets.at(-1)!, packets.at(-2)!);
  }
  return { packets, corrupted };
}
