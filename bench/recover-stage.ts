/**
 * The stage of recover.ts: one strongSwan gateway and, behind one router, a client for each who is compared, so that a fault
 * meets all of them at the same moment. Each client has two networks: the first as it is, the second behind a NAT.
 *
 *   client N   eth0 10.1.N.2, eth1 10.2.N.2 --- router --- gateway 192.0.2.1, inside 10.99.0.1
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from '#cli/client.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { Adit, ADIT } from '#test/harness/adit.ts';
import type { Host } from '#test/harness/host.ts';
import { jumpingHelper } from '#test/harness/altered-helper.ts';
import { LAB, POOLS } from '#test/harness/lab.ts';
import { until } from '#test/harness/process.ts';
import type { Settings } from '#test/harness/settings.ts';
import { StrongSwan } from '#test/harness/strongswan.ts';
import { World } from '#test/harness/world.ts';

const PSK = 'recover';
const IKE = 'aes256gcm16-prfsha384-ecp256';
const ESP = 'aes256gcm16';
const ECHO_PORT = 7007;
/** Between the datagrams: nothing is measured finer than this. */
export const EVERY_MS = 20;
const AGENT = fileURLToPath(new URL('recover-agent.ts', import.meta.url));
/** Seconds without a sign of life until the peer is asked: the same for everybody. */
export const LIVENESS_SEC = 5;

/** What strongSwan ships: 165 s. */
const SHIPPED: Settings = { retransmit_timeout: 4, retransmit_base: 1.8, retransmit_tries: 5 };
/** 0.5, 0.9, 1.6, 2.9, 5.2, 8 and 8 s, which is PATIENT of helper/tunnel/retransmission.ts. */
const QUICK: Settings = {
  retransmit_timeout: 0.5,
  retransmit_base: 1.8,
  retransmit_tries: 6,
  retransmit_limit: 8,
  retransmit_jitter: 10,
};

/** The longest time between two retransmissions of QUICK, and a little. */
const CALM_MS = 9000;

/** Milliseconds on the clock of the agents. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** One client with its tunnel. */
export interface Contender {
  readonly name: string;
  readonly host: Host;
  readonly subnet: number;
  /** The datagrams that came back: when they were sent. Only the last is kept. */
  lastBack: number;
  /** Told of each that came back. */
  onBack: ((sent: number, back: number) => void) | undefined;
  /** A name for the connection while it is believed in; `undefined` while it is not. */
  readonly believed: () => Promise<string | undefined>;
}

export class Stage implements AsyncDisposable {
  readonly world: World;
  readonly router: Host;
  readonly gateway: StrongSwan;
  readonly contenders: readonly Contender[];
  readonly adit: Adit;
  readonly client: Client;

  private constructor(
    world: World,
    router: Host,
    gateway: StrongSwan,
    contenders: readonly Contender[],
    adit: Adit,
    client: Client,
  ) {
    this.world = world;
    this.router = router;
    this.gateway = gateway;
    this.contenders = contenders;
    this.adit = adit;
    this.client = client;
  }

  /** Everybody is connected when it resolves. `shipped`: with the client that waits 165 s. */
  static async create({ shipped }: { readonly shipped: boolean }): Promise<Stage> {
    const world = await World.create();
    try {
      const [router, host] = await Promise.all([world.host('router'), world.host('gateway')]);
      await world.link(
        { host: router, device: 'wan', addresses: ['192.0.2.254/24'] },
        { host, device: 'eth0', addresses: [`${LAB.gateway.ip4}/24`] },
      );
      await world.forwarding(router);
      await host.ip('route add default via 192.0.2.254');
      await host.ip(`addr add ${LAB.inner.ip4}/32 dev lo`);
      const nat = 'ip saddr 10.2.0.0/16 oifname "wan" masquerade random;';
      await world.rules(router, 'ip', `chain c { type nat hook postrouting priority srcnat; ${nat} }`);
      const gateway = await StrongSwan.start(world, host, { charon: SHIPPED, swanctl: gatewaySettings });
      host.start([process.execPath, AGENT, 'server', LAB.inner.ip4, String(ECHO_PORT)]);
      const { adit, client, contender } = await aditOn(world, await clientOf(world, router, 1));
      const peers: Contender[] = [];
      const settings = {
        'strongSwan, 27 s': QUICK,
        ...(shipped ? { 'strongSwan as shipped': SHIPPED } : {}),
      };
      for (const [name, charon] of Object.entries(settings)) {
        peers.push(await strongSwanOn(world, await clientOf(world, router, 2 + peers.length), name, charon));
      }
      const contenders = [contender, ...peers];
      const stage = new Stage(world, router, gateway, contenders, adit, client);
      for (const each of contenders) listen(each);
      await stage.calm();
      return stage;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Until everybody's datagrams come back, and have for so long that questions from before are answered. */
  async calm(): Promise<void> {
    for (const { name, believed } of this.contenders) {
      await until(`${name} is connected`, async () => (await believed()) !== undefined, {
        timeoutMs: 200_000,
      });
    }
    const from = now();
    for (const contender of this.contenders) {
      await until(`datagrams of ${contender.name} come back`, () => contender.lastBack > from + CALM_MS, {
        timeoutMs: 200_000,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.world[Symbol.asyncDispose]();
  }
}

interface Place {
  readonly host: Host;
  readonly subnet: number;
}

async function clientOf(world: World, router: Host, subnet: number): Promise<Place> {
  const host = await world.host(`client${subnet}`);
  for (const network of [1, 2]) {
    await world.link(
      { host, device: `eth${network - 1}`, addresses: [`10.${network}.${subnet}.2/24`] },
      { host: router, device: `lan${subnet}.${network}`, addresses: [`10.${network}.${subnet}.1/24`] },
    );
  }
  await host.ip(`route add default via 10.1.${subnet}.1 dev eth0`);
  return { host, subnet };
}

const gatewaySettings = {
  connections: {
    recover: {
      version: 2,
      proposals: IKE,
      local_addrs: LAB.gateway.ip4,
      pools: ['p4'],
      local: { auth: 'psk', id: 'gw.lab' },
      remote: { auth: 'psk' },
      children: { net: { local_ts: [LAB.inner.net4], esp_proposals: ESP } },
    },
  },
  pools: POOLS,
  secrets: { 'ike-any': { secret: PSK } },
};

async function aditOn(
  world: World,
  { host, subnet }: Place,
): Promise<{ adit: Adit; client: Client; contender: Contender }> {
  const adit = await Adit.start(world, host, {
    programs: { aditd: await jumpingHelper(world.directory), adit: ADIT },
    socket: join(world.directory, 'aditd.sock'),
  });
  const profile: ProfileInput = {
    format: 'adit-profile',
    version: 1,
    name: 'recover',
    gateway: { addresses: [LAB.gateway.ip4], id: 'gw.lab' },
    authentication: { method: 'psk', localId: 'adit.lab' },
    ike: { proposals: [IKE], livenessSec: LIVENESS_SEC },
    child: { proposals: [ESP], remoteTs: [LAB.inner.net4] },
    request: { ip6: false },
  };
  const id = await adit.import(profile, PSK);
  await adit.up(id);
  const client = await Client.connect(adit.socket);
  let believed: string | undefined;
  void (async () => {
    for await (const { tunnels } of client.statuses()) {
      const [tunnel] = tunnels;
      believed = tunnel?.state === 'connected' ? tunnel.ike?.spiI : undefined;
    }
  })().catch(() => (believed = undefined));
  const contender = newContender('Adit', { host, subnet }, () => Promise.resolve(believed));
  return { adit, client, contender };
}

async function strongSwanOn(world: World, place: Place, name: string, charon: Settings): Promise<Contender> {
  const strongswan = await StrongSwan.start(world, place.host, {
    charon,
    swanctl: {
      connections: {
        recover: {
          version: 2,
          proposals: IKE,
          remote_addrs: LAB.gateway.ip4,
          vips: ['0.0.0.0'],
          dpd_delay: `${LIVENESS_SEC}s`,
          keyingtries: 0,
          local: { auth: 'psk', id: `${place.host.name}.lab` },
          remote: { auth: 'psk', id: 'gw.lab' },
          children: {
            net: {
              remote_ts: [LAB.inner.net4],
              esp_proposals: ESP,
              start_action: 'start',
              close_action: 'start',
              dpd_action: 'restart',
            },
          },
        },
      },
      secrets: { 'ike-any': { secret: PSK } },
    },
  });
  return newContender(name, place, async () => {
    const sas = await strongswan.sas('recover');
    return sas.find(({ state, children }) => state === 'ESTABLISHED' && children.length > 0)?.spiI;
  });
}

const newContender = (name: string, place: Place, believed: Contender['believed']): Contender => ({
  name,
  ...place,
  believed,
  lastBack: 0,
  onBack: undefined,
});

/** Starts its traffic. */
function listen(contender: Contender): void {
  const agent = contender.host.start([
    process.execPath,
    ...[AGENT, 'client', LAB.inner.ip4, ECHO_PORT, EVERY_MS].map(String),
  ]);
  const { stdout } = agent.child;
  if (!stdout) throw new Error('the agent has no stdout');
  createInterface({ input: stdout }).on('line', (line) => {
    const [sent = 0, back = 0] = line.split(' ').map(Number);
    contender.lastBack = sent;
    contender.onBack?.(sent, back);
  });
}
