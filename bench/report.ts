/**
 * What a benchmark measured, as rows of one table: Adit's figure, the peer's figure from the same run, their ratio.
 * main.ts prints the table, writes it as JSON and, with --write, into docs/performance.md.
 */
import { cpus, release, totalmem } from 'node:os';

export interface Row {
  /** What was measured, as the table says it. */
  readonly subject: string;
  readonly unit: string;
  readonly adit: number;
  /** Whom it was compared with in the same run; absent where there is none. */
  readonly peer?: {
    readonly name: string;
    readonly value: number;
    /** Where it is not that of the two figures: the median of the rounds' own ratios, which a machine's moods spoil less. */
    readonly ratio?: number;
  };
  /** The bound that the issue set, on the ratio where there is a peer, else on Adit's figure. */
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
  readonly note?: string;
}

export interface Report {
  readonly takenAt: string;
  readonly machine: string;
  readonly rows: readonly Row[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.ceil(sorted.length / 2) - 1];
  if (high === undefined || low === undefined) throw new Error('a median of nothing');
  return (low + high) / 2;
}

export function describeMachine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const cores = `${cpus().length} cores (${first?.model.trim() ?? 'unknown'})`;
  return `${cores}, ${memory} GiB, Linux ${release()}, Node ${process.version}`;
}

/** None where the peer has nothing of what is counted. */
const ratioOf = ({ adit, peer }: Row): number | undefined =>
  peer && (peer.ratio ?? (peer.value === 0 ? undefined : adit / peer.value));

/** By which factor the figure is better than its goal asks; below one it is missed. */
export function margin(row: Row): number | undefined {
  if (!row.goal) return undefined;
  const reached = ratioOf(row) ?? row.adit;
  return 'atMost' in row.goal ? row.goal.atMost / reached : reached / row.goal.atLeast;
}

function verdict(row: Row): string {
  if (!row.goal) return '';
  const bound = 'atMost' in row.goal ? `at most ${figure(row.goal.atMost)}` : `at least ${row.goal.atLeast}`;
  return `${(margin(row) ?? 1) >= 1 ? 'held' : 'MISSED'} (${bound})`;
}

const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** The table in Markdown, which reads well on a terminal, too. */
export function table({ rows }: Report): string {
  const head = ['measured', 'Adit', 'peer', 'ratio', 'goal'];
  const body = rows.map((row) => [
    row.note === undefined ? row.subject : `${row.subject} (${row.note})`,
    `${figure(row.adit)} ${row.unit}`,
    row.peer ? `${figure(row.peer.value)} ${row.unit} (${row.peer.name})` : '',
    ratioOf(row)?.toPrecision(3) ?? '',
    verdict(row),
  ]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...body].map((line) => (line[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
