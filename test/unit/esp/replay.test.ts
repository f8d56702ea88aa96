/** The anti-replay window and extended sequence numbers (RFC 4303 §3.4.3, App. A). */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_REPLAY_WINDOW, ReplayWindow } from '#core/esp/replay.ts';
import { EspSa } from '#core/esp/sa.ts';
import { childFromText, facing } from '#test/harness/esp-children.ts';
import { ESP_TWINS, okPacket } from '#test/harness/esp-twins.ts';
import { ipv4Udp } from '#test/harness/ip-packets.ts';

/** What RFC 4303 §3.4.3 says, with a set and no cleverness. */
class NaiveWindow {
  readonly #packets: bigint;
  readonly #seen = new Set<bigint>();
  #top = 0n;

  constructor(packets: number) {
    this.#packets = BigInt(packets);
  }

  accept(sequence: bigint): boolean {
    if (sequence === 0n || this.#seen.has(sequence)) return false;
    if (sequence + this.#packets <= this.#top) return false;
    this.#seen.add(sequence);
    if (sequence > this.#top) this.#top = sequence;
    return true;
  }
}

const windows = fc.oneof(
  fc.constantFrom(1, 31, 32, 33, 63, 64, 65, 128, 1024),
  fc.integer({ min: 1, max: 300 }),
);
/** Steps forward and back from the highest so far: mostly small, sometimes past the whole window. */
const steps = fc.array(
  fc.oneof(
    fc.integer({ min: -80, max: 80 }),
    fc.integer({ min: -1500, max: 1500 }),
    fc.integer({ min: 0, max: 1_000_000 }),
  ),
  { minLength: 1, maxLength: 200 },
);

describe('the window against replay', () => {
  it('agrees with a naive model on any order of packets', () => {
    fc.assert(
      fc.property(windows, steps, (packets, moves) => {
        const window = new ReplayWindow(packets, false);
        const model = new NaiveWindow(packets);
        let top = 0n;
        for (const move of moves) {
          const sequence = top + BigInt(move) < 0n ? 0n : top + BigInt(move);
          const fresh = window.fresh(sequence);
          const accepted = window.accept(sequence);
          expect(accepted).toBe(model.accept(sequence));
          expect(fresh).toBe(accepted);
          if (accepted && sequence > top) top = sequence;
        }
      }),
    );
  });

  it('takes everything when it is off', () => {
    const window = new ReplayWindow(0, false);
    for (const sequence of [5n, 5n, 1n, 0n, 5n]) expect(window.accept(sequence)).toBe(true);
  });

  it('refuses an impossible size by name', () => {
    for (const packets of [-1, 1.5, MAX_REPLAY_WINDOW + 1, Number.NaN]) {
      expect(() => new ReplayWindow(packets, false)).toThrow(/^replayWindow: /);
    }
    expect(new ReplayWindow(MAX_REPLAY_WINDOW, false).accept(1n)).toBe(true);
  });
});

describe('extended sequence numbers', () => {
  const HALF = 1n << 32n;
  const LAST = HALF * HALF - 1n;

  /** RFC 4303 Appendix A2.2: what was sent is found again if it is within the window below or 2^32 - W above the top. */
  it('are inferred wherever the RFC says that they can be', () => {
    const tops = fc.oneof(
      fc.bigInt({ min: 0n, max: LAST }),
      fc.integer({ min: -3000, max: 3000 }).map((offset) => 5n * HALF + BigInt(offset)),
      fc.constantFrom(0n, 1n, LAST, LAST - 1n, HALF - 1n, HALF),
    );
    fc.assert(
      fc.property(tops, windows, fc.bigInt({ min: 0n, max: HALF - 1n }), (top, packets, offset) => {
        const window = new ReplayWindow(packets, true);
        window.startAfter(top);
        const sequence = top - BigInt(packets) + 1n + offset;
        const inferred = window.infer(Number(BigInt.asUintN(32, sequence)));
        expect(inferred).toBe(sequence < 0n || sequence > LAST ? undefined : sequence);
      }),
      { numRuns: 2000 },
    );
  });

  it('without a window are the nearest of the possible ones', () => {
    const window = new ReplayWindow(0, true);
    window.startAfter(7n * HALF + 10n);
    expect(window.infer(0xfffffff0)).toBe(6n * HALF + 0xfffffff0n);
    expect(window.infer(9)).toBe(7n * HALF + 9n);
    window.startAfter(7n * HALF + 0xfffffff0n);
    expect(window.infer(3)).toBe(8n * HALF + 3n);
  });

  it.each(ESP_TWINS)('roll over without a gap, and old ones are refused: $name', ({ open }) => {
    const text = {
      spiIn: 0x1001,
      spiOut: 0x1001,
      esp: 'aes128gcm16-esn',
      keyIn: 'k',
      keyOut: 'k',
      replayWindow: 128,
    };
    const sender = open(childFromText(facing(text)));
    const receiver = open(childFromText(text));
    sender.startAfter(3n * HALF - 40n, 0n);
    receiver.startAfter(0n, 3n * HALF - 40n);
    const inner = ipv4Udp({ source: '10.0.0.1', destination: '10.0.0.2', payload: new Uint8Array(8) });
    const sent = Array.from({ length: 80 }, () => okPacket(sender.outbound(inner)));
    // Backwards in groups of ten: some of the lower subspace arrive after the first of the upper.
    for (let group = 0; group < 8; group++) {
      for (const esp of sent.slice(group * 10, group * 10 + 10).toReversed()) {
        expect(receiver.inbound(esp).reason).toBe('ok');
      }
    }
    for (const esp of sent) expect(receiver.inbound(esp).reason).toBe('replay');
    expect(receiver.counters()).toMatchObject({ packetsIn: 80n, replayDrops: 80n, authFailures: 0n });
  });
});

describe('the twins', () => {
  it('agree with the naive model, packet by packet', () => {
    const text = { spiIn: 0x1001, spiOut: 0x1001, esp: 'null-sha1', keyIn: 'k', keyOut: 'k' };
    const inner = ipv4Udp({ source: '10.0.0.1', destination: '10.0.0.2', payload: new Uint8Array(0) });
    fc.assert(
      fc.property(windows, steps, (packets, moves) => {
        const child = childFromText({ ...text, replayWindow: packets });
        const codecs = ESP_TWINS.map(({ open }) => open(child));
        const sender = new EspSa(child, (length) => new Uint8Array(length));
        const model = new NaiveWindow(packets);
        let top = 1n;
        for (const move of moves) {
          const sequence = top + BigInt(move) < 1n ? 1n : top + BigInt(move);
          sender.startAfter(sequence - 1n, 0n);
          const esp = okPacket(sender.outbound(inner));
          const expected = model.accept(sequence) ? 'ok' : 'replay';
          for (const codec of codecs) expect(codec.inbound(esp).reason).toBe(expected);
          if (expected === 'ok' && sequence > top) top = sequence;
        }
      }),
      { numRuns: 50 },
    );
  });
});
