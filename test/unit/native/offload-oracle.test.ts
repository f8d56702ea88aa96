/** Segmentation, ESP and coalescing of the native code against TypeScript; test/system/oracle.test.ts does more of it. */
import { describe, expect, it } from 'vitest';
import { EspSa } from '#core/esp/sa.ts';
import { linuxPlatform } from '#helper/native/data-plane-linux.ts';
import { type ChildText, childFromText, facing } from '#test/harness/esp-children.ts';
import { cut, frameOf, packetOf, randomFlow } from '#test/harness/offload-packets.ts';
import { compareOffloads } from '#test/harness/offload-oracle.ts';
import { RandomSource } from '#test/harness/random-source.ts';

it('cuts, seals, opens and joins as TypeScript does, packet by packet', { timeout: 60_000 }, () => {
  const report = compareOffloads(new RandomSource(20_260_102), 300);
  expect(report.disagreements).toEqual([]);
  // It compared something: super-packets were cut, runs were joined, corruption was there.
  expect(report.packetsOut).toBeGreaterThan(10 * report.framesOut);
  expect(report.framesIn).toBeLessThan(report.packetsIn * 0.8);
  expect(report.corrupted).toBeGreaterThan(100);
});

it('joins no more datagrams than the system takes at once', () => {
  const random = new RandomSource(64);
  const child = childFromText({ spiIn: 9, spiOut: 9, esp: 'aes128gcm16', keyIn: 'k', keyOut: 'k' });
  const path = linuxPlatform(process.env.ADIT_NATIVE).openPacketPath(child);
  const sealing = new EspSa(child, (length) => random.bytes(length));
  const [source, destination] = [random.bytes(4), random.bytes(4)];
  const plain = { v6: false, tcp: false, source, destination, extension: new Uint8Array(0) };
  const flow = { ...randomFlow(random), ...plain };
  const packets = Array.from({ length: 200 }, (_, id) =>
    packetOf(flow, { sequence: 0, acknowledgement: 0, window: 0, flags: 0, id, payload: random.bytes(64) }),
  );
  const esp = packets.map((packet) => {
    const sealed = sealing.outbound(packet);
    if (sealed.reason !== 'ok') throw new Error(sealed.reason);
    return sealed.packet;
  });
  const frames = path.receive(esp, 0);
  expect(frames.map((frame) => cut(frame).length)).toEqual([64, 64, 64, 8]);
  expect(frames.flatMap(cut)).toEqual(packets);
});

/** A TCP or UDP packet over IPv6, or a super-packet's frame (10 octets more in front), that goes by way of another address first. */
function detour(octets: Uint8Array, ipAt: 0 | 10, hop: Uint8Array): Uint8Array {
  const copy = Buffer.from(octets);
  const ip = copy.subarray(ipAt);
  // RFC 6275 §6.4: the home address stands behind eight octets, and the checksums have it as the destination.
  const routing = Buffer.concat([Buffer.of(ip[6] as number, 2, 2, 1, 0, 0, 0, 0), ip.subarray(24, 40)]);
  ip[6] = 43;
  ip.writeUInt16BE(ip.readUInt16BE(4) + routing.length, 4);
  ip.set(hop, 24);
  if (ipAt > 0) for (const at of [2, 6]) copy.writeUInt16LE(copy.readUInt16LE(at) + routing.length, at);
  return new Uint8Array(Buffer.concat([copy.subarray(0, ipAt + 40), routing, copy.subarray(ipAt + 40)]));
}

it.each([true, false])(
  'behind a routing header checksums are of the last destination (RFC 8200 §8.1), TCP %j',
  (tcp) => {
    const random = new RandomSource(43);
    const child = childFromText({ spiIn: 9, spiOut: 9, esp: 'aes128gcm16', keyIn: 'k', keyOut: 'k' });
    const path = linuxPlatform(process.env.ADIT_NATIVE).openPacketPath(child);
    const peer = new EspSa(child, (length) => random.bytes(length));
    const [source, destination, hop] = [random.bytes(16), random.bytes(16), random.bytes(16)];
    const plain = {
      v6: true,
      tcp,
      source,
      destination,
      extension: new Uint8Array(0),
      tcpOptions: new Uint8Array(0),
    };
    const content = {
      sequence: 1,
      acknowledgement: 2,
      window: 3,
      flags: 0x18,
      id: 7,
      payload: random.bytes(5000),
    };
    const frame = frameOf(packetOf({ ...randomFlow(random), ...plain }, content), { segment: 1400 });
    const opened = path.send(detour(frame, 10, hop)).map((esp) => peer.inbound(esp));
    expect(opened.map((one) => (one.reason === 'ok' ? one.packet : one.reason))).toEqual(
      cut(frame).map((packet) => detour(packet, 0, hop)),
    );
  },
);

/** So short that the header of one lies where those of the ones before it were. */
it.each(['aes128gcm16', 'aes128-sha256'])(
  'datagrams of four octets that one SA cannot carry any more travel on the one before, %s',
  (esp) => {
    const random = new RandomSource(4);
    const ends = {
      esp,
      local: ['10.1.2.3/32'],
      remote: ['10.4.5.6/32'],
      keyIn: 'in',
      keyOut: 'out',
    };
    const older: ChildText = { ...ends, spiIn: 8, spiOut: 8 };
    const newer: ChildText = { ...ends, spiIn: 9, spiOut: 9 };
    const limited = childFromText({ ...newer, maxPackets: 5 });
    const path = linuxPlatform(process.env.ADIT_NATIVE).openPacketPath(limited, childFromText(older));
    const [source, destination] = [Uint8Array.of(10, 1, 2, 3), Uint8Array.of(10, 4, 5, 6)];
    const plain = { v6: false, tcp: false, source, destination, extension: new Uint8Array(0) };
    const content = {
      sequence: 0,
      acknowledgement: 0,
      window: 0,
      flags: 0,
      id: 7,
      payload: random.bytes(80),
    };
    const frame = frameOf(packetOf({ ...randomFlow(random), ...plain }, content), { segment: 4 });
    const sent = path.send(frame);
    const spis = sent.map((one) => new DataView(one.buffer).getUint32(0));
    expect(spis).toEqual([...Array<number>(5).fill(9), ...Array<number>(15).fill(8)]);
    const atPeer = (child: ChildText) =>
      new EspSa(childFromText(facing(child)), (length) => random.bytes(length));
    const [ofOlder, ofNewer] = [atPeer(older), atPeer(newer)];
    const opened = sent.map((one, at) => (spis[at] === 8 ? ofOlder : ofNewer).inbound(one));
    expect(opened.map((one) => (one.reason === 'ok' ? one.packet : one.reason))).toEqual(cut(frame));
  },
);

describe('ECN at the end of the tunnel (RFC 6040 figure 4)', () => {
  const [notEct, ect1, ect0, ce] = [0, 1, 2, 3];
  const drop = undefined;
  const cases = [
    [notEct, [notEct, notEct, notEct, drop]],
    [ect1, [ect1, ect1, ect1, ce]],
    [ect0, [ect0, ect1, ect0, ce]],
    [ce, [ce, ce, ce, ce]],
  ] as const;

  it.each(cases)('inner %i becomes %j by the outer field', (inner, delivered) => {
    const random = new RandomSource(inner);
    const child = childFromText({ spiIn: 9, spiOut: 9, esp: 'aes128gcm16', keyIn: 'k', keyOut: 'k' });
    const path = linuxPlatform(process.env.ADIT_NATIVE).openPacketPath(child);
    const sealing = new EspSa(child, (length) => random.bytes(length));
    for (const v6 of [false, true]) {
      const address = () => random.bytes(v6 ? 16 : 4);
      const flow = { ...randomFlow(random), v6, source: address(), destination: address() };
      const plain = { ...flow, extension: new Uint8Array(0) };
      const content = { sequence: 1, acknowledgement: 2, window: 3, flags: 0x10, id: 7 };
      const packet = (ecn: number) =>
        packetOf({ ...plain, trafficClass: 0xb8 | ecn }, { ...content, payload: random.bytes(0) });
      for (const [outer, expected] of delivered.entries()) {
        const sealed = sealing.outbound(packet(inner));
        if (sealed.reason !== 'ok') throw new Error(sealed.reason);
        const frames = path.receive([sealed.packet], 0x20 | outer);
        expect(frames.flatMap(cut)).toEqual(expected === undefined ? [] : [packet(expected)]);
      }
    }
  });
});
