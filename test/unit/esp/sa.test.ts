/** What an SA does with packets, once for both twins: RFC 4303 §3.3 and §3.4. */
import { describe, expect, it } from 'vitest';
import type { SaCounters } from '#core/esp/sa-counters.ts';
import { EspTransform } from '#core/esp/packet.ts';
import { concat } from '#core/bytes/bytes.ts';
import { type ChildText, childFromText, facing, keysNamed, suite } from '#test/harness/esp-children.ts';
import { ESP_TWINS, okPacket } from '#test/harness/esp-twins.ts';
import { ipv4, ipv4Udp, ipv6Udp } from '#test/harness/ip-packets.ts';

const HERE = '10.0.0.1';
const THERE = '10.1.0.1';
const SA: ChildText = {
  spiIn: 0x1001,
  spiOut: 0x2001,
  esp: 'aes128gcm16',
  keyIn: 'there to here',
  keyOut: 'here to there',
  local: ['10.0.0.0/24', 'fd00::/64'],
  remote: ['10.1.0.0/24', 'fd01::/64'],
};
const out = ipv4Udp({ source: HERE, destination: THERE, payload: new Uint8Array(100) });
const back = ipv4Udp({ source: THERE, destination: HERE, payload: new Uint8Array(100) });
const zeros = (length: number) => new Uint8Array(length);

/** What the peer of SA may send, right or wrong, under the right key. */
function sealed(sequence: bigint, payload: Uint8Array, nextHeader: number, text = SA): Uint8Array {
  const espSuite = suite(text.esp);
  return new EspTransform(espSuite, keysNamed(text.keyIn, espSuite), zeros).seal(
    text.spiIn,
    sequence,
    payload,
    nextHeader,
  );
}

/** ESP around this very plaintext, trailer included: authentic, whatever stands in it. */
function sealedClear(sequence: number, clear: Uint8Array): Uint8Array {
  const { encryption } = suite(SA.esp);
  const header = Uint8Array.of(0, 0, 0x10, 0x01, 0, 0, 0, sequence);
  const iv = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, sequence);
  const cipher = encryption.bind(keysNamed(SA.keyIn, suite(SA.esp)).encryption);
  return concat(header, iv, cipher.encrypt(iv, clear, header));
}

/** Every ESP packet stands in exactly one counter. */
const received = (counters: SaCounters): bigint =>
  counters.packetsIn +
  counters.replayDrops +
  counters.authFailures +
  counters.selectorDrops +
  counters.malformedDrops +
  counters.dummies +
  counters.expiredDrops;

describe.each(ESP_TWINS)('$name', ({ open }) => {
  const pair = (text: ChildText = SA) => ({
    here: open(childFromText(text)),
    there: open(childFromText(facing(text))),
  });

  it('carries packets of both families both ways, and both ends count alike', () => {
    const { here, there } = pair();
    const out6 = ipv6Udp({ source: 'fd00::1', destination: 'fd01::1', payload: new Uint8Array(33) });
    for (const packet of [out, out6, out]) {
      expect(there.inbound(okPacket(here.outbound(packet)))).toEqual({ reason: 'ok', packet });
    }
    expect(here.inbound(okPacket(there.outbound(back)))).toEqual({ reason: 'ok', packet: back });
    const expected = {
      packetsOut: 3n,
      bytesOut: BigInt(2 * out.length + out6.length),
      packetsIn: 1n,
      bytesIn: 128n,
    };
    expect(here.counters()).toMatchObject({ ...expected, packetsLeft: 0xffffffffn - 3n, replayDrops: 0n });
    const { packetsOut, bytesOut, packetsIn, bytesIn } = there.counters();
    expect([packetsIn, bytesIn, packetsOut, bytesOut]).toEqual(Object.values(expected));
  });

  it('numbers packets from one and pads with 1, 2, 3 …', () => {
    const text = { ...SA, esp: 'null-sha256' };
    const esp = okPacket(pair(text).here.outbound(out.with(3, 27).subarray(0, 27)));
    expect([...esp.subarray(0, 8)]).toEqual([0, 0, 0x20, 0x01, 0, 0, 0, 1]);
    expect([...esp.subarray(8 + 27, -16)]).toEqual([1, 2, 3, 3, 4]);
  });

  it('never uses an IV twice, and draws those of CBC', () => {
    for (const esp of [
      'aes128gcm16',
      'aes128ctr-sha256',
      'aes128-sha256',
      '3des-sha1',
      'chacha20poly1305',
      'aes256ccm8',
    ]) {
      const { here } = pair({ ...SA, esp });
      const { ivBytes, iv } = suite(esp).encryption;
      const ivs = Array.from({ length: 50 }, () =>
        Buffer.from(okPacket(here.outbound(out)).subarray(8, 8 + ivBytes)),
      );
      expect(new Set(ivs.map((one) => one.toString('hex'))).size).toBe(50);
      const rising = ivs.every((one, at) => one.readBigUInt64BE(ivBytes - 8) === BigInt(at + 1));
      expect(rising).toBe(iv === 'counter');
    }
  });

  it('refuses outbound what its selectors do not take, and what is no packet', () => {
    const { here } = pair();
    expect(here.outbound(ipv4Udp({ source: HERE, destination: '10.2.0.1', payload: out }))).toEqual({
      reason: 'selector',
    });
    expect(here.outbound(back)).toEqual({ reason: 'selector' });
    expect(here.outbound(out.subarray(0, 30))).toEqual({ reason: 'malformed' });
    expect(here.outbound(new Uint8Array(0))).toEqual({ reason: 'malformed' });
    expect(here.counters()).toMatchObject({ packetsOut: 0n, packetsLeft: 0xffffffffn });
  });

  it('leaves traffic flow padding behind', () => {
    const { here } = pair();
    const padded = concat(back, new Uint8Array(500));
    expect(here.inbound(sealed(1n, padded, 4))).toEqual({ reason: 'ok', packet: back });
    expect(here.counters().bytesIn).toBe(BigInt(back.length));
  });

  const bad: [string, Uint8Array, string][] = [
    ['a source outside the selectors', sealed(1n, out, 4), 'selector'],
    ['the wrong family for its next header', sealed(1n, back, 41), 'malformed'],
    ['a next header that is no IP', sealed(1n, back, 17), 'malformed'],
    ['an inner length past the payload', sealed(1n, back.subarray(0, 100), 4), 'malformed'],
    ['no inner packet', sealed(1n, new Uint8Array(0), 4), 'malformed'],
    ['a dummy packet', sealed(1n, new Uint8Array(40), 59), 'dummy'],
    ['an empty dummy packet', sealed(1n, new Uint8Array(0), 59), 'dummy'],
    ['padding that is not 1, 2, 3', sealedClear(1, concat(back, Uint8Array.of(1, 2, 4, 3, 4))), 'malformed'],
    ['padding of zeros', sealedClear(1, concat(back, Uint8Array.of(0, 0, 2, 4))), 'malformed'],
    ['a pad length past the start', sealedClear(1, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 4)), 'malformed'],
    ['nothing but a trailer', sealedClear(1, Uint8Array.of(0, 4)), 'malformed'],
    ['a dummy with bad padding', sealedClear(1, Uint8Array.of(9, 1, 59)), 'malformed'],
    ['sequence number zero', sealed(0n, back, 4), 'replay'],
    ['a single octet of plaintext', sealedClear(1, Uint8Array.of(4)), 'auth'],
    ['no plaintext', sealedClear(1, new Uint8Array(0)), 'auth'],
    ['an ICV cut short', sealed(1n, back, 4).subarray(0, -1), 'auth'],
    ['SPI and sequence number only', sealed(1n, back, 4).subarray(0, 8), 'auth'],
  ];

  it.each(bad)('drops %s', (_, esp, reason) => {
    const { here } = pair();
    expect(here.inbound(esp)).toEqual({ reason });
    expect(received(here.counters())).toBe(1n);
    expect(here.counters()).toMatchObject({ packetsIn: 0n, bytesIn: 0n });
    expect(here.inbound(sealed(2n, back, 4)).reason).toBe('ok');
  });

  it('takes the largest padding that the trailer can name', () => {
    const padding = Uint8Array.from({ length: 255 }, (_, at) => at + 1);
    const { here } = pair();
    expect(here.inbound(sealedClear(1, concat(back, padding, Uint8Array.of(255, 4))))).toEqual({
      reason: 'ok',
      packet: back,
    });
  });

  it('notices every single bit that is turned', () => {
    for (const esp of [
      'aes128gcm8',
      'aes128-sha1',
      'null-md5',
      'chacha20poly1305',
      'aes128ccm12',
      'aes256ctr-sha512-esn',
    ]) {
      const { here, there } = pair({ ...SA, esp, replayWindow: 0 });
      const good = okPacket(there.outbound(back));
      for (let bit = 32; bit < good.length * 8; bit++) {
        const at = bit >> 3;
        const forged = good.with(at, (good[at] as number) ^ (1 << (bit & 7)));
        expect(here.inbound(forged).reason).not.toBe('ok');
      }
      expect(here.inbound(good).reason).toBe('ok');
      const { authFailures, replayDrops } = here.counters();
      expect(authFailures + replayDrops).toBe(BigInt(good.length * 8 - 32));
      // The top bit of the sequence number makes an extended one fall before the first.
      expect(replayDrops).toBe(esp.endsWith('esn') ? 1n : 0n);
    }
  });

  it('a forged packet does not move the window', () => {
    const { here, there } = pair();
    const good = okPacket(there.outbound(back));
    const forged = sealed(1_000_000n, back, 4).fill(0, -16);
    expect(here.inbound(forged).reason).toBe('auth');
    expect(here.inbound(good).reason).toBe('ok');
  });

  it('does not touch the packets it is given', () => {
    const { here, there } = pair();
    const [packet, esp] = [out.slice(), okPacket(there.outbound(back))];
    const before = esp.slice();
    okPacket(here.outbound(packet));
    okPacket(here.inbound(esp));
    expect([packet, esp]).toEqual([out, before]);
  });

  it('refuses ESP below 8 octets as an error of the caller', () => {
    expect(() => pair().here.inbound(new Uint8Array(7))).toThrow(/^esp: /);
  });

  describe('limits', () => {
    it('of packets end both directions, in either direction', () => {
      const limited = { ...SA, maxPackets: 2 };
      const one = pair(limited).here;
      expect([one.outbound(out), one.outbound(out), one.outbound(out)].map(({ reason }) => reason)).toEqual([
        'ok',
        'ok',
        'expired',
      ]);
      expect(one.inbound(sealed(1n, back, 4)).reason).toBe('expired');
      expect(one.counters()).toMatchObject({
        packetsOut: 2n,
        packetsIn: 0n,
        expiredDrops: 1n,
        packetsLeft: 0n,
      });
      const other = pair(limited).here;
      const reasons = [1n, 2n, 3n].map((sequence) => other.inbound(sealed(sequence, back, 4)).reason);
      expect(reasons).toEqual(['ok', 'ok', 'expired']);
      expect(other.outbound(out).reason).toBe('expired');
    });

    it('of octets are never passed by a single one', () => {
      const { here } = pair({ ...SA, maxBytes: 2 * out.length });
      expect([here.outbound(out), here.outbound(out)].map(({ reason }) => reason)).toEqual(['ok', 'ok']);
      expect(here.counters().packetsLeft).toBe(0xffffffffn - 2n);
      expect(here.outbound(out.with(3, 28).subarray(0, 28)).reason).toBe('expired');
      expect(here.counters()).toMatchObject({ bytesOut: BigInt(2 * out.length), packetsLeft: 0n });
      expect(pair({ ...SA, maxBytes: out.length - 1 }).here.outbound(out).reason).toBe('expired');
    });

    it('of time end both directions, however little was carried', () => {
      const { here } = pair();
      okPacket(here.outbound(out));
      here.endLife();
      expect(here.outbound(out).reason).toBe('expired');
      expect(here.inbound(sealed(1n, back, 4)).reason).toBe('expired');
      expect(here.counters()).toMatchObject({
        packetsOut: 1n,
        packetsIn: 0n,
        expiredDrops: 1n,
        packetsLeft: 0n,
      });
    });

    it.each([
      ['aes128gcm16', 0xffffffffn],
      ['aes128gcm16-esn', (1n << 64n) - 1n],
    ])('the sequence number of %s ends at %s and never comes round', (esp, last) => {
      const { here, there } = pair({ ...SA, esp });
      here.startAfter(last - 2n, 0n);
      there.startAfter(0n, last - 2n);
      expect(here.counters().packetsLeft).toBe(2n);
      for (let i = 0; i < 2; i++) expect(there.inbound(okPacket(here.outbound(out))).reason).toBe('ok');
      expect(here.outbound(out).reason).toBe('expired');
      expect(here.counters()).toMatchObject({ packetsOut: 2n, packetsLeft: 0n });
    });
  });

  describe('selectors', () => {
    const icmp = (type: number, code: number) => ipv4(HERE, THERE, 1, Uint8Array.of(type, code, 0, 0));
    const udp = (sourcePort: number, destinationPort: number) =>
      ipv4Udp({ source: HERE, destination: THERE, sourcePort, destinationPort, payload: zeros(4) });
    const later = ipv4(HERE, THERE, 17, zeros(8), 100);

    it.each<[string, string, Uint8Array, 'ok' | 'selector']>([
      ['10.0.0.1', '10.1.0.1[udp/53]', udp(9, 53), 'ok'],
      ['10.0.0.1', '10.1.0.1[udp/53]', udp(53, 9), 'selector'],
      ['10.0.0.1[udp/1000-2000]', '10.1.0.1', udp(2000, 9), 'ok'],
      ['10.0.0.1[udp/1000-2000]', '10.1.0.1', udp(2001, 9), 'selector'],
      ['10.0.0.1', '10.1.0.1[tcp]', udp(9, 53), 'selector'],
      ['10.0.0.1', '10.1.0.1[udp/53]', later, 'selector'],
      ['10.0.0.1', '10.1.0.1[udp]', later, 'ok'],
      ['10.0.0.1[udp/opaque]', '10.1.0.1[udp/opaque]', later, 'ok'],
      ['10.0.0.1[udp/opaque]', '10.1.0.1[udp/opaque]', udp(1, 2), 'selector'],
      ['10.0.0.1[icmp/8]', '10.1.0.1[icmp/8]', icmp(8, 0), 'ok'],
      ['10.0.0.1[icmp/8]', '10.1.0.1[icmp/8]', icmp(0, 0), 'selector'],
      ['10.0.0.1[icmp/3(1)]', '10.1.0.1[icmp/3(1)]', icmp(3, 1), 'ok'],
      ['10.0.0.1[icmp/3(1)]', '10.1.0.1[icmp/3(1)]', icmp(3, 2), 'selector'],
      ['10.0.0.0-10.0.0.1', '10.1.0.1-10.1.0.9', udp(1, 2), 'ok'],
      ['10.0.0.2-10.0.0.9', '10.1.0.1', udp(1, 2), 'selector'],
      ['10.0.0.0-10.0.0.0', '10.1.0.1', udp(1, 2), 'selector'],
      ['::/0', '::/0', udp(1, 2), 'selector'],
    ])('%s to %s', (local, remote, packet, reason) => {
      const { here, there } = pair({ ...SA, local: [local], remote: [remote] });
      expect(here.outbound(packet).reason).toBe(reason);
      const anyone = open(childFromText(facing({ ...SA, local: ['0.0.0.0/0'], remote: ['0.0.0.0/0'] })));
      const esp = okPacket(
        open(childFromText({ ...SA, local: ['0.0.0.0/0'], remote: ['0.0.0.0/0'] })).outbound(packet),
      );
      expect(there.inbound(esp).reason).toBe(reason);
      expect(anyone.inbound(esp).reason).toBe('ok');
    });
  });
});
