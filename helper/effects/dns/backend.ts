/** One way to set name servers: resolved.ts, resolvconf.ts and resolv-conf.ts are three. Called by linux.ts. */
import type { Warnings } from '../effects.ts';
import type { VettedDns } from './vet.ts';

export interface DnsBackendEffect {
  apply(settings: VettedDns): Promise<Warnings>;
  undo(tun: string): Promise<Warnings>;
}
