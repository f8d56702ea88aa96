/**
 * `adit doctor` on Linux: what the effects and the data plane need of this system, each with what was found and the
 * one thing to do. Changes nothing. Called by the helper for the contract's call of that name.
 */
import { createRequire } from 'node:module';
import { z } from 'zod';
import type { LockdownStatus, doctorCheckSchema } from '#core/ipc/contract.ts';
import { LinuxDns } from './dns/linux.ts';
import { SystemFailure } from './effects.ts';
import { adapterIpv6, errorCode, readText } from './files.ts';
import { ReversePath } from './firewall/reverse-path.ts';
import type { JournalEntry } from './journal.ts';
import type { LinuxSystem } from './linux.ts';
import { lockdownStands } from './lockdown/stands.ts';

export type DoctorCheck = z.infer<typeof doctorCheckSchema>;

export interface DoctorInput {
  readonly system: LinuxSystem;
  /** Path of the built addon of helper/native. */
  readonly addon: string;
  readonly journal: readonly JournalEntry[];
  /** Adapters of tunnels that are up or on their way: what they changed is in its place. */
  readonly running: readonly string[];
  /** Parts of the network watch. */
  readonly watch: Readonly<Record<string, boolean>>;
  /** What in access.json permits nobody, though it is meant to. */
  readonly access: readonly { readonly found: string; readonly remedy: string }[];
  /** As the switch has it, which need not be what stands. */
  readonly lockdown: Pick<LockdownStatus, 'on' | 'fault'>;
}

type Check = (input: DoctorInput) => DoctorCheck | Promise<DoctorCheck>;

/** In the order of need. A check that throws has failed with what it threw. */
export async function doctor(input: DoctorInput): Promise<DoctorCheck[]> {
  const checks: DoctorCheck[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    try {
      checks.push(await check(input));
    } catch (error) {
      const found = (error as Error).message;
      checks.push(
        error instanceof SystemFailure ? bad(name, found, error.remedy) : { check: name, ok: false, found },
      );
    }
  }
  return checks;
}

const CHECKS: Readonly<Record<string, Check>> = {
  'data plane': ({ addon }) => {
    try {
      createRequire(import.meta.url)(addon);
      return good('data plane', `${addon} loads`);
    } catch (error) {
      const [first = ''] = (error as Error).message.split('\n');
      return bad('data plane', first, 'Build it: npm run build:native');
    }
  },
  'TUN device': ({ system: { files, paths } }) => {
    try {
      files.closeSync(files.openSync(paths.tunDevice, 'r+'));
      return good('TUN device', paths.tunDevice);
    } catch (error) {
      const code = errorCode(error);
      const missing = ['ENOENT', 'ENODEV', 'ENXIO'].includes(code);
      return bad(
        'TUN device',
        `${paths.tunDevice}: ${code}`,
        missing ? 'Load the module: modprobe tun' : 'Start aditd as root, with the device allowed',
      );
    }
  },
  privileges: ({ system: { files, paths } }) => {
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText(files, paths.selfStatus) ?? '')?.[1] ?? '0';
    return (BigInt(`0x${effective}`) & CAP_NET_ADMIN) === 0n
      ? bad('privileges', 'CAP_NET_ADMIN is missing', 'Start aditd as root or by its service unit')
      : good('privileges', 'CAP_NET_ADMIN');
  },
  ip: async ({ system: { runner } }) => {
    const { stdout } = await runner.run('ip', ['-V']);
    return good('ip', stdout.trim());
  },
  nft: async ({ system: { runner } }) => {
    if (runner.find('nft') === undefined) {
      return bad('nft', 'nft is missing: tunnels work without their guard', 'apt-get install nftables');
    }
    const { status, stderr } = await runner.run('nft', ['-j', 'list', 'tables']);
    return status === 0
      ? good('nft', 'nftables answers')
      : bad('nft', stderr.trim().slice(0, 300), 'Load the module: modprobe nf_tables');
  },
  DNS: async ({ system: { runner, files, paths } }) => {
    const backend = await new LinuxDns(runner, files, paths).detect();
    return good('DNS', `kept by ${DNS_NAMES[backend]}`);
  },
  IPv6: ({ system: { files, paths } }) => {
    const state = adapterIpv6(files, paths, 'default');
    if (state === 'on') return good('IPv6', 'on');
    return state === 'absent'
      ? bad('IPv6', 'not in this kernel', 'Start without ipv6.disable=1 if tunnels shall carry IPv6')
      : bad('IPv6', 'switched off for new adapters', 'sysctl net.ipv6.conf.default.disable_ipv6=0');
  },
  'reverse path filter': ({ system: { runner, files, paths } }) => {
    const strict = new ReversePath(files, paths).strictAdapters();
    if (strict.length === 0) return good('reverse path filter', 'not strict');
    const found = `strict on ${strict.join(', ')}`;
    return runner.find('nft') === undefined
      ? bad('reverse path filter', found, 'apt-get install nftables, or sysctl net.ipv4.conf.all.rp_filter=2')
      : good('reverse path filter', `${found}; the firewall table lets the gateway's packets pass`);
  },
  'network watch': ({ watch }) => {
    const missing = Object.keys(watch).filter((part) => watch[part] !== true);
    const found = missing.length === 0 ? 'complete' : `without ${missing.join(', ')}`;
    // logind adds a word before sleep to what the clock tells after it.
    return missing.every((part) => part === 'logind')
      ? good('network watch', found)
      : bad(
          'network watch',
          `${found}: tunnels notice a change late`,
          'Allow aditd AF_NETLINK sockets, inotify and timerfd_create, e.g. in its service unit',
        );
  },
  leftovers: async ({ system: { runner }, journal, running }) => {
    const inJournal = journal
      .filter(({ tun }) => !running.includes(tun))
      .map(({ effect, tun }) => `${effect} of ${tun}`);
    const tables =
      runner.find('nft') === undefined ? '' : (await runner.run('nft', ['list', 'tables'])).stdout;
    const inKernel = [...tables.matchAll(/^table (\w+) adit_(adit\d{1,4})$/gm)]
      .filter(([, , tun = '']) => !running.includes(tun))
      .map(([, family = '', tun = '']) => `firewall table ${family} adit_${tun}`);
    const found = [...inJournal, ...inKernel];
    return found.length === 0
      ? good('leftovers', 'none')
      : bad('leftovers', found.join(', '), 'Restart aditd: it undoes what its journal names at its start');
  },
  lockdown: async ({ system: { runner }, lockdown: { on, fault } }) => {
    const stands = await lockdownStands(runner);
    if (!on) {
      return stands
        ? bad('lockdown', 'off, but its rules hold packets back all the same', 'End it: adit lockdown off')
        : good('lockdown', 'off');
    }
    const again = 'Restart aditd: it puts it in force at its start';
    if (!stands) return bad('lockdown', `on, but not in force: ${fault ?? 'its rules are gone'}`, again);
    return fault === null
      ? good('lockdown', 'on, and in force')
      : bad('lockdown', `on, but not in force as it should be: ${fault}`, again);
  },
  // The others are in the log of the start.
  'access.json': ({ access: [first, ...others] }) => {
    if (first === undefined) return good('access.json', 'nothing wrong with it');
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    return bad('access.json', `${first.found}${more}`, first.remedy);
  },
};

const CAP_NET_ADMIN = 1n << 12n;

const DNS_NAMES = {
  resolved: 'systemd-resolved',
  resolvconf: 'resolvconf',
  'resolv.conf': '/etc/resolv.conf itself',
} as const;

const good = (check: string, found: string): DoctorCheck => ({ check, ok: true, found });
const bad = (check: string, found: string, remedy: string): DoctorCheck => ({
  check,
  ok: false,
  found,
  remedy,
});
