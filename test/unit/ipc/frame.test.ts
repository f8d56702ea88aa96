/** Frames of the helper’s socket: length, limit, JSON. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '#core/bytes/bytes.ts';
import { encodeFrame, FrameDecoder, FrameError, MAX_FRAME } from '#core/ipc/frame.ts';

function frame(body: Uint8Array, length = body.length): Uint8Array {
  const header = new Uint8Array(4);
  new DataView(header.buffer).setUint32(0, length);
  return concat(header, body);
}

function faultOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof FrameError) return error.fault;
    throw error;
  }
  return 'none';
}

describe('encodeFrame', () => {
  it('writes the length in network byte order before the JSON', () => {
    expect([...encodeFrame({ a: 'é' })]).toEqual([0, 0, 0, 10, ...utf8('{"a":"é"}')]);
  });

  it('refuses what has no JSON form and what is too large', () => {
    expect(faultOf(() => encodeFrame(undefined))).toBe('not-json');
    expect(faultOf(() => encodeFrame('x'.repeat(MAX_FRAME)))).toBe('too-large');
    expect(encodeFrame('x'.repeat(MAX_FRAME - 2)).length).toBe(MAX_FRAME + 4);
  });
});

describe('FrameDecoder', () => {
  it('gives back any values however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
        (values, cuts) => {
          const stream = concat(...values.map((value) => encodeFrame(value)));
          const decoder = new FrameDecoder();
          const read: unknown[] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const step = cuts[i % cuts.length] as number;
            read.push(...decoder.feed(stream.subarray(at, at + step)));
            at += step;
          }
          expect(JSON.stringify(read)).toBe(JSON.stringify(values));
          expect(decoder.idle).toBe(true);
        },
      ),
    );
  });

  it('keeps an incomplete frame until the rest arrives', () => {
    const decoder = new FrameDecoder();
    const whole = encodeFrame([1, 2]);
    expect(decoder.feed(whole.subarray(0, 3))).toEqual([]);
    expect(decoder.idle).toBe(false);
    expect(decoder.feed(whole.subarray(3))).toEqual([[1, 2]]);
  });

  it('refuses a length above the limit from its four octets alone', () => {
    expect(faultOf(() => new FrameDecoder().feed(frame(new Uint8Array(0), MAX_FRAME + 1)))).toBe('too-large');
    expect(new FrameDecoder().feed(frame(new Uint8Array(0), MAX_FRAME))).toEqual([]);
  });

  it.each<[string, Uint8Array, string]>([
    ['a lone continuation octet', new Uint8Array([0x22, 0x80, 0x22]), 'not-utf8'],
    ['an overlong form', new Uint8Array([0x22, 0xc0, 0xaf, 0x22]), 'not-utf8'],
    ['a byte order mark', new Uint8Array([0xef, 0xbb, 0xbf, 0x31]), 'not-utf8'],
    ['half a value', utf8('{"a":'), 'not-json'],
    ['two values', utf8('1 2'), 'not-json'],
    ['nothing', new Uint8Array(0), 'not-json'],
  ])('refuses %s', (_name, body, fault) => {
    const decoder = new FrameDecoder();
    expect(faultOf(() => decoder.feed(frame(body)))).toBe(fault);
    expect(faultOf(() => decoder.feed(encodeFrame(1)))).toBe(fault);
  });

  it('stays broken, with the first error, whatever comes then', () => {
    const decoder = new FrameDecoder();
    const errors = [frame(utf8('{')), encodeFrame(1), encodeFrame(2)].map((chunk) => {
      try {
        return decoder.feed(chunk);
      } catch (error) {
        return error;
      }
    });
    expect(errors[0]).toBeInstanceOf(FrameError);
    expect(errors[1]).toBe(errors[0]);
    expect(errors[2]).toBe(errors[0]);
  });

  it('meets random octets with values or FrameError, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(['none', 'too-large', 'not-utf8', 'not-json']).toContain(
          faultOf(() => new FrameDecoder().feed(bytes)),
        );
      }),
    );
  });
});
