/** Profiles for the helper's tests: small, complete, and different where a test says so. */
import { utf8 } from '#core/bytes/bytes.ts';
import { profileSchema } from '#core/profile/profile.ts';
import type { Profile, ProfileInput } from '#core/profile/profile.ts';
import type { StoredProfile } from '#helper/stored-profile.ts';
import { Secret } from '#helper/secret.ts';

/** A key that must be found nowhere but in the store. */
export const CANARY = 'canary-psk-3f1c9a77';

export function profileNamed(name: string, change: Partial<ProfileInput> = {}): Profile {
  return profileSchema.parse({
    format: 'adit-profile',
    version: 1,
    name,
    gateway: { addresses: ['203.0.113.1'], id: 'gw.example' },
    authentication: { method: 'psk', localId: 'alice@example.org' },
    ...change,
  });
}

export function canarySecret(): Secret {
  return new Secret(utf8(CANARY));
}

export function entryNamed(
  name: string,
  change: Partial<Omit<StoredProfile, 'id'>> = {},
): Omit<StoredProfile, 'id'> {
  return { profile: profileNamed(name), psk: canarySecret(), owner: 1000, forAll: false, ...change };
}
