/** What a datagram on port 500 or 4500 is (RFC 3948): IKE, ESP, a keepalive. */
import { describe, expect, it } from 'vitest';
import { classify, frameIke, withoutMarker } from '#helper/native/demultiplex.ts';

const message = new Uint8Array(28).fill(7);
const marked = new Uint8Array([0, 0, 0, 0, ...message]);
const esp = new Uint8Array(40).fill(9);

describe('a datagram (RFC 3948 §2, RFC 7296 §2.23)', () => {
  it.each([
    ['a gateway on 500', 500, 40_000],
    ['a client that talks to 500', 40_000, 500],
    ['both on 500', 500, 500],
    ['a client on 4500 that talks to 500', 4500, 500],
  ])('is IKE without a marker for %s', (_, local, remote) => {
    expect(withoutMarker(local, remote)).toBe(true);
    expect(classify(message, local, remote)).toEqual({ kind: 'ike', bytes: message });
    expect(classify(esp, local, remote)).toEqual({ kind: 'ike', bytes: esp });
    expect(frameIke(message, local, remote)).toEqual(message);
  });

  it.each([
    ['a gateway on 4500', 4500, 40_000],
    ['a client that moved to 4500', 40_000, 4500],
    ['ports of their own choice', 4501, 5500],
  ])('is told apart by its first four octets for %s', (_, local, remote) => {
    expect(withoutMarker(local, remote)).toBe(false);
    expect(classify(marked, local, remote)).toEqual({ kind: 'ike', bytes: message });
    expect(classify(esp, local, remote)).toEqual({ kind: 'esp', bytes: esp });
    expect(frameIke(message, local, remote)).toEqual(marked);
  });

  it('is a keepalive when it is one octet of 0xff, on any port', () => {
    for (const port of [500, 4500])
      expect(classify(Uint8Array.of(0xff), port, 1)).toEqual({ kind: 'keepalive' });
  });

  it.each<[string, Uint8Array, number]>([
    ['empty', new Uint8Array(0), 4500],
    ['another single octet', Uint8Array.of(0xfe), 4500],
    ['seven octets of ESP', esp.subarray(0, 7), 4500],
    ['a marker alone', marked.subarray(0, 4), 4500],
    ['a marker and less than a header', marked.subarray(0, 31), 4500],
    ['less than a header on 500', message.subarray(0, 27), 500],
  ])('is a runt: %s', (_, bytes, port) => {
    expect(classify(bytes, port, 1)).toEqual({ kind: 'runt' });
  });
});
