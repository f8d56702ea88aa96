/**
 * Addresses, MTU and state of the TUN adapter on Linux, in one run of `ip -batch -`. Called by the tunnel manager
 * when the gateway has assigned addresses, and again when it assigns others.
 */
import { z } from 'zod';
import { formatIp, type IpAddress, type Prefix } from '#core/net/address.ts';
import { SystemFailure, type LinkEffect, type LinkSettings, type Warnings } from '../effects.ts';
import { adapterIpv6, type Files, type SystemPaths } from '../files.ts';
import { familyOf, ipBatch } from '../ip.ts';
import type { Runner } from '../run.ts';

const shown = z.array(
  z.object({
    addr_info: z.array(z.object({ local: z.string(), prefixlen: z.number(), scope: z.string() })).default([]),
  }),
);

export class LinuxLink implements LinkEffect {
  readonly #runner: Runner;
  readonly #files: Files;
  readonly #paths: SystemPaths;

  constructor(runner: Runner, files: Files, paths: SystemPaths) {
    this.#runner = runner;
    this.#files = files;
    this.#paths = paths;
  }

  async apply({ tun, addresses, mtu }: LinkSettings): Promise<Warnings> {
    for (const { address } of addresses) refuseUnusable(address);
    const ipv6 = mtu < IPV6_MTU ? 'narrow' : adapterIpv6(this.#files, this.#paths, tun);
    const usable = addresses.filter(({ address }) => familyOf(address) === 4 || ipv6 === 'on');
    const left = addresses
      .filter((prefix) => !usable.includes(prefix))
      .map(({ address }) => formatIp(address));
    if (left.length > 0 && usable.length === 0) throw noIpv6(left, ipv6);

    const [before] = await ipBatch(this.#runner, `The adapter ${tun} cannot be set up`, [
      // Where none is wanted, which are there does not matter.
      usable.length === 0 ? `address flush dev ${tun} scope global` : `address show dev ${tun}`,
      // Nothing on this link answers router solicitations or wants a link-local neighbour.
      ...(ipv6 === 'on' || ipv6 === 'disabled' ? [`link set dev ${tun} addrgenmode none`] : []),
      `link set dev ${tun} mtu ${mtu}`,
      ...usable.map(
        (prefix) => `address replace ${hostText(prefix)} dev ${tun} ${FLAGS[familyOf(prefix.address)]}`,
      ),
      `link set dev ${tun} up`,
    ]);
    const wanted = new Set(usable.map(hostText));
    const stale = shown
      .parse(before ?? [])
      .flatMap(({ addr_info }) => addr_info)
      .filter(({ scope }) => scope === 'global')
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`)
      .filter((text) => !wanted.has(text));
    await ipBatch(
      this.#runner,
      `An old address of the adapter ${tun} cannot be removed`,
      stale.map((text) => `address del ${text} dev ${tun}`),
    );
    return left.map((text) => `IPv6 is ${STATE[ipv6]}: the address ${text} is not used`);
  }
}

/**
 * Routes come from the negotiated selectors alone: no prefix route. No duplicate address detection: there is no
 * neighbour to ask, and a tentative address cannot be a source.
 */
const FLAGS = { 4: 'noprefixroute', 6: 'nodad noprefixroute' } as const;

/** Below it the kernel takes IPv6 from an adapter (RFC 8200 §5). */
const IPV6_MTU = 1280;

const STATE = {
  on: 'on',
  disabled: 'switched off on this system',
  absent: 'not available on this system',
  narrow: 'not possible with an MTU below 1280',
} as const;

const REMEDY = {
  on: '',
  disabled: 'Switch it on: sysctl net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0',
  absent: 'Start the system without ipv6.disable=1, or let the gateway assign an IPv4 address',
  narrow: 'Take the MTU out of the profile, or raise it to 1280',
} as const;

/** A netmask from the gateway would only add a broadcast address of its choosing: each address is a host's. */
const hostText = ({ address }: Prefix): string => `${formatIp(address)}/${address.length * 8}`;

function noIpv6(addresses: readonly string[], state: keyof typeof STATE): SystemFailure {
  return new SystemFailure(
    'The tunnel has IPv6 addresses only and the adapter has no IPv6',
    `IPv6 is ${STATE[state]}; the gateway assigned ${addresses.join(', ')}`,
    REMEDY[state],
  );
}

/** Unspecified, loopback and multicast addresses would change what the system itself means by them. */
function refuseUnusable(address: IpAddress): void {
  const [first = 0] = address;
  const unusable =
    address.length === 4
      ? first === 0 || first === 127 || first >= 224
      : first === 0xff || address.subarray(0, 15).every((octet) => octet === 0);
  if (!unusable) return;
  throw new SystemFailure(
    'The gateway assigned an address that no host may have',
    formatIp(address),
    'Ask whoever runs the gateway to correct its address pool',
  );
}
