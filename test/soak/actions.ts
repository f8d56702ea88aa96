/**
 * What the soak does to a tunnel, as one table. A switch must lose nothing: both ends are well and the network is whole. A
 * fault may lose packets while it lasts, and the time to come back counts from its end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '#cli/client.ts';
import type { Host } from '#test/harness/host.ts';
import type { Lab } from '#test/harness/lab.ts';
import type { StrongSwan } from '#test/harness/strongswan.ts';

export interface Stage {
  readonly lab: Lab;
  readonly gateway: StrongSwan;
  readonly client: Client;
  readonly id: string;
  readonly helperPid: () => number;
  /** The network that the client is in: 0 or 1. */
  network: number;
}

export interface Action {
  readonly kind: 'switch' | 'fault';
  /** `seconds` is how long a fault is to last, where it has a length. Done when the network and the gateway are whole. */
  readonly run: (stage: Stage, seconds: number) => Promise<void>;
  /** Seconds: in a run of minutes, and in the short one. */
  readonly lasts?: readonly [number, number];
  /** From its end until packets flow again, at most; two seconds where nothing is said. */
  readonly backWithinMs?: number;
}

/** What the issue promises: back within two seconds of the network's return. */
export const BACK_WITHIN_MS = 2000;

const CONNECTION = 'soak';
const devices = ['eth0', 'eth1'] as const;
const routers = ['10.1.0.1', '10.2.0.1'] as const;
const defaultRoute = (client: Host, network: number): Promise<string> =>
  client.ip(`route replace default via ${routers[network]} dev ${devices[network]}`);

async function whileIt(held: Promise<AsyncDisposable>, seconds: number): Promise<void> {
  const rules = await held;
  await sleep(seconds * 1000);
  await rules[Symbol.asyncDispose]();
}

/** Seconds of silence after which a UDP flow is forgotten, one-sided and both ways; Linux ships 30 and 120. */
async function natForgetsAfter(router: Host, oneSided: number, bothWays: number): Promise<void> {
  const folder = '/proc/sys/net/netfilter/nf_conntrack_udp_timeout';
  await router.run(['sh', '-c', `echo ${oneSided} > ${folder}; echo ${bothWays} > ${folder}_stream`]);
}

export const ACTIONS: Readonly<Record<string, Action>> = {
  'rekey of the Child SA, by us': {
    kind: 'switch',
    run: async ({ client, id }) => void (await client.call('tunnel.rekey', { id, what: 'child' })),
  },
  'rekey of the IKE SA, by us': {
    kind: 'switch',
    run: async ({ client, id }) => void (await client.call('tunnel.rekey', { id, what: 'ike' })),
  },
  'rekey of the Child SA, by both at once': {
    kind: 'switch',
    run: async ({ client, id, gateway }) => {
      await Promise.all([
        client.call('tunnel.rekey', { id, what: 'child' }),
        gateway.rekey({ child: 'net' }),
      ]);
    },
  },
  'rekey of the IKE SA, by both at once': {
    kind: 'switch',
    run: async ({ client, id, gateway }) => {
      await Promise.all([
        client.call('tunnel.rekey', { id, what: 'ike' }),
        gateway.rekey({ ike: CONNECTION }),
      ]);
    },
  },
  'roam to the other network while both are there': {
    kind: 'switch',
    run: async (stage) => {
      stage.network = 1 - stage.network;
      await defaultRoute(stage.lab.client, stage.network);
    },
  },
  'fresh connection beside the old one (adit reconnect)': {
    kind: 'switch',
    run: async ({ client, id }) => void (await client.call('tunnel.reconnect', { id })),
  },
  'roam from a network that went': {
    kind: 'fault',
    run: async (stage) => {
      const { client } = stage.lab;
      const old = devices[stage.network];
      stage.network = 1 - stage.network;
      await client.ip(`link set ${old} down`);
      await defaultRoute(client, stage.network);
      await client.ip(`link set ${old} up`);
    },
  },
  'link down': {
    kind: 'fault',
    lasts: [12, 3],
    run: async ({ lab: { client }, network }, seconds) => {
      await client.ip(`link set ${devices[network]} down`);
      await sleep(seconds * 1000);
      await client.ip(`link set ${devices[network]} up`);
      await defaultRoute(client, network);
    },
  },
  'NAT mapping forgotten': {
    kind: 'fault',
    lasts: [2.5, 2.5],
    // charon with ESP in user space moves a Child SA by rekeying it. Where it was about to rekey anyway, that waits for the
    // request that was lost in the fault, which it repeats after four seconds; we rekey 0.5 s after it knows where we are, and the
    // IKE SA 0.6 s later where it refuses.
    backWithinMs: 4000,
    // A flow that is silent for a second is forgotten; what comes before conntrack drops keeps it silent.
    run: async ({ lab: { world, router } }, seconds) => {
      await natForgetsAfter(router, 1, 1);
      await sleep(200);
      await whileIt(
        world.rules(router, 'ip', 'chain c { type filter hook prerouting priority -300; drop; }'),
        seconds,
      );
      await natForgetsAfter(router, 30, 120);
    },
  },
  '20 % of all packets lost': {
    kind: 'fault',
    lasts: [10, 4],
    run: async ({ lab: { world, router } }, seconds) => await whileIt(world.lose(router, 20), seconds),
  },
  'gateway silent, shorter than the detection time': {
    kind: 'fault',
    lasts: [8, 3],
    run: async ({ lab: { world, router } }, seconds) =>
      await whileIt(world.block(router, 'udp sport { 500, 4500 }'), seconds),
  },
  'gateway silent, longer than the detection time': {
    kind: 'fault',
    lasts: [45, 0],
    run: async ({ lab: { world, router } }, seconds) =>
      await whileIt(world.block(router, 'udp sport { 500, 4500 }'), seconds),
  },
  'gateway killed and started again': {
    kind: 'fault',
    // ICMP tells us while nobody listens; then the gateway has 1.5 s to answer. Where connections before held less than a minute, the
    // first try waits, too, for up to 4.8 s where there were three.
    backWithinMs: 7000,
    run: async ({ gateway }) => {
      await gateway.kill();
      await gateway.restart();
    },
  },
  'clock jumped by eight hours': {
    kind: 'fault',
    run: async ({ helperPid }) => {
      process.kill(helperPid(), 'SIGUSR2');
      await sleep(100);
    },
  },
};
