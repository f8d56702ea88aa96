/**
 * What the native sender does on a path that is too narrow: ICMP to the sender (RFC 1191, RFC 8201), fragments, the MSS in
 * SYNs, and the sign of a black hole. Without TUN and sockets, with a clock of its own.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { EspSa } from '#core/esp/sa.ts';
import { linuxPlatform } from '#helper/native/data-plane-linux.ts';
import type { PacketPath } from '#helper/native/data-plane.ts';
import { type ChildText, childFromText } from '#test/harness/esp-children.ts';
import { ipv4, ipv4Udp, ipv6, ipv6Udp } from '#test/harness/ip-packets.ts';
import { RandomSource } from '#test/harness/random-source.ts';

const VNET = 10;
const GSO_TCP4 = 1;
const TCP = 6;
const UDP = 17;
const DF = 0x4000;
const HERE = { 4: '10.0.0.1', 6: 'fd00::1' } as const;
const THERE = { 4: '10.0.1.1', 6: 'fd01::1' } as const;
const SA: ChildText = {
  spiIn: 0x1001,
  spiOut: 0x1001,
  esp: 'aes256gcm16',
  keyIn: 'one',
  keyOut: 'one',
  local: ['0.0.0.0/0', '::/0'],
  remote: ['0.0.0.0/0', '::/0'],
};

const random = new RandomSource(7);
let path: PacketPath;
let opening: EspSa;

function openPath(child: ChildText = SA): void {
  path = linuxPlatform(process.env.ADIT_NATIVE).openPacketPath(childFromText(child));
  opening = new EspSa(childFromText(child), (length) => random.bytes(length));
}

beforeEach(() => openPath());

const frameOf = (packet: Uint8Array, header: Uint8Array = new Uint8Array(VNET)): Uint8Array =>
  new Uint8Array(Buffer.concat([header, packet]));

/** Sends; the packets that travel, and the messages that come back. */
function send(packet: Uint8Array, header?: Uint8Array) {
  const sealed = path.send(frameOf(packet, header));
  const packets = sealed.map((esp) => {
    const result = opening.inbound(esp);
    if (result.reason !== 'ok') throw new Error(result.reason);
    return Buffer.from(result.packet);
  });
  const told = path.answers().map((frame) => Buffer.from(frame).subarray(VNET));
  return { packets, told, esp: sealed };
}

/** RFC 1071 over big-endian words; 0 over octets that hold their own checksum. */
function checksum(...parts: readonly Uint8Array[]): number {
  const octets = Buffer.concat(parts);
  let sum = 0;
  for (let i = 0; i < octets.length; i += 2) sum += (octets[i] ?? 0) * 256 + (octets[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function seal4(packet: Uint8Array, flags = DF, identification = 0x4321): Buffer {
  const sealed = Buffer.from(packet);
  sealed.writeUInt16BE(identification, 4);
  sealed.writeUInt16BE(flags, 6);
  sealed.writeUInt16BE(checksum(sealed.subarray(0, 20)), 10);
  return sealed;
}

const udp4 = (bytes: number, flags = DF): Buffer =>
  seal4(ipv4Udp({ source: HERE[4], destination: THERE[4], payload: random.bytes(bytes) }), flags);

/** A TCP segment from here to there with a right checksum. */
function tcp(
  family: 4 | 6,
  { flags = 0x10, sequence = 1, options = Buffer.alloc(0), payload = 0, port = 1000 },
): Buffer {
  const header = Buffer.alloc(20 + options.length);
  header.writeUInt16BE(port, 0);
  header.writeUInt16BE(80, 2);
  header.writeUInt32BE(sequence, 4);
  header[12] = (header.length / 4) << 4;
  header[13] = flags;
  options.copy(header, 20);
  const segment = Buffer.concat([header, random.bytes(payload)]);
  const make = family === 4 ? ipv4 : ipv6;
  const bare = make(HERE[family], THERE[family], TCP, segment);
  segment.writeUInt16BE(checksum(...pseudo(bare, family), segment), 16);
  const packet = make(HERE[family], THERE[family], TCP, segment);
  return family === 4 ? seal4(packet) : Buffer.from(packet);
}

function pseudo(packet: Uint8Array, family: 4 | 6, protocol = TCP): readonly Uint8Array[] {
  const upper = packet.length - (family === 4 ? 20 : 40);
  const addresses = family === 4 ? packet.subarray(12, 20) : packet.subarray(8, 40);
  return [addresses, Uint8Array.of(0, protocol, upper >> 8, upper & 255)];
}

describe('too large for the path', () => {
  it('IPv4 with DF: the sender is told as RFC 1191 says, from the address it wrote to', () => {
    path.pathMtu(1400, 0);
    const packet = udp4(1400);
    const { packets, told } = send(packet);
    expect(packets).toEqual([]);
    const [message] = told;
    if (!message || told.length !== 1) throw new Error(`${told.length} messages`);
    expect(message.length).toBe(576);
    expect([...message.subarray(0, 4)]).toEqual([0x45, 0xc0, 576 >> 8, 576 & 255]);
    expect([...message.subarray(8, 10)]).toEqual([64, 1]);
    expect([...message.subarray(12, 20)]).toEqual([10, 0, 1, 1, 10, 0, 0, 1]);
    expect(checksum(message.subarray(0, 20))).toBe(0);
    expect(checksum(message.subarray(20))).toBe(0);
    // Type 3, code 4; 1400 less IP 20, UDP 8, ESP 8, IV 8, ICV 16 is 1340 of ciphertext, two of them the trailer.
    expect([message[20], message[21], message.readUInt16BE(26)]).toEqual([3, 4, 1338]);
    expect(message.subarray(28)).toEqual(packet.subarray(0, 548));
    expect(send(udp4(1338 - 28)).packets).toHaveLength(1);
    expect(send(udp4(1339 - 28)).packets).toHaveLength(0);
  });

  /** Padding to 4, 8 and 16 octets, each from every remainder. */
  it.each(['aes256gcm16', '3des-sha1', 'aes256-sha256'])(
    'what the sender is told is the most that passes in one piece, at every width, %s',
    (esp) => {
      openPath({ ...SA, esp });
      for (let width = 1400; width < 1432; width++) {
        path.pathMtu(width, 1000);
        const most = send(udp4(1500)).told[0]?.readUInt16BE(26) ?? 0;
        const outer = send(udp4(most - 28)).esp.map(({ length }) => length + 28);
        expect([width, outer.length, outer.every((octets) => octets <= width)]).toEqual([width, 1, true]);
        expect(send(udp4(most + 1 - 28)).told).toHaveLength(1);
      }
    },
  );

  it('IPv6: Packet Too Big as RFC 4443 §3.2 says', () => {
    path.pathMtu(1400, 0);
    const packet = Buffer.from(
      ipv6Udp({ source: HERE[6], destination: THERE[6], payload: random.bytes(1400) }),
    );
    const { packets, told } = send(packet);
    expect(packets).toEqual([]);
    const [message] = told;
    if (!message || told.length !== 1) throw new Error(`${told.length} messages`);
    expect(message.length).toBe(1280);
    expect([...message.subarray(0, 8)]).toEqual([0x60, 0, 0, 0, 1240 >> 8, 1240 & 255, 58, 64]);
    expect(message.subarray(8, 24)).toEqual(packet.subarray(24, 40));
    expect(message.subarray(24, 40)).toEqual(packet.subarray(8, 24));
    expect(checksum(...pseudo(message, 6, 58), message.subarray(40))).toBe(0);
    expect([message[40], message[41], message.readUInt32BE(44)]).toEqual([2, 0, 1338]);
    expect(message.subarray(48)).toEqual(packet.subarray(0, 1232));
  });

  it('a super-packet: its first segment stands in the message', () => {
    path.pathMtu(1280, 0);
    const header = Buffer.alloc(VNET);
    header[0] = 1;
    header[1] = GSO_TCP4;
    header.writeUInt16LE(40, 2);
    header.writeUInt16LE(1300, 4);
    header.writeUInt16LE(20, 6);
    header.writeUInt16LE(16, 8);
    const packet = tcp(4, { payload: 5200, sequence: 77 });
    const { packets, told } = send(packet, header);
    expect([packets.length, told.length]).toEqual([0, 1]);
    expect(told[0]?.readUInt16BE(28 + 2)).toBe(1340);
    expect(told[0]?.readUInt32BE(28 + 20 + 4)).toBe(77);
    header.writeUInt16LE(1100, 4);
    expect(send(packet, header).packets).toHaveLength(5);
  });

  it('nobody is told about a packet to many, from nowhere, a later fragment or an ICMP error', () => {
    path.pathMtu(1000, 0);
    const to = (source: string, destination: string) =>
      seal4(ipv4Udp({ source, destination, payload: random.bytes(1400) }));
    const error = Buffer.concat([Buffer.of(3, 4, 0, 0, 0, 0, 0, 0), random.bytes(1400)]);
    for (const packet of [
      to(HERE[4], '224.0.0.1'),
      to(HERE[4], '255.255.255.255'),
      to('0.0.0.0', THERE[4]),
      seal4(ipv4(HERE[4], THERE[4], UDP, random.bytes(1400)), DF | 100),
      seal4(ipv4(HERE[4], THERE[4], 1, error)),
      Buffer.from(ipv6(HERE[6], THERE[6], 58, Buffer.concat([Buffer.of(2, 0, 0, 0), random.bytes(1400)]))),
      Buffer.from(ipv6Udp({ source: HERE[6], destination: 'ff02::1', payload: random.bytes(1400) })),
    ]) {
      expect(send(packet)).toMatchObject({ packets: [], told: [] });
    }
  });

  it('many are told at once, not all; more later', () => {
    path.pathMtu(1000, 0);
    const burst = () =>
      Array.from({ length: 200 }, () => send(udp4(1400)).told.length).filter(Boolean).length;
    expect(burst()).toBe(64);
    path.pathMtu(1000, 100);
    expect(burst()).toBe(20);
  });

  it('what must pass in any case passes whole: 576 octets of IPv4, 1280 of IPv6', () => {
    // No ICMP makes it smaller than 576.
    expect(path.pathMtu(100, 0).mtu).toBe(576);
    expect(send(udp4(576 - 28))).toMatchObject({ packets: [{ length: 576 }], told: [] });
    expect(send(udp4(577 - 28)).told[0]?.readUInt16BE(26)).toBe(576);
    const six = (bytes: number) =>
      send(ipv6Udp({ source: HERE[6], destination: THERE[6], payload: random.bytes(bytes - 48) }));
    expect(six(1280)).toMatchObject({ packets: [{ length: 1280 }], told: [] });
    expect(six(1281).told[0]?.readUInt32BE(44)).toBe(1280);
  });
});

describe('IPv4 without DF', () => {
  const join = (fragments: readonly Buffer[]): Buffer => {
    const octets = Buffer.alloc(65_535);
    let end = 0;
    for (const fragment of fragments) {
      expect(checksum(fragment.subarray(0, 20))).toBe(0);
      expect(fragment.readUInt16BE(2)).toBe(fragment.length);
      const at = (fragment.readUInt16BE(6) & 0x1fff) * 8;
      fragment.copy(octets, at, 20);
      end = Math.max(end, at + fragment.length - 20);
    }
    return octets.subarray(0, end);
  };

  it('becomes fragments that each fit, with all of its octets', () => {
    path.pathMtu(1400, 0);
    const packet = udp4(4000, 0);
    const { packets, told, esp } = send(packet);
    expect(told).toEqual([]);
    expect(packets.map(({ length }) => length)).toEqual([1332, 1332, 1332, 4028 - 20 - 3 * 1312 + 20]);
    for (const one of esp) expect(one.length + 28).toBeLessThanOrEqual(1400);
    expect(join(packets)).toEqual(packet.subarray(20));
    expect(packets.map((one) => one.readUInt16BE(6) >> 13)).toEqual([1, 1, 1, 0]);
    expect(new Set(packets.map((one) => one.readUInt16BE(4)))).toEqual(new Set([0x4321]));
  });

  it('a fragment is cut again, and keeps its place', () => {
    path.pathMtu(1000, 0);
    const { packets } = send(seal4(ipv4(HERE[4], THERE[4], UDP, random.bytes(1200)), 0x2000 | 50));
    expect(packets.map((one) => one.readUInt16BE(6))).toEqual([0x2000 | 50, 0x2000 | (50 + 912 / 8)]);
  });

  it('goes whole, to be fragmented outside, where later fragments would not pass the selectors', () => {
    openPath({ ...SA, remote: ['0.0.0.0/0[udp/2000]'], local: ['0.0.0.0/0'] });
    path.pathMtu(1400, 0);
    const sealed = path.send(frameOf(udp4(4000, 0)));
    expect(sealed.map(({ length }) => length > 4000)).toEqual([true]);
  });
});

describe('the MSS in a SYN', () => {
  const mss = (value: number, before: readonly number[] = []) =>
    Buffer.from([
      ...before,
      2,
      4,
      value >> 8,
      value & 255,
      ...Array.from({ length: (8 - before.length) % 4 }, () => 1),
    ]);
  const right = (packet: Buffer, family: 4 | 6) =>
    checksum(...pseudo(packet, family), packet.subarray(family === 4 ? 20 : 40));

  it.each([
    [4, [], 1298],
    [4, [1], 1298],
    [6, [1, 1], 1278],
  ] as const)(
    'IPv%i, %j before it: lowered to what the path takes, the checksum follows',
    (family, before, most) => {
      path.pathMtu(1400, 0);
      const at = (family === 4 ? 40 : 60) + before.length + 2;
      for (const flags of [0x02, 0x12]) {
        const { packets } = send(tcp(family, { flags, options: mss(1460, before) }));
        expect(packets[0]?.readUInt16BE(at)).toBe(most);
        expect(packets[0] && right(packets[0], family)).toBe(0);
      }
      expect(send(tcp(family, { flags: 2, options: mss(1200, before) })).packets[0]?.readUInt16BE(at)).toBe(
        1200,
      );
      expect(
        send(tcp(family, { flags: 0x10, options: mss(1460, before) })).packets[0]?.readUInt16BE(at),
      ).toBe(1460);
    },
  );

  it('on its way in is lowered, too, and a wrong checksum stays wrong', () => {
    path.pathMtu(1400, 0);
    const arrive = (packet: Buffer): Buffer => {
      const sealed = opening.outbound(packet);
      if (sealed.reason !== 'ok') throw new Error(sealed.reason);
      return Buffer.from(path.receive([sealed.packet], 0)[0] ?? []).subarray(VNET);
    };
    const syn = tcp(4, { flags: 0x12, options: mss(1460) });
    expect(arrive(syn).readUInt16BE(42)).toBe(1298);
    expect(right(arrive(syn), 4)).toBe(0);
    syn.writeUInt16BE(syn.readUInt16BE(36) ^ 0x0101, 36);
    expect(right(arrive(syn), 4)).not.toBe(0);
  });

  it.each([
    ['of length zero', [2, 0, 5, 180]],
    ['cut off', [1, 1, 2, 4]],
    ['behind the end of options', [0, 2, 4, 5]],
  ])('an option %s is left alone', (_, octets) => {
    path.pathMtu(1400, 0);
    const packet = tcp(4, { flags: 2, options: Buffer.from(octets) });
    expect(send(packet).packets).toEqual([packet]);
  });
});

describe('a black hole', () => {
  /** `path.pathMtu` moves the clock, and says what the system says: always 1500 here. */
  const later = (ms: number): number => path.pathMtu(1500, ms).mtu;
  const large = ({ sequence = 1, payload = 1300, port = 1000 } = {}) =>
    send(tcp(4, { sequence, payload, port }));

  /** The peer says something: an ESP packet that is accepted. */
  function word(): void {
    const sealed = opening.outbound(
      ipv4Udp({ source: THERE[4], destination: HERE[4], payload: random.bytes(20) }),
    );
    if (sealed.reason !== 'ok') throw new Error(sealed.reason);
    expect(path.receive([sealed.packet], 0)).toHaveLength(1);
  }

  /** When TCP repeats a segment whose acknowledgement does not come. */
  const TCP_REPEATS = [0, 200, 600, 1400, 3000, 6200, 12_600];

  interface Play {
    /** When a large segment of the same flow is sent. */
    readonly sightings?: readonly number[];
    /** When the peer says something by itself. */
    readonly words?: readonly number[];
    /** So long after it was wanted it says something, too, in these times. */
    readonly answersAfter?: number;
    readonly answers?: (at: number) => boolean;
  }

  /** All times in milliseconds: when the path became narrow, and when the peer was to be asked before that. */
  function play({ sightings = TCP_REPEATS, words = [], answersAfter, answers = () => true }: Play) {
    const asked: number[] = [];
    const due = [
      ...sightings.map((at) => ({ at, step: large as () => unknown })),
      ...words.map((at) => ({ at, step: word })),
    ];
    later(0);
    for (let now = 0; due.length > 0; ) {
      due.sort((a, b) => a.at - b.at);
      const next = due.shift();
      if (!next) break;
      later(next.at - now);
      now = next.at;
      next.step();
      const { mtu, unanswered } = path.pathMtu(1500, 0);
      if (mtu < 1500) return { narrowAt: now, asked };
      if (unanswered > 0) asked.push(now);
      if (unanswered > 0 && answersAfter !== undefined && answers(now))
        due.push({ at: now + answersAfter, step: word });
    }
    return { narrowAt: undefined, asked };
  }

  const every = (ms: number, from: number, to: number): number[] =>
    Array.from({ length: Math.ceil((to - from) / ms) }, (_, i) => from + i * ms);

  it('is believed when one large segment is seen three times and words keep coming; its sender is told, and it ends', () => {
    expect(later(0)).toBe(1500);
    large();
    later(200);
    word();
    large();
    later(900);
    word();
    const { packets, told } = large();
    expect(later(0)).toBe(1280);
    expect([packets.length, told[0]?.readUInt16BE(26)]).toEqual([0, 1218]);
    expect(later(599_000)).toBe(1280);
    expect(later(2_000)).toBe(1500);
    expect(large().packets).toHaveLength(1);
  });

  it('is believed a second after the first sighting at least', () => {
    const words = every(20, 10, 2000);
    expect(play({ words })).toEqual({ narrowAt: 1400, asked: [] });
    openPath();
    expect(play({ sightings: TCP_REPEATS.slice(1), words })).toEqual({ narrowAt: 1400, asked: [] });
    openPath();
    expect(play({ sightings: every(70, 0, 2000), words })).toEqual({ narrowAt: 1050, asked: [] });
  });

  it('is not believed of quick repetitions, of segments that move on, or of small ones', () => {
    later(0);
    for (let i = 0; i < 10; i++) {
      word();
      large({ sequence: 5 });
    }
    expect(path.pathMtu(1500, 0)).toEqual({ mtu: 1500, unanswered: 0 });
    for (let i = 0; i < 10; i++) {
      word();
      large({ sequence: i, port: 2000 });
      later(1000);
      send(tcp(4, { sequence: 9, payload: 400, port: 3000 }));
    }
    expect(path.pathMtu(1500, 0)).toEqual({ mtu: 1500, unanswered: 0 });
  });

  it('is not believed of an outage, whatever was on its way when it began, and however long it lasts', () => {
    for (const end of [150, 450, 550, 700, 1300, 2500, 2990, 6100, 12_000]) {
      for (const words of [[], [50], [50, 150]]) {
        openPath();
        // The first segment that is sent after the outage arrives, and is not repeated.
        const arrives = TCP_REPEATS.findIndex((at) => at > end);
        const sightings = TCP_REPEATS.slice(0, arrives + 1);
        const late = every(50, end + 10, end + 1000);
        expect([end, words, play({ sightings, words: [...words, ...late] }).narrowAt]).toEqual([
          end,
          words,
          undefined,
        ]);
      }
    }
  });

  it('is not believed of one outage after another, with a word in between', () => {
    expect(play({ words: [630, 4000] }).narrowAt).toBeUndefined();
  });

  it('is not believed of a peer that says nothing any more: it is to be asked each time', () => {
    expect(play({})).toEqual({ narrowAt: undefined, asked: [600, 1400, 3000, 6200, 12_600] });
  });

  it.each([
    ['0', TCP_REPEATS],
    ['0.2 s, the first time in a super-packet', TCP_REPEATS.slice(1)],
  ])('in silence, seen from %s on, is believed after two questions and their answers', (_, sightings) => {
    expect(play({ sightings, answersAfter: 30 })).toEqual({ narrowAt: 3000, asked: [600, 1400] });
    // Where 1280 octets do not pass either: sent again at once, and as before.
    const resized = { sequence: 1, payload: 1150 };
    large(resized);
    expect(path.pathMtu(1500, 30)).toEqual({ mtu: 1280, unanswered: 1 });
    word();
    later(3170);
    large(resized);
    expect(later(0)).toBe(576);
  });

  it('in silence, where an answer is lost, is believed after the next two', () => {
    expect(play({ answersAfter: 30, answers: (at) => at !== 1400 })).toEqual({
      narrowAt: 12_600,
      asked: [600, 1400, 3000, 6200],
    });
  });

  it('has the peer asked twice a second at most, however many flows repeat themselves', () => {
    let questions = 0;
    later(0);
    for (let ms = 0; ms < 10_000; ms += 10) {
      large({ port: 1000 + (ms % 500) });
      questions += path.pathMtu(1500, 10).unanswered;
    }
    expect(questions).toBeGreaterThan(15);
    expect(questions).toBeLessThanOrEqual(20);
  });

  it('deepens to 576 where 1280 does not pass either, and no further', () => {
    later(0);
    const hole = (payload: number) => {
      for (let i = 0; i < 3; i++) {
        large({ payload });
        word();
        later(600);
      }
      return later(0);
    };
    expect(hole(1300)).toBe(1280);
    expect(hole(1100)).toBe(576);
    expect(hole(500)).toBe(576);
  });
});
