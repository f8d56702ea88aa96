/** What recover.ts does to the clients, as one table. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '#test/harness/host.ts';
import { type Contender, now, type Stage } from './recover-stage.ts';

export interface Fault {
  readonly name: string;
  /** Left out of the short form. */
  readonly long?: true;
  /**
   * Resolves with the moment from which the time until the first packet counts: the network and the gateway are whole again, or
   * are about to be made so, since on a busy machine a command may end long after it did its work.
   */
  readonly run: (stage: Stage) => Promise<number>;
  /** The network was whole all the time, so that nothing returns from which two seconds could count. */
  readonly ofGateway?: true;
  /** Only Adit can be made to see it: charon counts by CLOCK_MONOTONIC, which does not jump. */
  readonly aditOnly?: true;
}

const everybody = async (
  { contenders }: Stage,
  what: (contender: Contender) => Promise<unknown>,
): Promise<void> => void (await Promise.all(contenders.map(what)));

const atOnce = (host: Host, commands: readonly string[]): Promise<string> =>
  host.run(['ip', '-batch', '-'], { input: `${commands.join('\n')}\n` });

async function whileHeld(held: Promise<AsyncDisposable>, seconds: number): Promise<number> {
  const rules = await held;
  await sleep(seconds * 1000);
  const whole = now();
  await rules[Symbol.asyncDispose]();
  return whole;
}

const silent = (seconds: number): Fault => ({
  name: `gateway silent for ${seconds} s`,
  run: ({ world, router }) => whileHeld(world.block(router, 'udp sport { 500, 4500 }'), seconds),
});

const linkDown = (seconds: number): Fault => ({
  name: `link down for ${seconds} s`,
  run: async (stage) => {
    await everybody(stage, ({ host }) => host.ip('link set eth0 down'));
    await sleep(seconds * 1000);
    const whole = now();
    await everybody(stage, ({ host, subnet }) =>
      atOnce(host, ['link set eth0 up', `route replace default via 10.1.${subnet}.1 dev eth0`]),
    );
    return whole;
  },
});

/** One network goes, the default route leads through the other. */
const move = (to: 1 | 2): Fault['run'] => {
  const [gone, there] = to === 2 ? ['eth0', 'eth1'] : ['eth1', 'eth0'];
  return async (stage) => {
    await everybody(stage, ({ host }) => host.ip(`link set ${gone} down`));
    const whole = now();
    await everybody(stage, ({ host, subnet }) =>
      atOnce(host, [`link set ${there} up`, `route replace default via 10.${to}.${subnet}.1 dev ${there}`]),
    );
    return whole;
  };
};

/** Seconds of silence after which a UDP flow is forgotten, one-sided and both ways; Linux ships 30 and 120. */
async function natForgetsAfter(router: Host, oneSided: number, bothWays: number): Promise<void> {
  const folder = '/proc/sys/net/netfilter/nf_conntrack_udp_timeout';
  await router.run(['sh', '-c', `echo ${oneSided} > ${folder}; echo ${bothWays} > ${folder}_stream`]);
}

/** The ports that the NAT gave to those behind it. */
async function mappings(router: Host): Promise<readonly string[]> {
  const flows = (await router.run(['cat', '/proc/net/nf_conntrack'])).matchAll(
    / src=10\.2\.\S+ .*sport=4500 dport=(\d+) /g,
  );
  return [...flows].map(([, port = '']) => port);
}

/** In this order: the NAT is met on the way from the one network to the other and back. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'gateway killed and started again',
    ofGateway: true,
    run: async ({ gateway }) => {
      await gateway.kill();
      await gateway.restart();
      return now();
    },
  },
  silent(20),
  { ...silent(50), long: true },
  linkDown(10),
  { ...linkDown(60), long: true },
  { name: 'move to a network behind a NAT, the old one gone (MOBIKE)', run: move(2) },
  {
    name: 'NAT mapping forgotten',
    run: async ({ world, router }) => {
      const before = await mappings(router);
      await natForgetsAfter(router, 1, 1);
      // From its next packet on a flow is kept no longer than that.
      await sleep(500);
      // What drops before conntrack keeps the flow silent.
      const rules = world.rules(router, 'ip', 'chain c { type filter hook prerouting priority -300; drop; }');
      const whole = await whileHeld(rules, 2.5);
      await natForgetsAfter(router, 30, 120);
      const after = await mappings(router);
      const kept = after.filter((port) => before.includes(port));
      if (kept.length > 0) throw new Error(`the NAT still has ${kept.join(' ')} of ${before.join(' ')}`);
      return whole;
    },
  },
  { name: 'move back, no NAT (MOBIKE)', run: move(1) },
  {
    name: 'clock jumped by eight hours',
    aditOnly: true,
    run: ({ adit }) => {
      process.kill(adit.pid, 'SIGUSR2');
      return Promise.resolve(now());
    },
  },
];
