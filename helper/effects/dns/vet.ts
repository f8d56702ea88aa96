/**
 * What a gateway says about DNS, before any of it reaches a program or a file: pure. Domains become host names of
 * the strict form or are left out with a warning; servers that would point this system at itself are left out too.
 */
import { formatIp, type IpAddress } from '#core/net/address.ts';
import type { DnsSettings } from '../effects.ts';

export interface VettedDns {
  readonly tun: string;
  /** Canonical text. */
  readonly servers: readonly string[];
  /** Lower case, without the final dot; each once. */
  readonly domains: readonly string[];
  readonly all: boolean;
  readonly warnings: readonly string[];
}

/** More than any network needs; a longer list is cut. */
const MAX_SERVERS = 16;
const MAX_DOMAINS = 64;

/** Labels of RFC 1123 §2.1, with the underscore that internal names use; never a leading hyphen. */
const DOMAIN =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

export function vetDns({ tun, servers, domains, all }: DnsSettings): VettedDns {
  const warnings: string[] = [];
  const take = <T>(list: readonly T[], limit: number, what: string): readonly T[] => {
    if (list.length > limit)
      warnings.push(`The gateway sent ${list.length} ${what}: the first ${limit} are used`);
    return list.slice(0, limit);
  };
  const names = take(domains, MAX_DOMAINS, 'DNS domains').map((domain) =>
    domain.toLowerCase().replace(/\.$/, ''),
  );
  const good = names.filter((name) => DOMAIN.test(name));
  for (const name of names.filter((each) => !DOMAIN.test(each))) {
    warnings.push(
      `The gateway sent a DNS domain that is no host name, left out: ${JSON.stringify(name.slice(0, 80))}`,
    );
  }
  const given = take(servers, MAX_SERVERS, 'DNS servers');
  for (const server of given.filter((each) => !isServer(each))) {
    warnings.push(`The gateway sent a DNS server that cannot be one, left out: ${formatIp(server)}`);
  }
  return {
    tun,
    servers: [...new Set(given.filter(isServer).map(formatIp))],
    domains: [...new Set(good)],
    all,
    warnings,
  };
}

/** Not unspecified, loopback, link-local IPv6 (it would need a scope) or multicast. */
function isServer(address: IpAddress): boolean {
  const [first = 0, second = 0] = address;
  if (address.length === 4) return first !== 0 && first !== 127 && first < 224;
  const local = address.subarray(0, 15).every((octet) => octet === 0);
  return !local && first !== 0xff && !(first === 0xfe && (second & 0xc0) === 0x80);
}
