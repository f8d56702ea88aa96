/** A login by name and password at a gateway that proves itself by key: neither certificates nor TLS. For a TunnelWorld. */
import { utf8 } from '#core/bytes/bytes.ts';
import type { EapUsers } from '#core/eap/method.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { id, type ResponderOverrides } from '#test/harness/ikev2-pair.ts';
import { CANARY, profileNamed } from './profiles.ts';
import { GATEWAY } from './tunnel-stage.ts';

export const PASSWORD = 'clientPass';
const ALICE: EapUsers = {
  find: (name) => (name === 'alice' ? { password: PASSWORD } : undefined),
};

/** The gateway, which knows `users` and asks by `method`. */
export const loginPeer = (
  users: EapUsers = ALICE,
  method: 'MSCHAPv2' | 'GTC' = 'MSCHAPv2',
): ResponderOverrides => ({
  localId: id('gw.example'),
  authentication: { method: 'psk', psk: utf8(CANARY) },
  remoteAuthentication: { method: 'eap', eap: { users, methods: [{ type: method }] } },
});

/** The profile `work` that fits it; `more` is said of the login, a user for example. */
export const loginProfile = (more: Partial<ProfileInput['authentication']> = {}) =>
  profileNamed('work', {
    gateway: { addresses: [GATEWAY], id: 'gw.example', authentication: { method: 'psk' } },
    authentication: { method: 'eap', localId: 'alice@example.org', ...more },
  });
