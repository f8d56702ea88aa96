/** A secret shows itself to nobody who does not ask for it. */
import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '#core/bytes/bytes.ts';
import { Secret } from '#helper/secret.ts';

describe('a secret', () => {
  const secret = new Secret(utf8('swordfish'));

  it.each([
    ['text', String(secret)],
    ['concatenation', 'key: '.concat(secret as unknown as string)],
    ['JSON', JSON.stringify({ secret })],
    ['inspection', inspect({ deep: { secret } }, { depth: 9, showHidden: true })],
    ['console format', format('%s %o %j %O', secret, secret, secret, secret)],
    ['an error', String(new Error(`with ${secret as unknown as string}`))],
  ])('does not show itself as %s', (_, text) => {
    expect(text).not.toContain('swordfish');
    expect(text).not.toContain(Buffer.from('swordfish').toString('base64'));
    expect(text).toContain('[redacted]');
  });

  it('gives a copy to who asks, and nothing after it was wiped', () => {
    const own = new Secret(utf8('swordfish'));
    const copy = own.reveal();
    own.wipe();
    expect(fromUtf8(copy)).toBe('swordfish');
    expect(own.reveal()).toEqual(new Uint8Array(9));
  });

  it('does not follow changes of what it was made from', () => {
    const octets = utf8('swordfish');
    const own = new Secret(octets);
    octets.fill(0);
    expect(fromUtf8(own.reveal())).toBe('swordfish');
  });
});
