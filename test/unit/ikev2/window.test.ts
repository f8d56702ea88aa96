/** Message IDs and windows (RFC 7296 §2.2, §2.3). */
import { describe, expect, it } from 'vitest';
import { RequestWindow, ResponseWindow } from '#core/ikev2/window.ts';

const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('RequestWindow', () => {
  it('counts from 0 and gives each ID once', () => {
    const window = new RequestWindow();
    expect([window.take(), window.take(), window.take()]).toEqual([0, 1, 2]);
  });

  it('keeps the last ID for the Delete', () => {
    const window = new RequestWindow(0xffff_fffe);
    expect(window.exhausted).toBe(false);
    expect(window.take()).toBe(0xffff_fffe);
    expect(window.exhausted).toBe(true);
    expect(window.take()).toBe(0xffff_ffff);
  });

  it('never lets SET_WINDOW_SIZE shrink the window (§2.3)', () => {
    const window = new RequestWindow();
    window.peerAllows(5);
    window.peerAllows(2);
    expect(window.peerSize).toBe(5);
  });
});

describe('ResponseWindow', () => {
  it('takes requests in order only', () => {
    const window = new ResponseWindow();
    expect(window.classify(0)).toBe('new');
    expect(window.classify(1)).toBe('outside');
    window.answered(0, octets(1), [octets(2)]);
    expect(window.classify(0)).toBe('again');
    expect(window.classify(1)).toBe('new');
    expect(window.classify(2)).toBe('outside');
    window.answered(1, octets(3), [octets(4)]);
    expect(window.classify(0)).toBe('outside');
  });

  it('keeps the answer to the last request, for exactly these octets', () => {
    const window = new ResponseWindow();
    const request = octets(1, 2, 3);
    window.answered(0, request, [octets(9), octets(8)]);
    request.fill(0);
    expect(window.hasAnswered(octets(1, 2, 3))).toBe(true);
    expect(window.hasAnswered(octets(1, 2, 4))).toBe(false);
    expect(window.repeat()).toEqual([octets(9), octets(8)]);
  });

  it('makes the answer smaller once, for a peer that has asked three times', () => {
    const window = new ResponseWindow();
    expect(window.repeat()).toEqual([]);
    window.answered(0, octets(1), [octets(9, 8)], (whole) => [...whole, ...whole]);
    const repeated = [window.repeat(), window.repeat(), window.repeat()];
    expect(repeated.map(({ length }) => length)).toEqual([1, 2, 2]);
  });

  it('is spent when the peer has used its last ID', () => {
    const window = new ResponseWindow(0xffff_fffd);
    window.answered(0xffff_fffd, octets(), []);
    expect(window.exhausted).toBe(false);
    window.answered(0xffff_fffe, octets(), []);
    expect(window.exhausted).toBe(true);
  });
});
