/**
 * Pairs of hosts with a VPN between them, one kind beside the other, for throughput.ts: the left host reaches
 * `server` on the right one through the tunnel. Each pair is a world of its own with one veth link of MTU 1500.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tunnelMtu } from '#helper/effects/mtu.ts';
import { Adit } from '#test/harness/adit.ts';
import { DataPlaneHost } from '#test/harness/data-plane-host.ts';
import { type ChildText, facing, suite } from '#test/harness/esp-children.ts';
import type { Host } from '#test/harness/host.ts';
import { run, until } from '#test/harness/process.ts';
import { StrongSwan, type SwanctlConfig } from '#test/harness/strongswan.ts';
import { World } from '#test/harness/world.ts';

export interface VpnPair {
  readonly world: World;
  readonly left: Host;
  readonly right: Host;
  /** Of the right host, through the tunnel. */
  readonly server: string;
  /** The processes of the VPN: the left one, then the right one. */
  readonly pids: readonly number[];
}

const OUTER = { left: '192.0.2.1', right: '192.0.2.2' } as const;
const OUTER6 = { left: '2001:db8::1', right: '2001:db8::2' } as const;
const INNER = { left: '10.9.0.1', right: '10.9.1.1' } as const;
const PORT = 4500;
const PATH_MTU = 1500;
const SECRET = 'bench';
const IKE = 'aes256gcm16-prfsha384-ecp256';
/** Debian's libjemalloc2: with it charon's threads need not wait for each other in malloc and free. */
export const JEMALLOC = fileURLToPath(
  new URL('../.cache/packages/libjemalloc2/usr/lib/x86_64-linux-gnu/libjemalloc.so.2', import.meta.url),
);

type Side = keyof typeof OUTER;
const across = { left: 'right', right: 'left' } as const;

async function ends(): Promise<Pick<VpnPair, 'world' | 'left' | 'right'>> {
  const world = await World.create();
  const [left, right] = await Promise.all([world.host('left'), world.host('right')]);
  await world.link(
    { host: left, device: 'eth0', addresses: [`${OUTER.left}/24`, `${OUTER6.left}/64`] },
    { host: right, device: 'eth0', addresses: [`${OUTER.right}/24`, `${OUTER6.right}/64`] },
  );
  await Promise.all([left, right].map(withoutPacing));
  return { world, left, right };
}

/**
 * A TCP socket that comes to life with BBR is paced for good, whatever congestion control iperf3 gives it afterwards: a
 * timer for each super-packet, a third of what the sending iperf3 spends. So they come to life with reno, the only other
 * one that a namespace may have for its own.
 */
async function withoutPacing(host: Host): Promise<void> {
  await host.run(['sh', '-c', 'echo reno > /proc/sys/net/ipv4/tcp_congestion_control']);
}

/** No VPN at all. */
export async function rawPair(): Promise<VpnPair> {
  return { ...(await ends()), server: OUTER.right, pids: [] };
}

async function openPlane(host: Host, side: Side, child: ChildText, family: 4 | 6): Promise<number> {
  const plane = DataPlaneHost.on(host);
  await plane.open('adit%d', [{ family, port: PORT }]);
  await host.ip(`addr add ${INNER[side]}/32 dev adit0`);
  // As the helper does.
  const espSuite = { suite: suite(child.esp), encapsulation: 'udp' } as const;
  const mtu = tunnelMtu({ pathMtu: PATH_MTU, outerFamily: family, innerIpv6: false, ...espSuite });
  await host.ip(`link set adit0 up mtu ${mtu}`);
  await host.ip(`route add ${INNER[across[side]]}/32 dev adit0 src ${INNER[side]}`);
  const outer = family === 4 ? OUTER : OUTER6;
  const remote = { address: outer[across[side]], port: PORT };
  await plane.ask({ do: 'install', child, path: { socket: 0, remote } });
  return plane.daemon.pid;
}

/** Two native data planes with static keys; the family is that of the outer packets. */
export async function aditPair(esp: string, family: 4 | 6 = 4): Promise<VpnPair> {
  const hosts = await ends();
  const keys = { keyIn: 'right to left', keyOut: 'left to right' };
  const child: ChildText = { spiIn: 0x1001, spiOut: 0x2001, esp, replayWindow: 1024, ...keys };
  const pids = [
    await openPlane(hosts.left, 'left', child, family),
    await openPlane(hosts.right, 'right', facing(child), family),
  ];
  return { ...hosts, server: INNER.right, pids };
}

const swanctl = (esp: string, side: Side): SwanctlConfig => ({
  connections: {
    bench: {
      version: 2,
      proposals: IKE,
      local_addrs: OUTER[side],
      remote_addrs: OUTER[across[side]],
      local: { auth: 'psk', id: `${side}.lab` },
      remote: { auth: 'psk', id: `${across[side]}.lab` },
      children: {
        net: { local_ts: `${INNER[side]}/32`, remote_ts: `${INNER[across[side]]}/32`, esp_proposals: esp },
      },
    },
  },
  secrets: { 'ike-bench': { secret: SECRET } },
});

/** How the gateway's charon is started. */
type Gateway = Pick<Parameters<typeof StrongSwan.start>[2], 'preload'>;

/** strongSwan with its ESP in user space (kernel-libipsec) at both ends. */
export async function strongSwanPair(esp: string, how: Gateway = {}): Promise<VpnPair> {
  const { world, left, right } = await ends();
  await left.ip(`addr add ${INNER.left}/32 dev lo`);
  await right.ip(`addr add ${INNER.right}/32 dev lo`);
  const gateway = await StrongSwan.start(world, right, { swanctl: swanctl(esp, 'right'), ...how });
  const client = await StrongSwan.start(world, left, { swanctl: swanctl(esp, 'left') });
  await client.initiate('net');
  return { world, left, right, server: INNER.right, pids: [client.pid, gateway.pid] };
}

/** Adit's helper as the client of a strongSwan gateway. */
export async function aditToStrongSwan(esp: string, how: Gateway = {}): Promise<VpnPair> {
  const { world, left, right } = await ends();
  await right.ip(`addr add ${INNER.right}/32 dev lo`);
  const gateway = await StrongSwan.start(world, right, {
    ...how,
    swanctl: {
      connections: {
        bench: {
          version: 2,
          proposals: IKE,
          pools: ['p4'],
          local: { auth: 'psk', id: 'gw.lab' },
          remote: { auth: 'psk' },
          children: { net: { local_ts: `${INNER.right}/32`, esp_proposals: esp } },
        },
      },
      pools: { p4: { addrs: '10.9.0.0/24' } },
      secrets: { 'ike-bench': { secret: SECRET } },
    },
  });
  const adit = await Adit.start(world, left, { socket: join(world.directory, 'aditd.sock') });
  const profile = await adit.import(
    {
      format: 'adit-profile',
      version: 1,
      name: 'bench',
      gateway: { addresses: [OUTER.right], id: 'gw.lab' },
      authentication: { method: 'psk', localId: 'adit.lab' },
      ike: { proposals: [IKE] },
      child: { proposals: [esp], remoteTs: [`${INNER.right}/32`] },
    },
    SECRET,
  );
  await adit.up(profile);
  return { world, left, right, server: INNER.right, pids: [adit.pid, gateway.pid] };
}

/** Debian's openvpn as it comes: UDP, AES-256-GCM, MTU 1500; each end knows the other's certificate. */
export async function openvpnPair(): Promise<VpnPair> {
  const { world, left, right } = await ends();
  const directory = join(world.directory, 'openvpn');
  await mkdir(directory);
  const file = (side: Side, what: string) => join(directory, `${side}.${what}`);
  const fingerprints = { left: '', right: '' };
  for (const side of ['left', 'right'] as const) {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-keyout', file(side, 'key'), '-out', file(side, 'crt')];
    await run(['openssl', 'req', '-x509', ...key, '-days', '2', '-subj', `/CN=${side}`, ...files]);
    const shown = await run([
      'openssl',
      'x509',
      '-in',
      file(side, 'crt'),
      '-noout',
      '-fingerprint',
      '-sha256',
    ]);
    fingerprints[side] = shown.trim().split('=')[1] ?? '';
  }
  const begin = (host: Host, side: Side, role: readonly string[]) => {
    const argv = ['openvpn', '--dev', 'tun0', '--proto', 'udp', '--dh', 'none', ...role];
    argv.push('--ifconfig', INNER[side], INNER[across[side]], '--data-ciphers', 'AES-256-GCM');
    argv.push('--cert', file(side, 'crt'), '--key', file(side, 'key'));
    return host.start([...argv, '--peer-fingerprint', fingerprints[across[side]]]);
  };
  const gateway = begin(right, 'right', ['--tls-server', '--lport', '1194']);
  const client = begin(left, 'left', ['--tls-client', '--nobind', '--remote', OUTER.right, '1194']);
  await until('openvpn is up', () => client.output.includes('Initialization Sequence Completed'), {
    context: () => client.output + gateway.output,
  });
  return { world, left, right, server: INNER.right, pids: [client.pid, gateway.pid] };
}

/** wireguard-go as it is installed; Debian 12's of March 2022 knows neither GSO nor GRO. */
export async function wireguardPair(): Promise<VpnPair> {
  const { world, left, right } = await ends();
  const keyOf = async (side: Side) => {
    const secret = await run(['wg', 'genkey']);
    await writeFile(join(world.directory, `${side}.key`), secret, { mode: 0o600 });
    return (await run(['wg', 'pubkey'], { input: secret })).trim();
  };
  const known = { left: await keyOf('left'), right: await keyOf('right') };
  const begin = async (host: Host, side: Side) => {
    const daemon = host.start(['wireguard-go', '--foreground', 'wg0']);
    const own = ['private-key', join(world.directory, `${side}.key`), 'listen-port', '51820'];
    const other = across[side];
    const peer = [
      'peer',
      known[other],
      'endpoint',
      `${OUTER[other]}:51820`,
      'allowed-ips',
      `${INNER[other]}/32`,
    ];
    await until('wireguard-go listens', async () => {
      await host.run(['wg', 'set', 'wg0', ...own, ...peer]);
      return true;
    });
    await host.ip(`addr add ${INNER[side]}/32 dev wg0`);
    await host.ip('link set wg0 up mtu 1420');
    await host.ip(`route add ${INNER[other]}/32 dev wg0`);
    return daemon.pid;
  };
  const pids = [await begin(left, 'left'), await begin(right, 'right')];
  return { world, left, right, server: INNER.right, pids };
}
