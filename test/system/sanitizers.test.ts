/**
 * The native data plane under ThreadSanitizer and under AddressSanitizer with UndefinedBehaviorSanitizer: everything at
 * once in two namespaces (test/native/stress.cc). ADIT_STRESS_ROUNDS and ADIT_STRESS_MS ask for more of it,
 * ADIT_STRESS_SEED for other choices. Needs root.
 */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SanitizedOracle } from '#test/harness/sanitized-oracle.ts';
import { buildWith, runNative, runWithSanitizedAddon, type Sanitizer } from '#test/harness/sanitizers.ts';

/** Two at least: one on a wide path, one on a narrow one. */
const ROUNDS = Number(process.env.ADIT_STRESS_ROUNDS ?? 3);
const MS = Number(process.env.ADIT_STRESS_MS ?? 1500);
const SEED = Number(process.env.ADIT_STRESS_SEED ?? Date.now() % 1_000_000_007);

interface Totals {
  readonly streamed: number;
  readonly packetsIn: number;
  readonly rekeys: number;
  readonly moves: number;
  readonly renewals: number;
  readonly reads: number;
  readonly events: number;
  readonly expired: number;
  readonly authFailures: number;
  readonly tooBig: number;
  readonly narrowest: number;
  readonly fatal: number;
}

const SANITIZERS = ['address', 'thread'] as const;

/** Whether the library's functions are in an addon: its symbols are. */
async function hasIpsecMb(addon: string): Promise<boolean> {
  const file = new URL(`../../${addon}`, import.meta.url);
  return (await readFile(file)).includes('init_mb_mgr_auto');
}

beforeAll(async () => {
  for (const sanitizer of SANITIZERS) await buildWith(sanitizer);
}, 600_000);

describe.each(SANITIZERS)('with the sanitizer %s', (sanitizer: Sanitizer) => {
  it('load, rekeys, moves, limits, junk and the end in the middle of it are clean', {
    timeout: 60_000 + 20 * ROUNDS * MS,
  }, async () => {
    const { code, stdout, stderr } = await runNative(
      sanitizer,
      'stress',
      [ROUNDS, MS, SEED],
      50_000 + 20 * ROUNDS * MS,
    );
    console.info(`stress (${sanitizer}): seed ${SEED}, ${stdout.trim()}`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const totals = JSON.parse(stdout) as Totals;
    // It was load: a sanitized run that carries nothing proves nothing.
    expect(totals.streamed).toBeGreaterThan(ROUNDS * 100_000);
    expect(totals.packetsIn).toBeGreaterThan(ROUNDS * 300);
    expect(totals.rekeys).toBeGreaterThanOrEqual(ROUNDS);
    expect(totals.moves).toBeGreaterThanOrEqual(4 * ROUNDS);
    expect(totals.renewals).toBeGreaterThanOrEqual(ROUNDS);
    for (const some of ['reads', 'events', 'expired', 'authFailures'] as const) {
      expect(totals[some]).toBeGreaterThan(0);
    }
    // Every second round has a path that is narrower than the packets.
    expect(totals.narrowest).toBe(1300);
    expect(totals.tooBig).toBeGreaterThan(0);
    expect(totals.fatal).toBe(0);
  });
});

it('the addon in Node agrees with core/esp, every suite, size and offload of it, without libipsec-mb', {
  timeout: 90_000,
}, async () => {
  expect(await hasIpsecMb('build/native/adit.node')).toBe(true);
  expect(await hasIpsecMb('build/native-address/adit.node')).toBe(false);
  const { code, stdout, stderr } = await runWithSanitizedAddon('sanitized-oracle.ts', [String(SEED)]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { packets, disagreements } = JSON.parse(stdout) as SanitizedOracle;
  expect(disagreements).toEqual([]);
  expect(packets).toBeGreaterThan(20_000);
});

it('a thread of Node may end while it watches the network and the clock', { timeout: 60_000 }, async () => {
  expect(await runWithSanitizedAddon('abandoned-watch.ts', [])).toMatchObject({
    code: 0,
    stderr: '',
    stdout: 'ended',
  });
});

describe('a planted fault is found:', () => {
  it.each([
    ['race', 'thread', 'ThreadSanitizer: data race'],
    ['overflow', 'address', 'AddressSanitizer: heap-buffer-overflow'],
    ['undefined', 'address', 'runtime error: signed integer overflow'],
    ['leak', 'address', 'LeakSanitizer: detected memory leaks'],
  ] as const)('%s', async (fault, sanitizer, finding) => {
    const { code, stderr } = await runNative(sanitizer, 'planted', [fault]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(finding);
  });
});
