/** What of an error that nobody caught is written down. */
import { describe, expect, it } from 'vitest';
import { faultMessage, faultText } from '#helper/log/fault.ts';

const SECRET = 'canary-5d0c';

const thrown = (act: () => unknown): Error => {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it does not throw');
};

describe('faultText', () => {
  it.each<[string, () => unknown]>([
    ['a value that Node does not take', () => Buffer.alloc(SECRET as unknown as number)],
    ['the octets of one', () => new URL(SECRET)],
    ['text that is no JSON', () => JSON.parse(SECRET)],
    ['JSON that ends too soon', () => JSON.parse(`{"password": "${SECRET}"`)],
    ['a property that is not there', () => (undefined as unknown as Record<string, unknown>)[SECRET]],
  ])('holds nothing of %s', (_name, act) => {
    const error = Object.assign(thrown(act), { input: SECRET, cause: new Error(SECRET) });
    const text = faultText(error);
    expect(text).not.toContain(SECRET.slice(0, 6));
    expect(text).toContain(error.name);
    expect(text).toMatch(/\n +at .*fault\.test\.ts:\d+/);
  });

  it('keeps what is not quoted', () => {
    expect(faultText(new Error('a window of size 3, not 2')).split('\n')[0]).toBe(
      'Error: a window of size 3, not 2',
    );
  });

  it('takes whatever was thrown', () => {
    expect([faultMessage(new TypeError('x')), faultText('y "z"')]).toEqual(['TypeError: x', 'y "…"']);
  });

  it('leaves out a quote without an end, and what a message disguises as a frame', () => {
    const error = new Error(`no end to "${SECRET}\n    at ${SECRET}`);
    expect(faultText(error)).not.toContain(SECRET);
  });
});
