/** What an import made of every setting: what needs attention first, the rest in short. */
import type { Result } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

type Imported = Pick<Result<'profiles.import'>['imported'][number], 'report'>;
type Outcome = Imported['report'][number]['outcome'];

const HEADINGS: readonly (readonly [outcome: Outcome, heading: string])[] = [
  ['refused', 'Refused:'],
  ['missing', 'Missing:'],
  ['changed', 'Changed:'],
  ['ignored', 'Without effect:'],
  ['taken', 'Taken:'],
];

export function reportLines(imported: Imported, style: Style): string[] {
  return HEADINGS.flatMap(([outcome, heading]) => {
    const entries = imported.report.filter((entry) => entry.outcome === outcome);
    if (entries.length === 0) return [];
    const paint = outcome === 'refused' || outcome === 'missing' ? style.warn : style.bold;
    const rows = entries.map(({ setting, value, reason }) => [
      `  ${printable(setting)}${value === undefined ? '' : ` = ${printable(value, 80)}`}`,
      reason === undefined ? '' : printable(reason, 512),
    ]);
    return [paint(heading), ...table(['', ''], rows).slice(1)];
  });
}
