/**
 * The network watch on a real Linux: what a person and their daemons do to the network is one event, what a tunnel
 * does is none, a private message bus with a stand-in for logind, and nothing is left behind.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '#test/harness/host.ts';
import { run, until, type Daemon } from '#test/harness/process.ts';
import { arpTable, ipTables } from '#helper/effects/firewall/ruleset.ts';
import { lockdownTable } from '#helper/effects/lockdown/ruleset.ts';
import * as tunnel from '#test/fakes/tunnel-settings.ts';
import { World } from '#test/harness/world.ts';

const script = (name: string): string => join(import.meta.dirname, '../harness', name);

/** Longer than the debounce: what has not come by then belongs to the next step. */
const QUIET_MS = 500;

class Agent {
  readonly daemon: Daemon;
  readonly lines: Record<string, unknown>[] = [];

  constructor(host: Host, name: string, { bus, env }: { bus?: string; env?: Record<string, string> } = {}) {
    const args = bus === undefined ? [] : [bus];
    this.daemon = host.start([process.execPath, script(name), ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: env ?? {},
    });
    if (this.daemon.child.stdout === null) throw new Error('no stdout');
    createInterface({ input: this.daemon.child.stdout }).on('line', (line) =>
      this.lines.push(JSON.parse(line) as Record<string, unknown>),
    );
  }

  say(line: string): void {
    this.daemon.child.stdin?.write(`${line}\n`);
  }

  /** Waits until logind is heard, or is not. */
  async logind(working: boolean): Promise<void> {
    await until(`logind: ${working}`, async () => {
      this.say('parts');
      const [parts] = await this.take(1);
      return parts?.['logind'] === working;
    });
  }

  /** The lines since the last call, when there are so many. */
  async take(count: number): Promise<Record<string, unknown>[]> {
    await until(`${count} lines`, () => this.lines.length >= count, { context: () => this.daemon.output });
    return this.lines.splice(0);
  }
}

let world: World;
let host: Host;
let peer: Host;
let watch: Agent;
let parts: unknown;

beforeAll(async () => {
  world = await World.create();
  [host, peer] = await Promise.all([world.host('client'), world.host('peer')]);
  await world.link(
    { host, device: 'eth0', addresses: ['192.0.2.2/24', 'fd00:2::2/64'] },
    { host: peer, device: 'eth0', addresses: ['192.0.2.1/24', 'fd00:2::1/64'] },
  );
  await host.ip('route add default via 192.0.2.1');
  watch = new Agent(host, 'network-watch-agent.ts');
  parts = await watch.take(1);
  await sleep(QUIET_MS);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

/** What the watch tells of a step, once it is quiet. */
async function told(step: string): Promise<unknown[]> {
  await host.run(['sh', '-ec', step]);
  await sleep(QUIET_MS);
  return watch.lines.splice(0);
}

const ONE = [{ what: 'network' }];

/** As the effects make them, for nft in a shell. */
const TABLES = `nft -f - <<'END'
${ipTables(tunnel.firewall, false)}${arpTable(tunnel.firewall)}
END`;

const LOCKDOWN = `nft -f - <<'END'
${lockdownTable({ lan: false, mark: 44_311, gateways: [{ address: '203.0.113.9', port: 4500 }], adapters: ['adit0'] })}END`;

it('works in a namespace that has no bus', () => {
  expect(parts).toEqual([{ rtnetlink: true, nfnetlink: true, inotify: true, clock: true, logind: false }]);
});

describe('one event', () => {
  it.each([
    ['an address is added', 'ip addr add 192.0.2.3/24 dev eth0'],
    ['an address is removed', 'ip addr del 192.0.2.3/24 dev eth0'],
    ['an IPv6 address is added', 'ip addr add fd00:2::3/64 dev eth0'],
    ['an IPv6 address is removed', 'ip addr del fd00:2::3/64 dev eth0'],
    ['the default route is replaced', 'ip route replace default via 192.0.2.9'],
    ['an IPv6 default route is added', 'ip -6 route add default via fd00:2::1'],
    ['a link goes down, and its routes and addresses with it', 'ip link set eth0 down'],
    ['a link goes up', 'ip link set eth0 up'],
    ['the cable is pulled at the other end', `nsenter --net=/proc/PEER/ns/net ip link set eth0 down`],
    ['the cable is put in', `nsenter --net=/proc/PEER/ns/net ip link set eth0 up`],
    ['the MTU changes', 'ip link set eth0 mtu 1400'],
    ['a rule is added', 'ip rule add from 10.0.0.0/8 lookup 99'],
    ['an unreachable route is added', 'ip route add unreachable 198.51.100.0/24'],
    [
      'another VPN opens its adapter',
      'ip tuntap add tun7 mode tun && ip link set tun7 up && ip addr add 10.7.0.2/32 dev tun7 && ip route add 10.7.0.0/16 dev tun7',
    ],
    ['another VPN closes its adapter', 'ip tuntap del tun7 mode tun'],
  ])('%s', async (_, step) => {
    await host.run(['sh', '-ec', step.replace('PEER', String(peer.pid))]);
    // The kernel itself tells of a carrier only once a second.
    const first = await watch.take(1);
    await sleep(QUIET_MS);
    expect([...first, ...watch.lines.splice(0)]).toEqual(ONE);
  });

  it('many changes in a row', async () => {
    const many = Array.from({ length: 20 }, (_, n) => `ip route add 198.51.${n}.0/24 via 192.0.2.1`);
    expect(await told(many.join('\n'))).toEqual(ONE);
  });
});

describe('no event', () => {
  it.each([
    [
      'a tunnel comes, as the effects make it',
      'ip tuntap add adit0 mode tun && ip link set adit0 mtu 1400 up && ip addr add 10.9.0.2/32 dev adit0 noprefixroute && ip addr add fd09::2/128 dev adit0 nodad noprefixroute && ip route add default dev adit0 table 44311 src 10.9.0.2 && ip -6 route add default dev adit0 table 44311 && ip -6 route add unreachable 2001:db8::/32 table 44311 && ip rule add not fwmark 44311 lookup 44311 priority 6200 && ip -6 rule add not fwmark 44311 lookup 44311 priority 6200',
    ],
    ['the firewall tables of a tunnel are made', TABLES],
    ['they are replaced', TABLES],
    ['lockdown is put in force', LOCKDOWN],
    ['it is replaced', LOCKDOWN],
    ['other tables come and go', 'nft add table ip other && nft delete table ip other'],
    ['a lease is renewed', 'ip addr change 192.0.2.2/24 dev eth0 valid_lft 600 preferred_lft 600'],
    ['an adapter is made and stays down', 'ip link add eth7 type veth peer name eth8'],
    ['a neighbour is learnt', 'ip neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 dev eth0'],
  ])('%s', async (_, step) => {
    await told('ip addr change 192.0.2.2/24 dev eth0');
    expect(await told(step)).toEqual([]);
  });

  it('an IPv6 address is tried for duplicates: only when it may be used', async () => {
    await host.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_dad']);
    // Without a route of its prefix, so that the address alone is what changes.
    const before = await told('ip addr add fd00:2::77/64 dev eth0 noprefixroute');
    const added = await host.run(['ip', '-6', 'addr', 'show', 'dev', 'eth0', 'tentative']);
    expect({ before, tentative: added.includes('fd00:2::77') }).toEqual({ before: [], tentative: true });
    expect(await watch.take(1)).toEqual(ONE);
  });
});

describe('what a tunnel loses is told, and no other event', () => {
  it.each<[string, string, object[]]>([
    [
      'rules and routes',
      'ip rule del priority 6200; ip -6 rule del priority 6200; ip -6 route flush table 44311',
      [{ part: 'routes', table: 44_311 }],
    ],
    [
      'an address',
      'ip addr del 10.9.0.2/32 dev adit0',
      [{ part: 'address', tun: 'adit0', address: '10.9.0.2' }],
    ],
    [
      'a rule of the firewall',
      'nft flush chain ip adit_adit0 prerouting',
      [{ part: 'firewall', tun: 'adit0' }],
    ],
    ['lockdown', 'nft delete table inet adit_lockdown', [{ part: 'lockdown' }]],
    ['the whole firewall', 'nft flush ruleset', [{ part: 'firewall', tun: 'adit0' }]],
    [
      'an adapter that had its carrier',
      'ip link add adit1 type veth peer name adit2 && ip link set adit1 up && ip link set adit2 up && ip route add 10.9.9.0/24 dev adit1 && sleep 1.2 && ip link del adit1',
      expect.arrayContaining([{ part: 'link', tun: 'adit1' }]) as object[],
    ],
    ['the name servers', 'echo nameserver 192.0.2.7 > /etc/resolv.conf', [{ part: 'dns' }]],
    ['the file of the name servers', 'rm /etc/resolv.conf', [{ part: 'dns' }]],
  ])('%s', async (_, step, taken) => {
    expect(await told(step)).toEqual([{ what: 'taken', taken }]);
  });

  it('all of it', async () => {
    const parts = [
      { part: 'link', tun: 'adit0' },
      { part: 'address', tun: 'adit0', address: 'fd09::2' },
    ];
    expect(await told('ip tuntap del adit0 mode tun')).toEqual([
      { what: 'taken', taken: expect.arrayContaining(parts) as object[] },
    ]);
  });
});

it('name servers in a file that is a mount point of its own are noticed, too', async () => {
  const file = join(world.directory, 'resolv.conf');
  await writeFile(file, 'nameserver 192.0.2.1\n');
  await host.run(['sh', '-ec', `touch /etc/resolv.conf; mount --bind ${file} /etc/resolv.conf`]);
  const listener = new Agent(host, 'network-watch-agent.ts');
  await listener.take(1);
  await host.run(['sh', '-ec', 'echo nameserver 192.0.2.7 > /etc/resolv.conf']);
  expect(await listener.take(1)).toEqual([{ what: 'taken', taken: [{ part: 'dns' }] }]);
  listener.daemon.child.stdin?.end();
  await until('the process ends by itself', () => !listener.daemon.running);
  await host.run(['umount', '/etc/resolv.conf']);
});

describe('a flood', () => {
  it('is told of while it lasts, and what was lost is found out', async () => {
    const batch = join(world.directory, 'batch');
    const route = (verb: string, n: number) => `route ${verb} 10.${n >> 8}.${n & 255}.0/24 via 192.0.2.1`;
    const lines = Array.from({ length: 30_000 }, (_, n) => route('add', n));
    await writeFile(batch, `${lines.join('\n')}\n`);
    watch.lines.length = 0;
    // Stopped, so that the kernel has to drop some.
    watch.daemon.child.kill('SIGSTOP');
    await host.run(['ip', '-batch', batch]);
    watch.daemon.child.kill('SIGCONT');
    // What it did not hear may have been of a tunnel.
    const parts = () =>
      watch.lines.flatMap(({ taken }) => (Array.isArray(taken) ? (taken as unknown[]) : []));
    await until('the loss is told', () => parts().some((part) => isDeepStrictEqual(part, { part: 'link' })), {
      context: () => JSON.stringify(watch.lines),
    });
    await sleep(3 * QUIET_MS);
    watch.lines.length = 0;
    expect(await told('ip addr change 192.0.2.2/24 dev eth0 valid_lft 900 preferred_lft 900')).toEqual([]);
    expect(await told('ip addr add 192.0.2.8/24 dev eth0')).toEqual(ONE);
  });
});

describe('logind', () => {
  it('is heard; a stranger is not; its end is noticed', async () => {
    const bus = join(world.directory, 'bus');
    const config = join(world.directory, 'bus.conf');
    await writeFile(
      config,
      `<busconfig><type>system</type><listen>unix:path=${bus}</listen><auth>EXTERNAL</auth><policy context="default">
        <allow user="*"/><allow own="*"/><allow send_type="*"/><allow receive_type="*"/></policy></busconfig>`,
    );
    const daemon = host.start([
      'dbus-daemon',
      `--config-file=${config}`,
      '--nofork',
      '--nopidfile',
      '--print-address',
    ]);
    await until('the bus is there', () => daemon.output.includes(bus), { context: () => daemon.output });
    const logind = host.start([process.execPath, script('fake-logind.ts'), bus], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    await until('logind is there', () => logind.output.includes('ready'), { context: () => logind.output });

    const listener = new Agent(host, 'network-watch-agent.ts', { bus });
    await listener.take(1);
    await listener.logind(true);
    logind.child.stdin?.write('true\n');
    expect(await listener.take(1)).toEqual([{ what: 'sleeping' }]);
    logind.child.stdin?.write('false\n');
    expect(await listener.take(1)).toEqual([{ what: 'woke', sleptMs: 0 }]);

    // The listener was the third to say Hello.
    const strange = [process.execPath, script('fake-logind.ts'), bus, '--stranger', ':1.1'];
    const stranger = host.start(strange, { stdio: ['pipe', 'pipe', 'pipe'] });
    await until('the stranger is there', () => stranger.output.includes('ready'));
    stranger.child.stdin?.write('true\n');
    await sleep(QUIET_MS);
    expect(listener.lines).toEqual([]);
    logind.child.stdin?.write('true\n');
    expect(await listener.take(1)).toEqual([{ what: 'sleeping' }]);

    await daemon.stop();
    await listener.logind(false);
    listener.daemon.child.stdin?.end();
    await until('the process ends by itself', () => !listener.daemon.running);
  });
});

describe('sleep', () => {
  it('is told, and again the next time', async () => {
    const library = join(world.directory, 'clock-jump.so');
    await run(['g++', '-x', 'c', '-shared', '-fPIC', '-o', library, script('clock-jump.c')]);
    const sleeper = new Agent(host, 'network-watch-agent.ts', { env: { LD_PRELOAD: library } });
    await sleeper.take(1);
    for (let night = 0; night < 2; night++) {
      process.kill(sleeper.daemon.pid, 'SIGUSR2');
      const [woke] = await sleeper.take(1);
      expect(woke?.['what']).toBe('woke');
      expect(Number(woke?.['sleptMs']) / 3_600_000).toBeCloseTo(8, 3);
      await sleep(QUIET_MS);
      expect(sleeper.lines).toEqual([]);
    }
  });
});

describe('what is left', () => {
  beforeEach(() => {
    watch.lines.length = 0;
  });

  it('no descriptor after a hundred watches', async () => {
    watch.say('cycle 100');
    const [counts] = await watch.take(1);
    expect(counts?.['after']).toBe(counts?.['before']);
  });

  it('no child, neither while it runs nor when it is killed', async () => {
    const pid = watch.daemon.pid;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    expect(children).toBe('');
    const sockets = async (): Promise<number> => {
      const lines = (await host.run(['cat', '/proc/net/netlink'])).split('\n');
      return lines.filter((line) => line.split(/\s+/)[2] === String(pid)).length;
    };
    expect(await sockets()).toBe(2);
    await watch.daemon.stop('SIGKILL');
    expect(await sockets()).toBe(0);
  });
});
