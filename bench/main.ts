/**
 * npm run bench: measures Adit against its peers in one run and prints ratios. scripts/bench.sh runs it in
 * namespaces. `--only NAME` (repeatable) takes a part; `--write` puts the table into docs/performance.md; `--short` takes
 * fewer rounds; `--check` takes a glance (half a minute; `npm test` runs it) unless told which parts, and fails where a
 * goal is missed by a factor of 2.5 or more, which no noisy machine explains.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { connect } from './connect.ts';
import { handshakes } from './handshakes.ts';
import { describeMachine, margin, type Report, type Row, table } from './report.ts';
import { logins } from './logins.ts';
import { recover } from './recover.ts';
import { start } from './start.ts';
import { glance, throughput } from './throughput.ts';

type Part = (options: { short: boolean }) => Promise<Row[]> | Row[];
/** It is checked with the browser's types, by test/e2e/tsconfig.json; a name that is computed keeps it out of this check. */
const INTERFACE = ['.', 'interface.ts'].join('/');

const PARTS: Readonly<Record<string, Part>> = {
  connect,
  logins,
  recover,
  start,
  interface: async (options) =>
    await ((await import(INTERFACE)) as { userInterface: Part }).userInterface(options),
  handshakes,
  throughput,
  glance,
};
/** What is measured unless `--only` says otherwise. */
const ALL = ['connect', 'logins', 'start', 'handshakes', 'throughput'];
const MARKS = ['<!-- bench:begin -->', '<!-- bench:end -->'] as const;
const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

async function writeDocument(report: Report): Promise<void> {
  const file = path('docs/performance.md');
  const text = await readFile(file, 'utf8');
  const [begin, end] = MARKS.map((mark) => text.indexOf(mark));
  if (begin === undefined || end === undefined || begin < 0 || end < begin) {
    throw new Error(`${file} has no ${MARKS.join(' … ')}`);
  }
  const table_ = `${MARKS[0]}\nTaken ${report.takenAt.slice(0, 10)} on ${report.machine}.\n\n${table(report)}\n`;
  await writeFile(file, text.slice(0, begin) + table_ + text.slice(end));
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    write: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});
const rows: Row[] = [];
for (const name of values.only ?? (values.check ? ['glance'] : ALL)) {
  const part = PARTS[name];
  if (!part) throw new Error(`--only ${name}: must be one of ${Object.keys(PARTS).join(', ')}`);
  process.stderr.write(`bench: ${name}\n`);
  rows.push(...(await part({ short: values.short })));
}
const report: Report = { takenAt: new Date().toISOString(), machine: describeMachine(), rows };
process.stdout.write(`${report.machine}\n\n${table(report)}\n`);
await mkdir(path('bench/results'), { recursive: true });
const file = path(`bench/results/${report.takenAt.replaceAll(':', '-')}.json`);
await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
process.stderr.write(`bench: written to ${file}\n`);
if (values.write) await writeDocument(report);
const far = rows.filter((row) => (margin(row) ?? 1) <= 1 / 2.5);
if (values.check && far.length > 0) {
  process.stderr.write(`bench: far from its goal: ${far.map(({ subject }) => subject).join('; ')}\n`);
  process.exitCode = 1;
}
