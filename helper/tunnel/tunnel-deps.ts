/** What a tunnel needs of the helper around it: main.ts has the real ones, test/fakes/tunnel-world.ts the others. */
import type { Connection, InitiatorConfig } from '#core/ikev2/connection-types.ts';
import type { Clock } from '../clock.ts';
import type { ConnectionInputs } from '../connection-config.ts';
import type { Effects } from '../effects/effects.ts';
import type { Journal } from '../effects/journal.ts';
import type { NetworkWatch } from '../effects/network-watch/network-watch.ts';
import type { Logger } from '../log/log.ts';
import type { Secret } from '../secret.ts';
import type { Resolver } from './candidates.ts';
import type { TunnelPlatform } from './carrier.ts';
import type { PortProbe } from './closed-port.ts';
import type { GatewayAddresses } from './gateway-addresses.ts';
import type { Passage } from './passage.ts';
import type { Typed } from './person.ts';
import type { CertifiedLoader } from './credentials.ts';
import type { Trust } from './verify-peer.ts';

export interface TunnelDeps extends Pick<ConnectionInputs, 'random' | 'keyLog' | 'applicationVersion'> {
  readonly platform: TunnelPlatform;
  readonly effects: Effects;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly network: Pick<NetworkWatch, 'subscribe'>;
  readonly resolver: Resolver;
  /** What names of gateways led to when a tunnel was last connected, for when no name server is within reach. */
  readonly gatewayAddresses: GatewayAddresses;
  /** Of a tunnel that has this adapter: where its packets may go. */
  readonly passage: (tun: string) => Passage;
  readonly isPortClosed: PortProbe;
  readonly createConnection: (config: InitiatorConfig) => Connection;
  /** What reads certificates and speaks TLS, loaded with the first tunnel that needs it. */
  readonly certified: CertifiedLoader;
  readonly trust: Trust;
  /** Stores a password that the gateway has changed, where the old one was stored. */
  readonly keepPassword: (id: string, password: Secret) => void;
  /** Stores what the person typed for a login that succeeded and wants to be asked no more. */
  readonly remember: (id: string, typed: Typed) => void;
  /** Whether another tunnel of ours leads to the same gateway now. */
  readonly notAlone: () => boolean;
  readonly log: Logger;
}
