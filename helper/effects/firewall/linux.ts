/**
 * The firewall part of a tunnel on Linux: the tables of ruleset.ts through `nft -f -`, and the sysctl of
 * reverse-path.ts that their mark needs. A system without nft gets its tunnel and a warning.
 */
import { z } from 'zod';
import type { FirewallEffect, FirewallSettings, Warnings } from '../effects.ts';
import type { Files, SystemPaths } from '../files.ts';
import { runOrFail, type Runner } from '../run.ts';
import { Serial } from '../serial.ts';
import { ReversePath, sysctlError } from './reverse-path.ts';
import { adapterOfTable, arpTable, ipTables, needsIpv6, tableName } from './ruleset.ts';

const tableList = z.object({
  nftables: z.array(z.object({ table: z.object({ family: z.string(), name: z.string() }).optional() })),
});

const FROM_STDIN = ['-f', '-'];

export class LinuxFirewall implements FirewallEffect {
  readonly #runner: Runner;
  readonly #reversePath: ReversePath;
  /** Whether a tunnel is the last one must not change between the question and the answer. */
  readonly #serial = new Serial();
  /** The tunnels that have a table of IPv6. A kernel without IPv6 would refuse even to delete one. */
  readonly #withIpv6 = new Set<string>();

  constructor(runner: Runner, files: Files, paths: SystemPaths) {
    this.#runner = runner;
    this.#reversePath = new ReversePath(files, paths);
  }

  apply(settings: FirewallSettings): Promise<Warnings> {
    return this.#serial.run(async () => {
      if (this.#runner.find('nft') === undefined) return this.#withoutNft();
      // A transaction that is refused changes nothing: the guard that was there stays, since its addresses do, too.
      const warnings = await this.#load(settings);
      if (needsIpv6(settings)) this.#withIpv6.add(settings.tun);
      else this.#withIpv6.delete(settings.tun);
      return [...warnings, ...this.#allowMark()];
    });
  }

  undo({ tun }: { readonly tun: string }): Promise<Warnings> {
    return this.#serial.run(async () => {
      await this.#remove(tun);
      return [];
    });
  }

  async #remove(tun: string): Promise<void> {
    const tables = this.#runner.find('nft') === undefined ? [] : await this.#tables();
    const ours = tables.filter(({ name }) => name === tableName(tun));
    if (ours.length > 0) {
      const script = ours.map(({ family, name }) => `delete table ${family} ${name}\n`).join('');
      await runOrFail(
        this.#runner,
        `The firewall table of ${tun} cannot be removed`,
        'nft',
        FROM_STDIN,
        script,
      );
    }
    this.#withIpv6.delete(tun);
    if (ours.length === tables.length) this.#reversePath.restore();
  }

  async #load(settings: FirewallSettings): Promise<Warnings> {
    const ip = ipTables(settings, this.#withIpv6.has(settings.tun));
    const whole = await this.#runner.run('nft', FROM_STDIN, ip + arpTable(settings));
    if (whole.status === 0) return [];
    // Kernels without CONFIG_NF_TABLES_ARP refuse that table only.
    const what = `The firewall table of ${settings.tun} cannot be set`;
    await runOrFail(this.#runner, what, 'nft', FROM_STDIN, ip);
    return [
      'This kernel filters no ARP: neighbours on the network can ask for the address inside the tunnel',
      ...this.#strict("a tunnel that takes everything loses the network's router after a while"),
    ];
  }

  #withoutNft(): Warnings {
    return [
      'nft is missing, so the guard against packets injected into the tunnel is off: apt-get install nftables',
      ...this.#strict('without nft a tunnel that takes everything hears nothing from its gateway'),
    ];
  }

  /** What follows from a strict reverse path filter, where there is one. */
  #strict(consequence: string): Warnings {
    const adapters = this.#reversePath.strictAdapters();
    if (adapters.length === 0) return [];
    return [
      `rp_filter is strict on ${adapters.join(', ')}: ${consequence}; set net.ipv4.conf.all.rp_filter=2`,
    ];
  }

  #allowMark(): Warnings {
    try {
      this.#reversePath.allowMark();
      return [];
    } catch (error) {
      return [
        `rp_filter is strict and ${sysctlError(error)}: packets from the gateway may be dropped; ` +
          'set net.ipv4.conf.all.rp_filter=2',
      ];
    }
  }

  /** The tables of all tunnels. */
  async #tables(): Promise<{ family: string; name: string }[]> {
    const what = 'The firewall tables cannot be read';
    const listed = tableList.parse(
      JSON.parse(await runOrFail(this.#runner, what, 'nft', ['-j', 'list', 'tables'])),
    );
    return listed.nftables.flatMap(({ table }) =>
      table !== undefined && adapterOfTable(table.name) !== undefined ? [table] : [],
    );
  }
}
