/**
 * Native and TypeScript ESP agree on a million random packets. ADIT_ORACLE_PACKETS asks for another number, ADIT_ORACLE_SEED
 * for other packets; the seed of a run is printed, so that what it found can be found again.
 */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { compareOffloads } from '#test/harness/offload-oracle.ts';
import type { OracleOptions, OracleReport } from '#test/harness/esp-oracle.ts';
import { RandomSource } from '#test/harness/random-source.ts';

const PACKETS = Number(process.env.ADIT_ORACLE_PACKETS ?? 1_000_000);
const SEED = Number(process.env.ADIT_ORACLE_SEED ?? Date.now() % 1_000_000_007);

async function share(options: OracleOptions): Promise<OracleReport> {
  const script = new URL('../harness/esp-oracle-worker.ts', import.meta.url);
  const worker = new Worker(script, { workerData: options, execArgv: [] });
  const [report] = (await once(worker, 'message')) as [OracleReport];
  await worker.terminate();
  return report;
}

it('native and TypeScript ESP agree on a million random packets', { timeout: 600_000 }, async () => {
  const threads = Math.min(availableParallelism(), 4);
  const started = performance.now();
  const reports = await Promise.all(
    Array.from({ length: threads }, (_, at) => {
      const packets = Math.floor(((at + 1) * PACKETS) / threads) - Math.floor((at * PACKETS) / threads);
      return share({ seed: SEED + at, packets });
    }),
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.info(`oracle: ${PACKETS} packets, seed ${SEED}, ${threads} threads, ${seconds} s`);
  expect(reports.flatMap((report) => report.disagreements)).toEqual([]);
  expect(reports.reduce((sum, report) => sum + report.packets, 0)).toBe(PACKETS);
});

it('super-packets are cut and joined as in TypeScript', { timeout: 600_000 }, () => {
  const report = compareOffloads(new RandomSource(SEED), Math.ceil(PACKETS / 400));
  const { framesOut, packetsOut, packetsIn, framesIn } = report;
  console.info(
    `oracle: ${framesOut} frames became ${packetsOut} packets, ${packetsIn} packets ${framesIn} frames`,
  );
  expect(report.disagreements).toEqual([]);
  expect(framesIn).toBeLessThan(packetsIn);
});
