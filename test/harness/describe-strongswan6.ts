/**
 * Tests that need strongSwan 6. It comes from Debian's testing, which may be out of reach or out of joint on a day when
 * everything else is well: they are skipped then, with a printed reason.
 */
import { describe, expect, it } from 'vitest';
import { HAS_STRONGSWAN_6 } from './strongswan-versions.ts';

export function describeWithStrongSwan6(name: string, body: () => void): void {
  if (!HAS_STRONGSWAN_6) {
    console.warn(`skipped: ${name}: scripts/setup.sh --with-lab could not fetch strongSwan 6`);
  }
  describe.skipIf(!HAS_STRONGSWAN_6)(`strongSwan 6: ${name}`, () => {
    it('is on this machine', () => expect(HAS_STRONGSWAN_6).toBe(true));
    body();
  });
}
