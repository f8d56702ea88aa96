/** Fragments of TLS in EAP, RFC 5216 §2.1.5: both directions, and lengths that lie. */
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { fragmentBytesOf, MAX_MESSAGE_BYTES, TlsFraming } from '#core/eap/methods/tls-framing.ts';

const message = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff);

/** Sends `bytes` from one framing to another and returns what arrives, with the packets. */
function carry(bytes: Uint8Array, size: number) {
  const from = new TlsFraming(size);
  const to = new TlsFraming(size);
  const packets = [from.send(bytes)];
  for (;;) {
    const framed = to.receive(packets.at(-1) ?? new Uint8Array());
    if (framed.kind === 'message') return { arrived: framed.bytes, packets };
    expect(framed.kind).toBe('fragment');
    expect(from.receive(to.acknowledge())).toEqual({ kind: 'go-on' });
    packets.push(from.next());
  }
}

describe('a message', () => {
  it.each([1, 99, 100, 101, 999, 1000, 1001])('arrives in fragments of %i octets', (size) => {
    const { arrived, packets } = carry(message, size);
    expect(toHex(arrived)).toBe(toHex(message));
    expect(packets).toHaveLength(Math.ceil(1000 / size));
  });

  it('says its length in the first fragment, and More in all but the last', () => {
    const { packets } = carry(message, 400);
    expect(packets.map((packet) => packet[0])).toEqual([0xc0, 0x40, 0]);
    expect(toHex(packets[0]?.subarray(1, 5) ?? new Uint8Array())).toBe('000003e8');
  });

  it('says its length in one piece too, until the handshake is over', () => {
    const framing = new TlsFraming(1024);
    expect(toHex(framing.send(fromHex('160301')))).toBe('8000000003160301');
    framing.alwaysLength = false;
    expect(toHex(framing.send(fromHex('160301')))).toBe('00160301');
  });

  it('may be nothing', () => {
    expect(toHex(new TlsFraming(100).send(new Uint8Array()))).toBe('00');
    expect(new TlsFraming(100).receive(fromHex('00'))).toMatchObject({ kind: 'message', start: false });
  });

  it('comes with any version in its flags, and says Start', () => {
    expect(new TlsFraming(100).receive(fromHex('21'))).toMatchObject({ kind: 'message', start: true });
  });

  it('inside another tunnel leaves room for what is around', () => {
    expect([fragmentBytesOf(1, 1024), fragmentBytesOf(2, 1024), fragmentBytesOf(2, 50)]).toEqual([
      1024, 924, 1,
    ]);
  });
});

describe('refused', () => {
  it.each([
    ['no flags', ['']],
    ['a length cut short', ['800000']],
    ['more octets than announced', ['80000000011603']],
    ['fewer octets than announced', ['8000000009160301']],
    ['a length of nothing with octets behind it (AOSP)', ['8000000000160303']],
    ['another length in the second fragment', ['c0000000041603', '80000000051603']],
    ['a length of four gigabytes', ['c0ffffffff16']],
    ['a fragment of nothing', ['40']],
  ])('%s', (_, packets) => {
    const framing = new TlsFraming(100);
    const feed = () => {
      for (const packet of packets) framing.receive(fromHex(packet));
    };
    expect(feed).toThrow(DecodeError);
  });

  it('a message that never ends', () => {
    const framing = new TlsFraming(100);
    const fragment = concat(Uint8Array.of(0x40), new Uint8Array(1000));
    const feed = () => {
      for (let octets = 0; octets <= MAX_MESSAGE_BYTES + 1000; octets += 1000) framing.receive(fragment);
    };
    expect(feed).toThrow(/longer than 65536/);
  });

  it('octets while our own fragments are on their way', () => {
    const framing = new TlsFraming(100);
    framing.send(message);
    expect(() => framing.receive(fromHex('00160301'))).toThrow(/between our fragments/);
  });
});
