/**
 * What a tunnel may change on a host, read as one comparable object: links, addresses, rules, routes, firewall, DNS,
 * what lies in /run, and the kernel switches of the network. Taken before and after, the two must be equal.
 */
import type { Host } from './host.ts';

export interface Snapshot {
  readonly links: string;
  readonly addresses: string;
  readonly rules: string;
  readonly routes: string;
  readonly firewall: string;
  readonly resolvConf: string;
  readonly run: string;
  readonly switches: string;
}

/** One shell run on the host: sections separated by a line of their own. Fixed text, no input. */
const READ = `
section() { printf '\\n=== %s\\n' "$1"; }
section links; ip -o link show | sed -E 's/ (qlen|link-netnsid|group) [^ ]+//g'
section addresses; ip -o addr show | sed -E 's/valid_lft .*//'
section rules; ip -4 rule show; ip -6 rule show
section routes; ip -4 route show table all; ip -6 route show table all | sed -E 's/ expires [^ ]+//' | sort
section firewall; nft list ruleset
section resolvConf; ls -l /etc/resolv.conf | cut -d ' ' -f 1-4; cat /etc/resolv.conf
section run; find /run -mindepth 1 | sort
section switches; cd /proc/sys/net; grep -r . ipv4/ip_forward ipv4/conf/*/rp_filter ipv4/conf/*/arp_ignore ipv4/conf/*/src_valid_mark ipv4/conf/*/accept_local ipv6/conf/*/forwarding ipv6/conf/*/accept_ra ipv6/conf/*/disable_ipv6
`;

/** `ignore` names paths below /run that belong to the helper itself while it runs, such as `/run/adit`. */
export async function snapshot(host: Host, ignore: readonly string[] = []): Promise<Snapshot> {
  const text = await host.run(['sh', '-c', READ]);
  const sections = new Map(
    text
      .split('\n=== ')
      .slice(1)
      .map((part) => {
        const end = part.indexOf('\n');
        return [part.slice(0, end), part.slice(end + 1)] as const;
      }),
  );
  const of = (name: string) => sections.get(name) ?? '';
  const ours = (path: string) => ignore.some((own) => path === own || path.startsWith(`${own}/`));
  return {
    links: of('links'),
    addresses: of('addresses'),
    rules: of('rules'),
    routes: of('routes'),
    firewall: of('firewall'),
    resolvConf: of('resolvConf'),
    run: of('run')
      .split('\n')
      .filter((path) => !ours(path))
      .join('\n'),
    switches: of('switches'),
  };
}
