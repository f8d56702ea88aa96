/**
 * A network of hosts, joined by veth pairs, with the obstacles a test asks for: NAT, loss, blocked ports. Everything
 * goes away with `await using`. No interface, rule or file of this machine's own network is touched.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Host } from './host.ts';
import { type Daemon, until } from './process.ts';

/** One end of a link: the host, its interface there, and addresses with prefix length. */
export interface End {
  readonly host: Host;
  readonly device: string;
  readonly addresses: readonly string[];
}

export class World implements AsyncDisposable {
  /** A private directory for configuration, sockets and captures. */
  readonly directory: string;
  readonly #hosts: Host[] = [];
  #rules = 0;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<World> {
    return new World(await mkdtemp(join(tmpdir(), 'adit-lab-')));
  }

  async host(name: string): Promise<Host> {
    const host = await Host.create(name);
    this.#hosts.push(host);
    return host;
  }

  /** Several at once, in the order of their names. */
  hosts<const N extends readonly string[]>(...names: N): Promise<{ [K in keyof N]: Host }> {
    return Promise.all(names.map((name) => this.host(name))) as Promise<{ [K in keyof N]: Host }>;
  }

  async link(a: End, b: End): Promise<void> {
    await a.host.ip(`link add ${a.device} type veth peer name ${b.device} netns ${b.host.pid}`);
    for (const end of [a, b]) {
      const batch = [
        `link set ${end.device} up`,
        ...end.addresses.map(
          (address) => `addr add ${address} dev ${end.device}${address.includes(':') ? ' nodad' : ''}`,
        ),
      ];
      await end.host.run(['ip', '-batch', '-'], { input: `${batch.join('\n')}\n` });
    }
  }

  /** Lets `host` forward, both families. */
  async forwarding(host: Host): Promise<void> {
    await host.run([
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
    ]);
  }

  /** A ruleset of its own on `host`: the body of one nftables table, e.g. `chain c { … }`. Disposing removes it. */
  async rules(host: Host, family: 'ip' | 'ip6' | 'inet', body: string): Promise<AsyncDisposable> {
    const table = `${family} lab_${++this.#rules}`;
    await host.nft(`table ${table} {\n${body}\n}`);
    return {
      [Symbol.asyncDispose]: async () => {
        await host.nft(`delete table ${table}`);
      },
    };
  }

  /** Source NAT with port rewriting on everything IPv4 that leaves `device`. */
  masquerade(router: Host, device: string): Promise<AsyncDisposable> {
    return this.rules(
      router,
      'ip',
      `chain c { type nat hook postrouting priority srcnat; oifname "${device}" masquerade random; }`,
    );
  }

  /** Drops that share of what `router` forwards, in percent. */
  lose(router: Host, percent: number): Promise<AsyncDisposable> {
    return this.rules(
      router,
      'inet',
      `chain c { type filter hook forward priority 0; numgen random mod 100 < ${percent} drop; }`,
    );
  }

  /** Drops forwarded packets that match an nftables expression such as `udp dport 4500`. */
  block(router: Host, match: string): Promise<AsyncDisposable> {
    return this.rules(router, 'inet', `chain c { type filter hook forward priority 0; ${match} drop; }`);
  }

  /**
   * Starts dumpcap on one interface and returns when it captures. `stop` returns the file when it is complete. What
   * the host sends is cut into single datagrams first, as they would be on a wire.
   */
  async capture(host: Host, device: string, name: string): Promise<Capture> {
    await host.run(['ethtool', '-K', device, 'tx-udp-segmentation', 'off', 'tso', 'off', 'gso', 'off']);
    const file = join(this.directory, `${name}.pcapng`);
    const argv = ['dumpcap', '-q', '-i', device, '-w', file];
    const daemon = host.start(argv);
    await until(
      `dumpcap captures on ${device}`,
      () => {
        if (!daemon.running) throw new Error('it ended');
        return /^File: /m.test(daemon.output);
      },
      { context: () => daemon.output },
    );
    return new Capture(daemon, host, device, file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host[Symbol.asyncDispose]()));
    await rm(this.directory, { recursive: true, force: true });
  }
}

export class Capture {
  readonly #daemon: Daemon;
  readonly #host: Host;
  readonly #device: string;
  readonly file: string;
  constructor(daemon: Daemon, host: Host, device: string, file: string) {
    this.#daemon = daemon;
    this.#host = host;
    this.#device = device;
    this.file = file;
  }

  /**
   * Ends the capture when everything up to now is in the file: sends a mark out of the interface and waits for it,
   * since dumpcap drops what is still in the kernel's ring when it is told to stop.
   */
  async stop(): Promise<string> {
    const mark = `end of ${randomUUID()}`;
    await this.#host.run(['bash', '-c', `printf '%s' '${mark}' > '/dev/udp/ff02::1%${this.#device}/9'`]);
    await until('the capture holds everything', async () => (await readFile(this.file)).includes(mark));
    await this.#daemon.stop('SIGINT');
    return this.file;
  }
}
