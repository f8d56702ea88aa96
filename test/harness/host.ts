/**
 * One host of the lab: a network namespace and a mount namespace with its own /run, /etc and /sys, held by a small
 * process. What runs on a host may therefore rewrite /etc/resolv.conf or fill /run without touching this machine.
 * The holder ends when its standard input closes, so nothing outlives the test process, however that ends.
 */
import type { StdioOptions } from 'node:child_process';
import { Daemon, run, type Finished, type RunOptions, start, tryRun, until } from './process.ts';

/**
 * Runs as the first process of the host. /run is empty; /etc is a copy (in a user namespace without the files that the
 * user may not read, and with other owners); IPv6 addresses are usable at once.
 */
const HOLDER = `
set -e
mount -t tmpfs -o mode=755 lab-run /run
mkdir /run/etc
mount -t tmpfs -o mode=755 lab-etc /run/etc
cp -a /etc/. /run/etc/ 2> /dev/null || test -e /run/etc/passwd
mount --move /run/etc /etc
rmdir /run/etc
mount -t sysfs lab-sys /sys
hostname "$1"
for scope in all default; do
  echo 0 > /proc/sys/net/ipv6/conf/$scope/accept_dad
  echo 0 > /proc/sys/net/ipv6/conf/$scope/disable_ipv6
done
ip link set lo up
echo ready
exec cat
`;

export class Host implements AsyncDisposable {
  readonly name: string;
  readonly #holder: Daemon;
  readonly #daemons: Daemon[] = [];

  private constructor(name: string, holder: Daemon) {
    this.name = name;
    this.#holder = holder;
  }

  static async create(name: string): Promise<Host> {
    const argv = ['unshare', '--mount', '--net', '--uts', '--propagation', 'private'];
    argv.push('sh', '-c', HOLDER, 'lab-host', name);
    const holder = new Daemon(argv, start(argv, { stdio: ['pipe', 'pipe', 'pipe'] }));
    await until(`host ${name} is there`, () => {
      if (!holder.running) throw new Error(`its namespaces were refused (root needed): ${holder.output}`);
      return holder.output.includes('ready');
    });
    return new Host(name, holder);
  }

  /** The process id whose /proc/PID/ns names this host's namespaces. */
  get pid(): number {
    return this.#holder.pid;
  }

  /** `argv` as this machine must call it to run on the host; dies with the test process. */
  wrap(argv: readonly string[], cwd = process.cwd()): string[] {
    const enter = [
      'nsenter',
      '--target',
      String(this.pid),
      '--mount',
      '--net',
      '--uts',
      `--wdns=${cwd}`,
      '--',
    ];
    return [...enter, 'setpriv', '--pdeathsig', 'KILL', '--', ...argv];
  }

  /** Runs to the end; throws on a non-zero exit; returns stdout. */
  run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    return run(this.wrap(argv, options.cwd), { ...options, cwd: '/' });
  }

  /** Runs to the end; returns whatever came of it. */
  try(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return tryRun(this.wrap(argv, options.cwd), { ...options, cwd: '/' });
  }

  /** Starts something that stays; it is stopped with the host at the latest. */
  start(
    argv: readonly string[],
    options: { env?: Readonly<Record<string, string>>; stdio?: StdioOptions; cwd?: string } = {},
  ): Daemon {
    const stdio = options.stdio ?? ['ignore', 'pipe', 'pipe'];
    const daemon = new Daemon(argv, start(this.wrap(argv, options.cwd), { stdio, env: options.env }));
    this.#daemons.push(daemon);
    return daemon;
  }

  /** `ip ARGUMENTS` in words. */
  ip(words: string): Promise<string> {
    return this.run(['ip', ...words.split(' ')]);
  }

  /** Loads nftables text. */
  async nft(text: string): Promise<void> {
    await this.run(['nft', '-f', '-'], { input: text });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.stop('SIGTERM', 1_000)));
    this.#holder.child.stdin?.end();
    await this.#holder.stop('SIGKILL');
  }
}
