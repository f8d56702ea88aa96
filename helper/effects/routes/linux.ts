/**
 * The way into the tunnel on Linux: a table of its own, and the rule `not fwmark MARK lookup TABLE` before the main
 * table. Packets of the helper's own marked sockets pass by; nothing else does, whatever routes a DHCP server adds
 * (TunnelVision) and whatever address a name resolves to (TunnelCrack): no host route for the gateway exists.
 */
import { getSystemErrorMessage } from 'node:util';
import { z } from 'zod';
import { formatIp, parsePrefix, type IpAddress } from '#core/net/address.ts';
import { NetworkUnreachable, type RoutesEffect, type RouteSettings, type Warnings } from '../effects.ts';
import { adapterIpv6, exists, type Files, type SystemPaths } from '../files.ts';
import { familyOf, ipFamilyBatch, ipLists, routeText, type Family } from '../ip.ts';
import type { Runner } from '../run.ts';
import { destinations, isTableRule, tableRules, type TableRule } from './plan.ts';
import { lookUpWay, type Netlink } from './way-lookup.ts';

type Entry = Parameters<RoutesEffect['undo']>[0];

const ruleList = z.array(
  z.object({
    priority: z.number(),
    table: z.string().optional(),
    fwmark: z.string().optional(),
    not: z.null().optional(),
    suppress_prefixlen: z.number().optional(),
  }),
);
const routeList = z.array(z.object({ dst: z.string(), type: z.string().optional() }));

interface KnownRule {
  readonly mark: number;
  readonly priority: number;
  readonly text: string;
}

export class LinuxRoutes implements RoutesEffect {
  readonly #runner: Runner;
  readonly #files: Files;
  readonly #paths: SystemPaths;
  readonly #netlink: Netlink;

  constructor(runner: Runner, files: Files, paths: SystemPaths, netlink: Netlink) {
    this.#runner = runner;
    this.#files = files;
    this.#paths = paths;
    this.#netlink = netlink;
  }

  async apply(settings: RouteSettings): Promise<Warnings> {
    const families = this.#families();
    const results = await Promise.allSettled(families.map((family) => this.#applyFamily(settings, family)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      await this.undo(settings).catch(() => undefined);
      throw failed.reason;
    }
    const warnings = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    if (!families.includes(6) && destinations(settings.remoteTs, 6).length > 0) {
      return [
        ...warnings,
        'IPv6 is not available on this system: the IPv6 networks of the tunnel are not reachable',
      ];
    }
    return warnings;
  }

  async undo(entry: Entry): Promise<Warnings> {
    await Promise.all(this.#families().map((family) => this.#undoFamily(entry, family)));
    return [];
  }

  async sourceFor(
    remote: IpAddress,
    mark: number,
  ): Promise<{ readonly address: IpAddress; readonly mtu: number; readonly dev: string }> {
    const text = formatIp(remote);
    const way = lookUpWay(this.#netlink, remote, mark);
    if ('errno' in way) throw unreachable(text, getSystemErrorMessage(-way.errno));
    const { source: address, mtu, dev } = way;
    if (address === undefined) throw unreachable(text, `the adapter ${dev} has no address of its family`);
    return { address, mtu, dev };
  }

  /** What is missing is added, what is stale removed, the rule last: until then nothing changes its way. */
  async #applyFamily(settings: RouteSettings, family: Family): Promise<Warnings> {
    const { tun, table } = settings;
    const carried = destinations(settings.remoteTs, family);
    const blocked = carried.length === 0 && takesOther(settings, family);
    const wanted = blocked ? ['default'] : carried;
    const { rules, routes: present } = await this.#standing(family, table);
    const source = settings.addresses.find(({ address }) => familyOf(address) === family)?.address;
    const switchedOff = family === 6 && adapterIpv6(this.#files, this.#paths, tun) !== 'on';
    const open = !blocked && !switchedOff;
    const suffix = source === undefined ? '' : ` src ${formatIp(source)}`;
    const lines = wanted.map((dst) =>
      open
        ? `route replace ${dst} dev ${tun} table ${table}${suffix}`
        : // The tunnel cannot carry it, and beside the tunnel it must not go either.
          `route replace unreachable ${dst} table ${table}`,
    );
    for (const { dst, kind } of present) {
      if (!wanted.includes(dst)) lines.push(`route del ${kind}${dst} table ${table}`);
    }
    const all = tableRules(wanted, family, settings.priority);
    // An `unreachable` answer ends the search, whatever the rule would leave to others: it comes last of its tunnel.
    const ours = (open ? all : all.slice(-1)).map((rule) => ruleText(settings, rule));
    const standing = rules.map(({ text }) => text);
    lines.push(...ours.filter((rule) => !standing.includes(rule)).map((rule) => `rule add ${rule}`));
    lines.push(...standing.filter((rule) => !ours.includes(rule)).map((rule) => `rule del ${rule}`));
    await ipFamilyBatch(this.#runner, `The routes of ${tun} cannot be set`, family, lines);
    if (blocked) return [`The tunnel takes everything, but no IPv${family}, which is blocked while it is up`];
    return carried.length > 0 && switchedOff
      ? [`IPv6 is switched off on ${tun}: the IPv6 networks of the tunnel are blocked`]
      : [];
  }

  async #undoFamily({ tun, table, mark, priority }: Entry, family: Family): Promise<void> {
    const { rules, routes } = await this.#standing(family, table);
    await ipFamilyBatch(this.#runner, `The routes of ${tun} cannot be removed`, family, [
      ...rules
        .filter((rule) => rule.mark === mark && isTableRule(rule.priority, priority))
        .map(({ text }) => `rule del ${text}`),
      ...(routes.length > 0 ? [`route flush table ${table}`] : []),
    ]);
  }

  /** The table's routes, and the rules of our shape that lead to it as the words that add or delete them. */
  async #standing(
    family: Family,
    table: number,
  ): Promise<{ rules: KnownRule[]; routes: { dst: string; kind: string }[] }> {
    const [rules, routes = []] = await ipLists(
      this.#runner,
      'The routes and their rules cannot be read',
      family,
      ['rule show', `route show table ${table}`],
    );
    return {
      rules: ruleList.parse(rules).flatMap(({ table: to, fwmark, not, priority, suppress_prefixlen }) => {
        if (to !== String(table) || not !== null || fwmark === undefined) return [];
        const mark = Number(fwmark);
        return [
          { mark, priority, text: ruleText({ table, mark }, { priority, suppress: suppress_prefixlen }) },
        ];
      }),
      routes: routeList.parse(routes).map(({ dst, type }) => ({
        dst: canonical(dst),
        kind: type === undefined ? '' : 'unreachable ',
      })),
    };
  }

  #families(): readonly Family[] {
    return exists(this.#files, `${this.#paths.procSys}/net/ipv6`) ? [4, 6] : [4];
  }
}

/** Whether the other family goes into the tunnel as a whole: what a user means by that is everything. */
const takesOther = ({ remoteTs }: RouteSettings, family: Family): boolean =>
  destinations(remoteTs, family === 4 ? 6 : 4).includes('default');

const unreachable = (address: string, detail: string): NetworkUnreachable =>
  new NetworkUnreachable(
    `There is no route to ${address}`,
    detail,
    'Check that this machine is connected to a network',
  );

/** The system's spelling of a destination as ours: `::1.2.3.4` and `::102:304` are one. */
function canonical(dst: string): string {
  const prefix = parsePrefix(
    dst.includes('/') || dst === 'default' ? dst : `${dst}/${dst.includes(':') ? 128 : 32}`,
  );
  return prefix === undefined ? dst : routeText(prefix);
}

const ruleText = (
  { table, mark }: Pick<Entry, 'table' | 'mark'>,
  { priority, suppress }: TableRule,
): string =>
  `not fwmark ${mark} lookup ${table} priority ${priority}${suppress === undefined ? '' : ` suppress_prefixlength ${suppress}`}`;
