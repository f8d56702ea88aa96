/** What an IKE SA hands out: SPIs that nobody else has and that are not reserved. */
import { describe, expect, it } from 'vitest';
import { IkeSa, newChild } from '#core/ikev2/ike-sa.ts';
import { initiatorConfig } from '#test/harness/ikev2-pair.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';

/** An SA whose randomness is this, one draw after the other. */
const saWith = (draws: readonly (readonly number[])[], spiTaken?: (spi: number) => boolean): IkeSa => {
  const left = [...draws];
  const random = (): Uint8Array => Uint8Array.from(left.shift() ?? [1]);
  return new IkeSa(
    { ...initiatorConfig(seededRandom(1)), random },
    spiTaken === undefined ? {} : { spiTaken },
  );
};

describe('SPIs', () => {
  it('of an IKE SA are never zero (§2.6)', () => {
    const sa = saWith([Array<number>(8).fill(0), [0, 0, 0, 0, 0, 0, 0, 5]]);
    expect(sa.newIkeSpi()).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 5));
  });

  it('of a Child SA are never reserved (RFC 4303 §2.1), never our own, never taken elsewhere', () => {
    const draws = [
      [0, 0, 0, 255],
      [0, 0, 1, 0],
      [0, 0, 1, 1],
      [255, 255, 255, 254],
    ];
    const sa = saWith(draws, (spi) => spi === 0x101);
    const { child } = sa.config;
    sa.addChild(newChild({ config: child, spiIn: 0x100, spiOut: 1_000, localTs: [], remoteTs: [] }));
    expect(sa.newChildSpi()).toBe(0xffff_fffe);
  });
});
