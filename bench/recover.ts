/**
 * Time to notice that the gateway is gone and to be connected again, against strongSwan's own client under the same fault at
 * the same moment: one gateway, one router, a client each. strongSwan as an administrator sets it who wants it to stay connected
 * (dpd_delay as Adit's liveness, start, restart, keyingtries 0), once with the retransmission that it ships and once with a quick one.
 *
 * `npm run bench -- --only recover` takes a quarter of an hour, `--short` leaves out what is long and the shipped retransmission.
 * ADIT_RECOVER takes the faults alone whose names it is part of, ADIT_ROUNDS another number of rounds.
 *
 * *Back* is the first datagram that was sent after the network and the gateway were whole again and came back through the tunnel,
 * counted in the datagrams' distances, since what is finer is chance; *noticed* is when the client no longer believed in its connection, from the beginning of the fault.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FAULTS, type Fault } from './recover-faults.ts';
import { type Contender, EVERY_MS, now, Stage } from './recover-stage.ts';
import { median, type Row } from './report.ts';

const ROUNDS = 3;
/** Whoever is not back by then counts as back then. The shipped retransmission of strongSwan takes 165 s to give up. */
const WITHIN_MS = { short: 60_000, long: 240_000 };
const LOOK_MS = 100;

interface Recovery {
  readonly noticedMs: number | undefined;
  readonly backMs: number;
}

export async function recover({ short }: { readonly short: boolean }): Promise<Row[]> {
  const only = process.env['ADIT_RECOVER'];
  const faults = FAULTS.filter(({ name, long }) => !(short && long) && (!only || name.includes(only)));
  const rounds = Number(process.env['ADIT_ROUNDS'] ?? ROUNDS);
  const found = new Map<Fault, Map<string, Recovery[]>>(faults.map((fault) => [fault, new Map()]));
  await using stage = await Stage.create({ shipped: !short });
  for (let round = 0; round < rounds; round++) {
    for (const fault of faults) {
      for (const [name, recovery] of await suffer(stage, fault, short ? WITHIN_MS.short : WITHIN_MS.long)) {
        const all = found.get(fault);
        all?.set(name, [...(all.get(name) ?? []), recovery]);
        const noticed =
          recovery.noticedMs === undefined ? 'never noticed' : `noticed after ${said(recovery.noticedMs)}`;
        process.stderr.write(
          `bench: ${fault.name}: ${name}: ${noticed}, back after ${said(recovery.backMs)}\n`,
        );
      }
      await stage.calm();
    }
  }
  return faults.flatMap((fault) => rowsOf(fault, found.get(fault) ?? new Map<string, Recovery[]>()));
}

const said = (ms: number): string => `${ms.toFixed(0)} ms`;

/** The fault, and everybody's recovery from it. */
async function suffer(stage: Stage, fault: Fault, withinMs: number): Promise<Map<string, Recovery>> {
  const contenders = stage.contenders.filter(({ name }) => !fault.aditOnly || name === 'Adit');
  const began = now();
  const stop = new AbortController();
  const noticed = contenders.map((contender) => noticing(contender, began, stop.signal));
  const back = contenders.map((contender) => backs(contender));
  const whole = await fault.run(stage);
  const backAt = await Promise.all(back.map((each) => each.after(whole, withinMs)));
  stop.abort();
  const noticedMs = await Promise.all(noticed);
  return new Map(
    contenders.map(({ name }, at) => [
      name,
      { noticedMs: noticedMs[at], backMs: Math.ceil(((backAt[at] ?? NaN) - whole) / EVERY_MS) * EVERY_MS },
    ]),
  );
}

/** Milliseconds from `began` until it has no connection, or another; `undefined` where neither happens until `signal` aborts. */
async function noticing(
  contender: Contender,
  began: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const before = await contender.believed();
  for (;;) {
    const isLast = signal.aborted;
    // A charon that is too busy to tell has noticed nothing by that.
    if ((await contender.believed().catch(() => before)) !== before) return now() - began;
    if (isLast) return undefined;
    await sleep(LOOK_MS);
  }
}

/** Remembers every datagram from now on. `after`: when the first came back that was sent since then. */
function backs(contender: Contender) {
  let check = (): void => undefined;
  const heard: (readonly [sent: number, back: number])[] = [];
  contender.onBack = (sent, back) => {
    heard.push([sent, back]);
    check();
  };
  const after = async (whole: number, withinMs: number): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<number>();
    check = () => {
      const first = heard.find(([sent]) => sent >= whole);
      if (first) resolve(first[1]);
    };
    check();
    const timer = setTimeout(resolve, withinMs, whole + withinMs);
    const at = await promise;
    clearTimeout(timer);
    contender.onBack = undefined;
    return at;
  };
  return { after };
}

function rowsOf(fault: Fault, found: ReadonlyMap<string, readonly Recovery[]>): Row[] {
  const of = (name: string, what: (recovery: Recovery) => number): number =>
    median((found.get(name) ?? []).map(what));
  const back = (name: string): number => of(name, ({ backMs }) => backMs) / 1000;
  const noticed = (name: string): number => of(name, ({ noticedMs }) => noticedMs ?? NaN) / 1000;
  const peers = [...found.keys()].filter((name) => name !== 'Adit');
  const ratio = (name: string): number => {
    const theirs = found.get(name) ?? [];
    return median((found.get('Adit') ?? []).map(({ backMs }, at) => backMs / (theirs[at]?.backMs ?? NaN)));
  };
  const subject = `${fault.name}: back`;
  return [
    { subject, unit: 's', adit: back('Adit'), ...(fault.ofGateway ? {} : { goal: { atMost: 2 } }) },
    ...peers.map((name) => ({
      subject,
      unit: 's',
      adit: back('Adit'),
      peer: { name, value: back(name), ratio: ratio(name) },
      goal: { atMost: 1 },
    })),
    ...peers
      .filter((name) => Number.isFinite(noticed('Adit')) && Number.isFinite(noticed(name)))
      .map((name) => ({
        subject: `${fault.name}: noticed`,
        unit: 's',
        adit: noticed('Adit'),
        peer: { name, value: noticed(name) },
      })),
  ];
}
