/**
 * DNS on Linux: finds out who keeps the system's name servers, vets what the gateway sent, and hands over to the one
 * back end. Called by the tunnel manager.
 */
import { join } from 'node:path';
import type { DnsBackend, DnsEffect, DnsSettings, Warnings } from '../effects.ts';
import { exists, readText, type Files, type SystemPaths } from '../files.ts';
import type { Runner } from '../run.ts';
import type { DnsBackendEffect } from './backend.ts';
import { ResolvConf } from './resolv-conf.ts';
import { Resolvconf } from './resolvconf.ts';
import { Resolved } from './resolved.ts';
import { vetDns } from './vet.ts';

export class LinuxDns implements DnsEffect {
  readonly #runner: Runner;
  readonly #files: Files;
  readonly #paths: SystemPaths;
  readonly #resolvConf: ResolvConf;
  readonly #backends: Readonly<Record<DnsBackend, DnsBackendEffect>>;

  constructor(runner: Runner, files: Files, paths: SystemPaths) {
    this.#runner = runner;
    this.#files = files;
    this.#paths = paths;
    const adapterExists = (tun: string) => exists(files, join(paths.procSys, 'net/ipv4/conf', tun));
    this.#resolvConf = new ResolvConf(files, paths);
    this.#backends = {
      resolved: new Resolved(runner, adapterExists),
      resolvconf: new Resolvconf(runner),
      'resolv.conf': this.#resolvConf,
    };
  }

  async detect(): Promise<DnsBackend> {
    const content = readText(this.#files, this.#paths.resolvConf) ?? '';
    const target = this.#linkTarget();
    if (this.#runsResolved() && this.#asksResolved(content, target)) return 'resolved';
    if (this.#runner.find('resolvconf') === undefined) return 'resolv.conf';
    // Debian's resolvconf owns a symbolic link, openresolv signs the file it writes.
    const kept = /\bresolvconf\b/.test(target) || /^#.*\bresolvconf\b/im.test(content);
    return kept ? 'resolvconf' : 'resolv.conf';
  }

  async apply(settings: DnsSettings, backend: DnsBackend): Promise<Warnings> {
    const vetted = vetDns(settings);
    if (vetted.servers.length === 0)
      return [...(await this.undo({ tun: settings.tun, backend })), ...vetted.warnings];
    return [...vetted.warnings, ...(await this.#backends[backend].apply(vetted))];
  }

  undo({ tun, backend }: { readonly tun: string; readonly backend: DnsBackend }): Promise<Warnings> {
    return this.#backends[backend].undo(tun);
  }

  /** The two programs keep what they were told, whoever else tells them something. */
  restore({ tun, backend }: { readonly tun: string; readonly backend: DnsBackend }): Promise<Warnings> {
    return backend === 'resolv.conf' ? this.#resolvConf.restore(tun) : Promise.resolve([]);
  }

  #runsResolved(): boolean {
    return this.#runner.find('resolvectl') !== undefined && exists(this.#files, this.#paths.resolvedSocket);
  }

  /** Programs reach resolved through its stub, through a file it keeps, or through nss-resolve. */
  #asksResolved(content: string, target: string): boolean {
    const hosts = /^hosts:.*\bresolve\b/m.test(readText(this.#files, this.#paths.nsswitch) ?? '');
    return (
      hosts ||
      /\/systemd\/(resolve\/|resolv\.conf)/.test(target) ||
      /^\s*nameserver\s+127\.0\.0\.5[34]\s*$/m.test(content)
    );
  }

  /** Where the file points, or nothing where it is no link. */
  #linkTarget(): string {
    const status = this.#files.lstatSync(this.#paths.resolvConf, { throwIfNoEntry: false });
    return status?.isSymbolicLink() === true ? this.#files.readlinkSync(this.#paths.resolvConf) : '';
  }
}
