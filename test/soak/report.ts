/** The soak's table, and what in it may not be: every figure is one that soak.ts measured. */
import { median } from '../../bench/report.ts';
import type { SoakResult } from './soak.ts';

/** Megabytes from an early to the last footprint that a heap may differ without growing. */
const HEAP_NOISE = 4;
const DESCRIPTOR_NOISE = 2;

const times = (count: number, what: string): string => `${count} × ${what}`;

function grown(result: SoakResult): { readonly heap: number; readonly descriptors: number } {
  const third = Math.max(1, Math.floor(result.footprints.length / 3));
  const [first, last] = [result.footprints.slice(0, third), result.footprints.slice(-third)];
  const by = (key: 'heap' | 'descriptors'): number =>
    median(last.map((each) => each[key])) - median(first.map((each) => each[key]));
  return { heap: by('heap'), descriptors: by('descriptors') };
}

/** Sentences; none when all is well. */
export function wrongs(result: SoakResult): string[] {
  const { heap, descriptors } = grown(result);
  const rules: readonly (readonly [boolean, string])[] = [
    [result.streams.ended.length > 0, `TCP connections lost: ${result.streams.ended.join('; ')}`],
    [result.streams.corrupt > 0, `${result.streams.corrupt} records with another hash`],
    [result.lostAtSwitches > 0, `${result.lostAtSwitches} packets lost at switches`],
    [result.replayDrops > 0, `${result.replayDrops} replay drops`],
    [result.failures.length > 0, result.failures.join('; ')],
    [heap > HEAP_NOISE, `the heap grew by ${heap.toFixed(1)} MB`],
    [descriptors > DESCRIPTOR_NOISE, `${descriptors} more descriptors`],
    [result.simulated.wrong.length > 0, `simulated: ${result.simulated.wrong.slice(0, 5).join('; ')}`],
  ];
  const silent = result.happenings.filter(({ backMs }) => backMs === undefined);
  return [
    ...rules.filter(([broken]) => broken).map(([, sentence]) => sentence),
    ...silent.map(({ what }) => `never came back after: ${what}`),
  ];
}

export function soakTable(result: SoakResult): string {
  const { streams, simulated, footprints } = result;
  const [start, end] = [footprints[0], footprints.at(-1)];
  const rows: (readonly [string, string])[] = [
    ['real time', `${(result.seconds / 3600).toFixed(2)} h (seed ${result.seed})`],
    [
      'simulated time',
      `${(simulated.days * 24).toFixed(0)} h: ${simulated.ikeRekeys} rekeyings of the IKE SA, ` +
        `${simulated.childRekeys} of the Child SA, 5 % lost, 5 % doubled, reordered; failed or leaked: ${simulated.wrong.length}; ` +
        `heap ${simulated.heap[0]?.toFixed(1)} MB, at the end ${simulated.heap.at(-1)?.toFixed(1)} MB`,
    ],
    ...Object.entries(result.rekeyings).map(
      ([what, count]) => [`exchanges: ${what}`, String(count)] as const,
    ),
    ['IKE SAs and Child SAs that stood', `${result.ikeSas} and ${result.childSas}`],
    [
      'TCP octets, every hash equal',
      `${(streams.bytesIn / 1e6).toFixed(0)} MB in, ${(streams.bytesOut / 1e6).toFixed(0)} MB out`,
    ],
    ['TCP connections lost', `${streams.ended.length} of ${result.connections}`],
    ['datagrams', `${streams.sent} sent, ${streams.back} back`],
    ['packets lost at switches', String(result.lostAtSwitches)],
    ['packets lost elsewhere outside of faults', String(result.lostElsewhere)],
    ['longest silence (the longest fault is in it)', `${(streams.gap / 1000).toFixed(1)} s`],
    ['replay drops', String(result.replayDrops)],
    ['time connected', `${(result.connected * 100).toFixed(1)} %`],
    ['connections that ended', String(result.ends.length)],
    ['memory of the helper, RSS', `${start?.rss.toFixed(1)} MB, at the end ${end?.rss.toFixed(1)} MB`],
    ['heap and external, collected', `${start?.heap.toFixed(1)} MB, at the end ${end?.heap.toFixed(1)} MB`],
    ['descriptors', `${start?.descriptors}, at the end ${end?.descriptors}`],
  ];
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
