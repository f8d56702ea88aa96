/**
 * A gateway of our own that takes everything, and a profile that fits it: ESP by itself (IP protocol 50) where no NAT stands in
 * between. charon's ESP in user space has no such thing.
 */
import type { ProfileInput } from '#core/profile/profile.ts';
import { EmbeddedGateway } from './embedded-gateway.ts';
import { LAB, type Lab } from './lab.ts';
import { CLIENT_ID, GATEWAY_ID, PSK } from './scene.ts';

/** With routes for everything, ESP itself must pass beside the tunnel. */
const EVERYTHING = ['0.0.0.0/0', '::/0'];

export const bareProfile = (address: string, networks: readonly string[] = EVERYTHING): ProfileInput => ({
  format: 'adit-profile',
  version: 1,
  name: 'bare',
  gateway: { addresses: [address], id: GATEWAY_ID },
  authentication: { method: 'psk', localId: CLIENT_ID },
  ike: { encapsulation: 'auto' },
  child: { remoteTs: [...networks], proposals: ['aes256gcm16'] },
});

export const startBareGateway = (lab: Lab): Promise<EmbeddedGateway> =>
  EmbeddedGateway.start(lab.gateway, {
    localId: GATEWAY_ID,
    keys: { [CLIENT_ID]: PSK },
    pools: { ip4: LAB.pool.ip4, ip6: LAB.pool.ip6 },
    dns: [],
    localTs: EVERYTHING,
  });
