/**
 * Name servers through the program resolvconf: openresolv, or Debian's resolvconf, which knows no exclusiveness
 * and ignores the word. Called by linux.ts beside it.
 */
import type { Warnings } from '../effects.ts';
import { runOrFail, type Runner } from '../run.ts';
import type { DnsBackendEffect } from './backend.ts';
import type { VettedDns } from './vet.ts';

/**
 * `tun0.adit` for adit0: both programs put records that begin with `tun` and a digit before those of network cards.
 * No metric: openresolv lists a record with one, even 0, after all that have none.
 */
const record = (tun: string): string => `${tun.replace('adit', 'tun')}.adit`;

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
    const args = ['-a', record(tun), ...(all ? ['-x'] : [])];
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
