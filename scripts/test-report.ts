/**
 * The closing table of `npm test`: one line a suite, then `N passed, N failed` (and skipped). Called by test.sh with
 * the folder of result files and the suites in order. Exits 1 when anything failed; with CI=true a skipped test
 * is a failure too, unless it reads ../shared, which a bare clone does not have.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';

const resultSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('check'), status: z.number(), seconds: z.number() }),
  z.object({ kind: z.literal('vitest'), status: z.number(), seconds: z.number() }),
  z.object({ kind: z.literal('skipped'), reason: z.string() }),
]);

const vitestSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

interface Line {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  readonly notes: readonly string[];
}

const root = join(import.meta.dirname, '..');
const sharedIsThere = existsSync(join(root, '..', 'shared'));

/** Whether this file's tests may be skipped here: they read ../shared and it is absent. */
function mayBeSkipped(file: string): boolean {
  return !sharedIsThere && /['"`/]shared['"`/]/.test(readFileSync(file, 'utf8'));
}

function readVitest(suite: string, file: string, status: number, seconds: number, strict: boolean): Line {
  if (!existsSync(file)) {
    return { suite, passed: 0, failed: 1, skipped: 0, seconds, notes: ['vitest ended without a report'] };
  }
  const report = vitestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const notes: string[] = [];
  for (const { name, status: fileStatus, message, assertionResults } of report.testResults) {
    const place = relative(root, name);
    if (fileStatus === 'failed' && assertionResults.every((test) => test.status !== 'failed')) {
      failed += 1;
      notes.push(`failed: ${place}: ${message?.split('\n')[0] ?? 'the file itself'}`);
    }
    for (const test of assertionResults) {
      if (test.status === 'passed') passed += 1;
      else if (test.status === 'failed') {
        failed += 1;
        notes.push(`failed: ${place}: ${test.fullName}`);
      } else if (strict && !mayBeSkipped(name)) {
        failed += 1;
        notes.push(`skipped, which counts as failed here: ${place}: ${test.fullName}`);
      } else {
        skipped += 1;
        notes.push(`skipped: ${place}: ${test.fullName}`);
      }
    }
  }
  if (status !== 0 && failed === 0) {
    failed = 1;
    notes.push(`vitest exited with ${status}`);
  }
  if (passed + failed + skipped === 0) {
    failed = 1;
    notes.push('no test was found');
  }
  return { suite, passed, failed, skipped, seconds, notes };
}

function readLine(directory: string, suite: string, strict: boolean): Line {
  const file = join(directory, `${suite}.json`);
  if (!existsSync(file))
    return { suite, passed: 0, failed: 1, skipped: 0, seconds: 0, notes: ['it did not run'] };
  const result = resultSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  switch (result.kind) {
    case 'check':
      return {
        suite,
        passed: result.status === 0 ? 1 : 0,
        failed: result.status === 0 ? 0 : 1,
        skipped: 0,
        seconds: result.seconds,
        notes: [],
      };
    case 'skipped':
      return {
        suite,
        passed: 0,
        failed: strict ? 1 : 0,
        skipped: strict ? 0 : 1,
        seconds: 0,
        notes: [`${strict ? 'skipped, which counts as failed here' : 'skipped'}: ${result.reason}`],
      };
    case 'vitest':
      return readVitest(
        suite,
        join(directory, `${suite}.vitest.json`),
        result.status,
        result.seconds,
        strict,
      );
    default:
      return result satisfies never;
  }
}

const [directory, ...suites] = parseArgs({ allowPositionals: true }).positionals;
if (directory === undefined) throw new Error('usage: node scripts/test-report.ts DIRECTORY SUITE…');
const strict = process.env['CI'] === 'true';
const lines = suites.map((suite) => readLine(directory, suite, strict));

const total = (count: (line: Line) => number) => lines.reduce((sum, line) => sum + count(line), 0);
const row = (...cells: (string | number)[]) =>
  cells.map((cell, at) => (at === 0 ? String(cell).padEnd(12) : String(cell).padStart(9))).join('');
console.log(`\n${row('suite', 'passed', 'failed', 'skipped', 'seconds')}`);
for (const { suite, passed, failed, skipped, seconds } of lines) {
  console.log(row(suite, passed, failed, skipped, seconds));
}
for (const { suite, notes } of lines) {
  for (const note of notes) console.log(`${suite}: ${note}`);
}
const failed = total((line) => line.failed);
const skipped = total((line) => line.skipped);
console.log(
  `\n${total((line) => line.passed)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
);
process.exitCode = failed > 0 ? 1 : 0;
