/**
 * The ways to a gateway as the system has them now: from which address of ours, with which MTU, and to which address of the
 * gateway's an association goes on. Nothing is kept. negotiate.ts asks for each address that it tries, configuration.ts and, for
 * suspicion.ts, life.ts for an association that stands.
 */
import type { Failure } from '#core/failure/failure.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import { formatIp, type IpAddress, parseIp, type Path } from '#core/net/address.ts';
import type { Profile } from '#core/profile/profile.ts';
import { NetworkUnreachable, type RoutesEffect } from '../effects/effects.ts';
import type { Association } from './association.ts';
import type { Carrier } from './carrier.ts';
import { reachableOutside } from './elsewhere.ts';
import { TunnelError, systemFailure } from './failures.ts';
import { MARK } from './numbers.ts';

export interface WaySources {
  readonly routes: Pick<RoutesEffect, 'sourceFor'>;
  readonly carrier: Pick<Carrier, 'portFor' | 'portLike'>;
  readonly gateway: Pick<Profile['gateway'], 'port'>;
}

/** The path to an address as the system has it now, with its MTU; or why there is none. Throws TunnelError. */
export async function wayTo(
  remote: IpAddress,
  { routes, carrier, gateway }: WaySources,
): Promise<{ path: Path; mtu: number } | Failure> {
  const address = formatIp(remote);
  const port = carrier.portFor(remote.length === 4 ? 4 : 6);
  if (port === undefined) {
    return { cause: 'network-unreachable', address, detail: 'this machine has no IPv6' };
  }
  try {
    const source = await routes.sourceFor(remote, MARK);
    const local = { address: formatIp(source.address), port };
    return { path: { local, remote: { address, port: gateway.port } }, mtu: source.mtu };
  } catch (error) {
    if (!(error instanceof NetworkUnreachable)) {
      throw new TunnelError(systemFailure('The way to the gateway cannot be found', error));
    }
    return { cause: 'network-unreachable', address, detail: error.detail };
  }
}

/**
 * Where an association that stands can go on: to where it is now, else to another address of its gateway's (RFC 4555 §3.4), where
 * the gateway follows us. `remoteTs`: what lies in the tunnel. `undefined` where there is no way. Throws TunnelError.
 */
export async function wayOf(
  { path, mobike, peerAddresses }: Pick<Association, 'path' | 'mobike' | 'peerAddresses'>,
  remoteTs: readonly TrafficSelector[],
  sources: WaySources,
): Promise<Path | undefined> {
  const remote = path && parseIp(path.remote.address);
  if (!remote) return undefined;
  const others = mobike ? reachableOutside(peerAddresses, remoteTs) : [];
  for (const address of [remote, ...others]) {
    const way = await wayTo(address, sources);
    const port = sources.carrier.portLike(path.local.port, address.length === 4 ? 4 : 6);
    if ('cause' in way || port === undefined) continue;
    const { local, remote: there } = way.path;
    return { local: { ...local, port }, remote: { ...path.remote, address: there.address } };
  }
  return undefined;
}
