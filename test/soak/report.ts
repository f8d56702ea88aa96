/** The soak's table, and what in it may not be: every figure is one that soak.ts measured. */
import { median } from '../../bench/report.ts';
import { heapGrowth } from '#test/harness/ikev2-long.ts';
import { ACTIONS, BACK_WITHIN_MS } from './actions.ts';
import type { Happening, SoakResult } from './soak.ts';

/** Megabytes from an early to the last footprint that a heap may differ without growing. */
const HEAP_NOISE = 4;
const DESCRIPTOR_NOISE = 2;
/** What the first days compile and the last ones need no more, and the other way round. */
const SIMULATED_NOISE = 1;

const times = (count: number, what: string): string => `${count} × ${what}`;

function grown(result: SoakResult): { readonly heap: number; readonly descriptors: number } {
  const third = Math.max(1, Math.floor(result.footprints.length / 3));
  const [first, last] = [result.footprints.slice(0, third), result.footprints.slice(-third)];
  const by = (key: 'heap' | 'descriptors'): number =>
    median(last.map((each) => each[key])) - median(first.map((each) => each[key]));
  return { heap: by('heap'), descriptors: by('descriptors') };
}

/** Sentences; none when all is well. `slack` multiplies the times to come back, for a machine that does much else. */
export function wrongs(result: SoakResult, slack = 1): string[] {
  const { heap, descriptors } = grown(result);
  const { simulated } = result;
  const rules: readonly (readonly [boolean, string])[] = [
    [result.streams.ended.length > 0, `TCP connections lost: ${result.streams.ended.join('; ')}`],
    [result.streams.corrupt > 0, `${result.streams.corrupt} records with another hash`],
    [result.losses.atSwitches > 0, `${result.losses.atSwitches} packets lost at switches`],
    [result.losses.elsewhere > 0, `${result.losses.elsewhere} packets lost elsewhere outside of faults`],
    [result.replayDrops > 0, `${result.replayDrops} replay drops`],
    [result.failures.length > 0, result.failures.join('; ')],
    [heap > HEAP_NOISE, `the heap grew by ${heap.toFixed(1)} MB`],
    [descriptors > DESCRIPTOR_NOISE, `${descriptors} more descriptors`],
    [simulated.wrong.length > 0, `simulated: ${simulated.wrong.slice(0, 5).join('; ')}`],
    [heapGrowth(simulated) > SIMULATED_NOISE, `simulated: the heap grew by ${heapGrowth(simulated)} MB`],
  ];
  return [
    ...rules.filter(([broken]) => broken).map(([, sentence]) => sentence),
    ...result.happenings.flatMap(({ what, backMs }) => {
      if (backMs === undefined) return [`never came back after: ${what}`];
      const limit = ACTIONS[what]?.backWithinMs ?? BACK_WITHIN_MS;
      return backMs > limit * slack ? [`back only after ${backMs.toFixed(0)} ms: ${what}`] : [];
    }),
  ];
}

const megabytes = (values: readonly (number | undefined)[]): string =>
  `${values[0]?.toFixed(1)} MB, at the end ${values.at(-1)?.toFixed(1)} MB`;

/** What the issue asks for, first. */
function summary(result: SoakResult): (readonly [string, string])[] {
  const { streams, simulated, footprints, happenings, rekeyings } = result;
  const count = (kind: Happening['kind']): number => happenings.filter((each) => each.kind === kind).length;
  const { ike, child } = rekeyings;
  return [
    ['hours, real', `${(result.seconds / 3600).toFixed(2)} (seed ${result.seed})`],
    ['hours, simulated', (simulated.days * 24).toFixed(0)],
    [
      'rekeyings, real',
      `${ike.ours + ike.theirs} of the IKE SA (${ike.ours} begun by us), ` +
        `${child.ours + child.theirs} of the Child SA (${child.ours} begun by us)`,
    ],
    [
      'rekeyings, simulated',
      `${simulated.ikeRekeys} of the IKE SA, ${simulated.childRekeys} of the Child SA, ` +
        `5 % lost, 5 % doubled, reordered; failed or leaked: ${simulated.wrong.length}`,
    ],
    ['roams (moves by MOBIKE)', String(rekeyings.moves)],
    ['switches made on purpose', String(count('switch'))],
    ['faults injected', String(count('fault'))],
    ['connections lost (TCP through the tunnel)', `${streams.ended.length} of ${result.connections}`],
    ['packets lost at switches', String(result.losses.atSwitches)],
    ['packets lost elsewhere by either end, outside of faults', String(result.losses.elsewhere)],
    ['memory of the helper, RSS', megabytes(footprints.map(({ rss }) => rss))],
    ['heap and external of the helper, collected', megabytes(footprints.map(({ heap }) => heap))],
    ['heap of the simulation, collected', megabytes(simulated.heap)],
  ];
}

function details(result: SoakResult): (readonly [string, string])[] {
  const { streams, footprints } = result;
  return [
    ['descriptors', `${footprints[0]?.descriptors}, at the end ${footprints.at(-1)?.descriptors}`],
    ['IKE SAs and Child SAs that stood', `${result.ikeSas} and ${result.childSas}`],
    ['requests answered with TEMPORARY_FAILURE', String(result.rekeyings.temporaryFailures)],
    ['connections that ended by themselves', String(result.ends.length)],
    ['replay drops', String(result.replayDrops)],
    [
      'TCP octets, every hash equal',
      `${(streams.bytesIn / 1e6).toFixed(0)} MB in, ${(streams.bytesOut / 1e6).toFixed(0)} MB out`,
    ],
    ['datagrams', `${streams.sent} sent, ${streams.back} back, the others lost in faults`],
    ['datagrams that full buffers of the system dropped', String(result.losses.inBuffers)],
    ['longest silence (the longest fault is in it)', `${(streams.gap / 1000).toFixed(1)} s`],
    ['time connected', `${(result.connected * 100).toFixed(1)} %`],
  ];
}

export function soakTable(result: SoakResult): string {
  const rows = [...summary(result), ...details(result)];
  for (const kind of ['switch', 'fault'] as const) {
    const names = new Set(result.happenings.filter((each) => each.kind === kind).map(({ what }) => what));
    for (const name of [...names].toSorted()) {
      const back = result.happenings
        .filter(({ what }) => what === name)
        .map(({ backMs }) => backMs ?? Infinity);
      const text = `${times(back.length, 'back after')} ${median(back).toFixed(0)} ms (median), ${Math.max(...back).toFixed(0)} ms (max)`;
      rows.push([`${kind}: ${name}`, text]);
    }
  }
  return ['| measured | |', '| --- | --- |', ...rows.map(([what, value]) => `| ${what} | ${value} |`)].join(
    '\n',
  );
}
