/**
 * What a person typed during a login that then succeeded, and wants to be asked no more: into the profile's record.
 * main.ts hands it to the tunnels.
 */
import { utf8 } from '#core/bytes/bytes.ts';
import type { Logger } from './log/log.ts';
import { type ProfileStore, StoreError } from './profile-store.ts';
import type { Viewer } from './stored-profile.ts';
import { Secret } from './secret.ts';
import type { Typed } from './tunnel/person.ts';
import { unlock } from './unlock.ts';

const HELPER: Viewer = { uid: 0, admin: true };

/** Never rejects for what the store says no to: the tunnel is up all the same. */
export async function remember(
  store: ProfileStore,
  log: Logger,
  id: string,
  { user, ...typed }: Typed,
): Promise<void> {
  const stored = store.get(id, HELPER);
  if (!stored) return;
  const { authentication } = stored.profile;
  const named =
    user !== undefined && 'methods' in authentication ? { ...authentication, user } : authentication;
  const secrets = Object.fromEntries(
    Object.entries(typed).map(([name, text]) => [name, new Secret(utf8(text))]),
  );
  try {
    store.replace(
      id,
      await unlock({
        ...stored,
        profile: { ...stored.profile, authentication: named },
        otherSecrets: { ...stored.otherSecrets, ...secrets },
      }),
      stored,
    );
    log.forProfile(id).info('what was typed for the login is remembered');
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.forProfile(id).error(`what was typed for the login is not remembered: ${error.message}`);
  }
}
