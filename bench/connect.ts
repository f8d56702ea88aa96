/**
 * Time to connect and the helper's memory, against strongSwan's client on the same host, to the same gateway, with the
 * same suite, in turns. Adit: from the helper's answer to `tunnel.up` to its event that the Child SA is installed, and
 * on to "connected", when addresses, firewall, routes and DNS are in place, too. strongSwan: `swanctl --initiate`.
 */
import { join } from 'node:path';
import { Client } from '#cli/client.ts';
import type { TunnelStatus } from '#core/ipc/contract.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Adit } from '#test/harness/adit.ts';
import { Lab, LAB, POOLS } from '#test/harness/lab.ts';
import { layOutPackage } from '#test/harness/package.ts';
import { StrongSwan } from '#test/harness/strongswan.ts';
import { residentMegabytes, run } from '#test/harness/process.ts';
import { median, type Row } from './report.ts';

const PSK = 'bench';
const ROUNDS = 15;
/** A collection more or less makes 6 MB: the median of so many helpers. */
const STARTS = 5;
const SUITES = [
  { ike: 'aes256gcm16-prfsha384-ecp256', esp: 'aes256gcm16' },
  { ike: 'aes128-sha256-curve25519', esp: 'aes128gcm16' },
  { ike: 'aes256-sha256-modp2048', esp: 'aes256-sha256' },
] as const;

export async function connect(): Promise<Row[]> {
  await using lab = await Lab.create();
  const names = SUITES.map((_, at) => `bench${at}`);
  const child = (at: number) => ({ esp_proposals: SUITES[at]?.esp ?? '' });
  await StrongSwan.start(lab.world, lab.gateway, {
    swanctl: {
      connections: Object.fromEntries(
        names.map((name, at) => [
          name,
          {
            version: 2,
            proposals: SUITES[at]?.ike ?? '',
            pools: ['p4', 'p6'],
            local: { auth: 'psk', id: 'gw.lab' },
            remote: { auth: 'psk' },
            children: { net: { local_ts: [LAB.inner.net4, LAB.inner.net6], ...child(at) } },
          },
        ]),
      ),
      pools: POOLS,
      secrets: { 'ike-bench': { secret: PSK } },
    },
  });
  const peer = await StrongSwan.start(lab.world, lab.client, {
    swanctl: {
      connections: Object.fromEntries(
        names.map((name, at) => [
          name,
          {
            version: 2,
            proposals: SUITES[at]?.ike ?? '',
            remote_addrs: LAB.gateway.ip4,
            vips: ['0.0.0.0', '::'],
            local: { auth: 'psk', id: 'strongswan.lab' },
            remote: { auth: 'psk', id: 'gw.lab' },
            children: { [name]: { remote_ts: [LAB.inner.net4, LAB.inner.net6], ...child(at) } },
          },
        ]),
      ),
      secrets: { 'ike-bench': { secret: PSK } },
    },
  });
  await using adit = await Adit.start(lab.world, lab.client, {
    socket: join(lab.world.directory, 'aditd.sock'),
  });
  const client = await Client.connect(adit.socket);
  const rows: Row[] = [];
  for (const [at, { ike, esp }] of SUITES.entries()) {
    const name = names[at] ?? '';
    const id = await adit.import(profileOf(at), PSK);
    const ours: Connected[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await connectOnce(client, id));
      theirs.push(await initiateOnce(peer, name));
    }
    const strongswan = { name: 'swanctl --initiate', value: median(theirs) };
    const suite = `${ike}, ${esp}`;
    rows.push(
      {
        subject: `\`up\` accepted to Child SA installed, ${suite}`,
        unit: 'ms',
        adit: median(ours.map(({ installed }) => installed)),
        peer: strongswan,
        goal: { atMost: 1.5 },
      },
      {
        subject: `\`up\` accepted to connected, ${suite}`,
        unit: 'ms',
        adit: median(ours.map(({ connected }) => connected)),
        peer: strongswan,
      },
    );
    if (at === 0) {
      const first = ours[0]?.installed ?? NaN;
      rows.push({
        subject: '`up` accepted to Child SA installed, the first of a new helper',
        unit: 'ms',
        adit: first,
        peer: strongswan,
      });
    }
  }
  const programs = await layOutPackage(join(lab.world.directory, 'resources'));
  for (const [what, options] of [
    ['from the sources', {}],
    ['as a package has it', { programs }],
  ] as const) {
    const memory: number[] = [];
    for (let at = 0; at < STARTS; at++) {
      await using fresh = await Adit.start(lab.world, lab.client, {
        ...options,
        socket: join(lab.world.directory, 'fresh.sock'),
        stateDirectory: join(lab.world.directory, `${what} ${at}`),
      });
      await fresh.up(await fresh.import(profileOf(0), PSK));
      memory.push(await residentMegabytes(fresh.pid));
    }
    rows.push({
      subject: `memory of the helper (RSS), ${what}, connected for the first time`,
      unit: 'MB',
      adit: median(memory),
      ...('programs' in options ? { goal: { atMost: 90 } } : {}),
    });
  }
  rows.push({
    subject: `memory of the helper (RSS) after ${ROUNDS * SUITES.length} connections`,
    unit: 'MB',
    adit: await residentMegabytes(adit.pid),
  });
  client.close();
  return rows;
}

function profileOf(at: number): ProfileInput {
  const { ike, esp } = SUITES[at] ?? SUITES[0];
  return {
    format: 'adit-profile',
    version: 1,
    name: `bench${at}`,
    gateway: { addresses: [LAB.gateway.ip4], id: 'gw.lab' },
    authentication: { method: 'psk', localId: 'adit.lab' },
    ike: { proposals: [ike] },
    child: { proposals: [esp], remoteTs: [LAB.inner.net4, LAB.inner.net6] },
  };
}

/** Milliseconds since the call was accepted. */
interface Connected {
  readonly installed: number;
  readonly connected: number;
}

/** Up, then down again. */
export async function connectOnce(client: Client, id: string): Promise<Connected> {
  const statuses = client.statuses();
  await statuses.next();
  const reached = async (wanted: (tunnel: TunnelStatus | undefined) => boolean): Promise<number> => {
    for (;;) {
      const next = await statuses.next();
      const at = performance.now();
      const tunnel = next.value.tunnels.find(({ profile }) => profile.id === id);
      if (tunnel?.state === 'failed') throw new Error(`it failed: ${JSON.stringify(tunnel.failure)}`);
      if (wanted(tunnel)) return at;
    }
  };
  await client.call('tunnel.up', { id });
  const accepted = performance.now();
  const installed = await reached((tunnel) => (tunnel?.children.length ?? 0) > 0);
  const connected = await reached((tunnel) => tunnel?.state === 'connected');
  await client.call('tunnel.down', { id });
  await reached((tunnel) => (tunnel?.state ?? 'disconnected') === 'disconnected');
  return { installed: installed - accepted, connected: connected - accepted };
}

/** Milliseconds of `swanctl --initiate`, its process included; terminated afterwards. */
/** Milliseconds of the whole command; then down again. */
export async function initiateOnce(peer: StrongSwan, child: string): Promise<number> {
  const began = performance.now();
  await run(['swanctl', '--initiate', '--child', child, '--uri', `unix://${join(peer.directory, 'vici')}`], {
    env: { STRONGSWAN_CONF: join(peer.directory, 'strongswan.conf') },
  });
  const took = performance.now() - began;
  await peer.terminate({ ike: child });
  return took;
}
