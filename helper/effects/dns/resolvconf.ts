/**
 * Name servers through the program resolvconf: openresolv, or Debian's resolvconf, which knows neither metric nor
 * exclusiveness and ignores the words. Called by linux.ts beside it.
 */
import type { Warnings } from '../effects.ts';
import { runOrFail, type Runner } from '../run.ts';
import type { DnsBackendEffect } from './backend.ts';
import type { VettedDns } from './vet.ts';

/** Both programs put records whose name begins with `tun` before those of network cards. */
const record = (tun: string): string => `tun.${tun}`;

export class Resolvconf implements DnsBackendEffect {
  readonly #runner: Runner;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  async apply({ tun, servers, domains, all }: VettedDns): Promise<Warnings> {
    const text = [
      ...servers.map((server) => `nameserver ${server}`),
      ...(domains.length === 0 ? [] : [`search ${domains.join(' ')}`]),
      '',
    ].join('\n');
    const args = ['-a', record(tun), '-m', '0', ...(all ? ['-x'] : [])];
    await runOrFail(this.#runner, 'resolvconf did not take the DNS servers', 'resolvconf', args, text);
    if (!all) {
      return [
        'resolvconf cannot send only some domains into the tunnel: its DNS servers are asked first for every name',
      ];
    }
    const { stdout } = await this.#runner.run('resolvconf', ['--version']);
    return /openresolv/i.test(stdout)
      ? []
      : ["This resolvconf keeps the network's DNS servers after the tunnel's: a name may be asked outside"];
  }

  async undo(tun: string): Promise<Warnings> {
    // -f: a record that is not there is no error to openresolv; Debian's takes its absence as done.
    const args = ['-d', record(tun), '-f'];
    await runOrFail(this.#runner, 'resolvconf did not remove the DNS servers', 'resolvconf', args);
    return [];
  }
}
