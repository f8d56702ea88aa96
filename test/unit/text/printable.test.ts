/** Text from outside is shown without what could act or hide. */
import { describe, expect, it } from 'vitest';
import { printable } from '#core/text/printable.ts';

describe('printable', () => {
  it.each([
    ['moon.strongswan.org', 'moon.strongswan.org'],
    ['Zürich 東京 🗼', 'Zürich 東京 🗼'],
    ['a\u001b[31mred', 'a\\u{1b}[31mred'],
    ['two\nlines\r', 'two\\u{a}lines\\u{d}'],
    ['\u009b2J', '\\u{9b}2J'],
    ['gpj.\u202eexe', 'gpj.\\u{202e}exe'],
    ['\ud83d', '\\u{d83d}'],
  ])('writes %j as %j', (text, written) => {
    expect(printable(text)).toBe(written);
  });

  it('cuts long text', () => {
    expect(printable('x'.repeat(300))).toHaveLength(256);
    expect(printable('abcdef', 4)).toBe('abc…');
  });
});
