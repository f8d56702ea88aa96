/**
 * A Linux small enough to hold in memory, as the effects see it: rules, routes and addresses behind `ip`, tables
 * behind `nft`, name servers behind `resolvectl` and `resolvconf`; its files are real ones in a directory of the
 * test. It can be killed at any step: from then on each call of the "helper" throws, and what was done stays.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RunResult } from '#helper/effects/run.ts';
import { FakeRunner, type RecordedRun } from '#helper/effects/run-fake.ts';
import { systemFiles, type Files, type SystemPaths } from '#helper/effects/files.ts';
import type { LinuxSystem } from '#helper/effects/linux.ts';
import { FakeWatchSources } from './watch-sources.ts';

/** What a helper that was killed sees of the world: nothing. */
class Killed extends Error {}

type Family = 4 | 6;

/** Forcing a file to disk a thousand times costs nothing here. */
const MEMORY = '/dev/shm';

export class SimulatedLinux implements Disposable {
  readonly root = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'adit-linux-'));
  readonly paths: SystemPaths;
  readonly runner: FakeRunner;
  readonly netlink = new FakeWatchSources();
  readonly addresses = new Map<string, Set<string>>();
  readonly rules: Record<Family, Set<string>> = { 4: new Set(), 6: new Set() };
  readonly routes: Record<Family, Map<string, Set<string>>> = { 4: new Map(), 6: new Map() };
  readonly tables = new Set<string>();
  readonly resolved = new Map<string, Record<string, string>>();
  readonly resolvconf = new Map<string, string>();
  /** Makes a call fail: the first pattern that its line matches decides. */
  readonly refusals: { pattern: RegExp; stderr: string; status?: number }[] = [];

  constructor(programs: readonly string[] = ['ip', 'nft', 'resolvectl', 'resolvconf']) {
    this.paths = {
      stateDir: join(this.root, 'state'),
      procSys: join(this.root, 'proc-sys'),
      resolvConf: join(this.root, 'etc/resolv.conf'),
      nsswitch: join(this.root, 'etc/nsswitch.conf'),
      resolvedSocket: join(this.root, 'run/resolved'),
      tunDevice: join(this.root, 'dev/tun'),
      selfStatus: join(this.root, 'proc/status'),
    };
    mkdirSync(this.paths.stateDir);
    this.runner = new FakeRunner(programs, (run) => this.#answer(run));
    for (const name of ['all', 'default', 'eth0', 'adit0', 'adit1']) {
      this.sysctl(`net.ipv4.conf.${name}.rp_filter`, 0);
      this.sysctl(`net.ipv4.conf.${name}.src_valid_mark`, 0);
      this.sysctl(`net.ipv6.conf.${name}.disable_ipv6`, 0);
    }
    this.write(this.paths.resolvConf, 'nameserver 192.0.2.53\nsearch lan.example\noptions edns0 trust-ad\n');
    this.write(this.paths.nsswitch, 'hosts: files dns\n');
  }

  get system(): LinuxSystem {
    return { runner: this.runner, files: systemFiles, paths: this.paths, netlink: this.netlink };
  }

  sysctl(key: string, value: number): void {
    this.write(join(this.paths.procSys, ...key.split('.')), `${value}\n`);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** The same system under a helper that is killed before its call number `limit` (0, 1, …) of any kind. */
  killedAfter(limit: number): { system: LinuxSystem; killed: () => boolean } {
    let left = limit;
    const step = () => {
      if (left <= 0) throw new Killed(`killed before call ${limit}`);
      left--;
    };
    const files = new Proxy(systemFiles, {
      get(target, name) {
        const call = Reflect.get(target, name) as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          step();
          return call.apply(target, args);
        };
      },
    }) satisfies Files;
    const { runner, netlink } = this;
    return {
      system: {
        netlink,
        paths: this.paths,
        files,
        runner: {
          find: (program) => runner.find(program),
          run: async (program, args, stdin) => {
            step();
            return runner.run(program, args, stdin);
          },
        },
      },
      killed: () => left <= 0,
    };
  }

  /** Everything a tunnel may change, to compare before and after. */
  snapshot(): unknown {
    return {
      rules: [...this.rules[4], '6', ...this.rules[6]],
      routes: [4, 6].map((family) =>
        [...this.routes[family as Family]].map(([table, routes]) => [table, [...routes]]),
      ),
      tables: [...this.tables].sort(),
      resolved: [...this.resolved],
      resolvconf: [...this.resolvconf],
      resolvConf: readFileSync(this.paths.resolvConf, 'utf8'),
      validMark: readFileSync(join(this.paths.procSys, 'net/ipv4/conf/all/src_valid_mark'), 'utf8').trim(),
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }

  #answer(run: RecordedRun): Partial<RunResult> {
    const line = [run.program, ...run.args].join(' ');
    const refusal = this.refusals.find(({ pattern }) => pattern.test(`${line}\n${run.stdin}`));
    if (refusal !== undefined) return { status: refusal.status ?? 1, stderr: refusal.stderr };
    if (run.program === 'ip') return this.#ip(run);
    if (run.program === 'nft') return this.#nft(run);
    if (run.program === 'resolvectl') return this.#resolvectl(run.args);
    return this.#resolvconf(run);
  }

  #ip({ args, stdin }: RecordedRun): Partial<RunResult> {
    const family: Family = args.includes('-6') ? 6 : 4;
    if (!args.includes('-batch')) return this.#ipLine(args.slice(3).join(' '), family);
    let said = '';
    for (const line of stdin.split('\n').filter((each) => each !== '')) {
      const result = this.#ipLine(line, family);
      said += result.stdout ?? '';
      if (result.status !== undefined) return { ...result, stdout: said };
    }
    return { stdout: said };
  }

  #ipLine(line: string, family: Family): Partial<RunResult> {
    const rules = this.rules[family];
    const words = line.split(' ');
    const table = words[words.indexOf('table') + 1] ?? '';
    const routes = this.routes[family].get(table);
    const dst = words[2] === 'unreachable' ? `unreachable ${words[3]}` : (words[2] ?? '');
    switch (words.slice(0, 2).join(' ')) {
      case 'address show': {
        const info = [...(this.addresses.get(words[3] ?? '') ?? [])].map((text) => {
          const [local, prefixlen] = text.split('/');
          return { local, prefixlen: Number(prefixlen), scope: text.startsWith('fe80:') ? 'link' : 'global' };
        });
        return json([{ addr_info: info }]);
      }
      case 'address replace':
      case 'address del': {
        const dev = words[4] ?? '';
        const set = this.addresses.get(dev) ?? new Set();
        this.addresses.set(dev, set);
        if (words[1] === 'del') set.delete(words[2] ?? '');
        else set.add(words[2] ?? '');
        return {};
      }
      case 'address flush':
        for (const each of this.addresses.get(words[3] ?? '') ?? []) {
          if (!each.startsWith('fe80:')) this.addresses.get(words[3] ?? '')?.delete(each);
        }
        return {};
      case 'link set':
        return {};
      case 'rule show':
        return json([
          { priority: 0, src: 'all', table: '255' },
          ...[...rules].map((rule) => {
            const [, , fwmark, , to, , priority, , suppress] = rule.split(' ');
            return {
              priority: Number(priority),
              not: null,
              src: 'all',
              fwmark: hex(fwmark),
              table: to,
              ...(suppress === undefined ? {} : { suppress_prefixlen: Number(suppress) }),
            };
          }),
        ]);
      case 'rule add':
        if (rules.has(words.slice(2).join(' '))) return failure('RTNETLINK answers: File exists');
        rules.add(words.slice(2).join(' '));
        return {};
      case 'rule del':
        return rules.delete(words.slice(2).join(' '))
          ? {}
          : failure('RTNETLINK answers: No such file or directory');
      case 'route show':
        if (routes === undefined)
          return {
            ...failure(`Error: ipv${family}: FIB table does not exist.\nDump terminated`),
            stdout: '[',
          };
        return json(
          [...routes].map((each) =>
            each.startsWith('unreachable ') ? { type: '7', dst: each.slice(12) } : { dst: each },
          ),
        );
      case 'route replace':
        this.routes[family].set(table, (routes ?? new Set()).add(dst));
        return {};
      case 'route del':
        return routes?.delete(dst) === true ? {} : failure('RTNETLINK answers: No such process');
      case 'route flush':
        this.routes[family].delete(table);
        return {};
      default:
        return failure(`Object "${words[0]}" is unknown`);
    }
  }

  #nft({ args, stdin }: RecordedRun): Partial<RunResult> {
    if (args.includes('list')) {
      const tables = [...this.tables].map((text) => {
        const [family, name] = text.split(' ');
        return { table: { family, name } };
      });
      if (!args.includes('-j')) return { stdout: [...this.tables].map((text) => `table ${text}\n`).join('') };
      return { stdout: JSON.stringify({ nftables: [{ metainfo: {} }, ...tables] }) };
    }
    for (const [, remove, table = ''] of stdin.matchAll(/^(delete )?table (\w+ \w+)/gm)) {
      if (remove === undefined) this.tables.add(table);
      else if (!this.tables.delete(table)) return failure('Error: No such file or directory');
    }
    return {};
  }

  #resolvectl([command = '', tun = '', ...values]: readonly string[]): Partial<RunResult> {
    if (command === 'flush-caches') return {};
    if (command === 'revert') this.resolved.delete(tun);
    else this.resolved.set(tun, { ...this.resolved.get(tun), [command]: values.join(' ') });
    return {};
  }

  #resolvconf({ args: [command, name = ''], stdin }: RecordedRun): Partial<RunResult> {
    if (command === '-a') this.resolvconf.set(name, stdin);
    else if (command === '-d') this.resolvconf.delete(name);
    return {};
  }
}

const json = (value: unknown): Partial<RunResult> => ({ stdout: `${JSON.stringify(value)}\n` });
const failure = (stderr: string): Partial<RunResult> => ({ status: 2, stderr });
const hex = (mark: string | undefined): string => `0x${Number(mark).toString(16)}`;
