/** Directories for one test, and what they need: gone when the test is over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { FakeClock } from '#helper/clock-fake.ts';
import { Log } from '#helper/log/log.ts';

/** A fresh directory (0700), removed when the running test ends. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'adit-unit-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A log without sinks: read it by `recent()`. */
export function quietLog(clock = new FakeClock()): Log {
  return new Log(clock, []);
}
