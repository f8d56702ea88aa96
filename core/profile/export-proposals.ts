/** The IKE proposals of a profile for formats that know nothing but proposals. Called by the exporters. */
import { DEFAULT_IKE_TEXTS } from '#core/crypto/defaults.ts';
import { postQuantumTexts } from '#core/crypto/post-quantum-offer.ts';
import type { Profile } from '#core/profile/profile.ts';

/** Empty where the other program's own will do. `ike.postQuantum` is written out, of our own proposals too. */
export function ikeTexts({ proposals, postQuantum }: Profile['ike']): string[] {
  const own = proposals.length === 0 && postQuantum !== 'off' ? DEFAULT_IKE_TEXTS : proposals;
  return postQuantumTexts(own, postQuantum);
}
