/** Files that are replaced whole or not at all, with a kill or an error at any step. */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeTemporaries, writeWhole } from '#helper/whole-file.ts';
import { temporaryDirectory } from '#test/fakes/temporary.ts';
import { failingAt, killedAt } from '#test/fakes/failing-files.ts';

describe('a file written whole', () => {
  it('is private and has its content', () => {
    const path = join(temporaryDirectory(), 'file');
    writeWhole(path, 'content');
    expect(fs.readFileSync(path, 'utf8')).toBe('content');
    expect(fs.statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is forced to disk before it takes its place, and its place after', () => {
    const { calls, log } = failingAt(Number.POSITIVE_INFINITY, 'EIO');
    writeWhole(join(temporaryDirectory(), 'file'), 'content', calls);
    expect(log).toEqual([
      'openSync',
      'writeSync',
      'fsyncSync',
      'closeSync',
      'renameSync',
      'openSync',
      'fsyncSync',
      'closeSync',
    ]);
  });

  it('survives a write that takes only a part', () => {
    const path = join(temporaryDirectory(), 'file');
    const calls = {
      ...fs,
      writeSync: ((file: number, octets: Buffer, at: number) =>
        fs.writeSync(file, octets, at, Math.min(3, octets.length - at))) as typeof fs.writeSync,
    };
    writeWhole(path, 'a longer content', calls);
    expect(fs.readFileSync(path, 'utf8')).toBe('a longer content');
  });

  it('is the old one or the new one, whichever step the disk is full at', () => {
    const seen = atEachStep((step, path) => {
      const { calls, taken } = failingAt(step, 'ENOSPC');
      if (!throws(() => writeWhole(path, 'new', calls))) return false;
      expect(taken()).toBeGreaterThan(step);
      expect(fs.readdirSync(dirname(path))).toEqual(['file']);
      return true;
    });
    expect(new Set(seen)).toEqual(new Set(['old', 'new']));
  });

  it('is the old one or the new one, whichever step a kill comes at', () => {
    const seen = atEachStep((step, path) => {
      if (!throws(() => writeWhole(path, 'new', killedAt(step)))) return false;
      removeTemporaries(dirname(path));
      expect(fs.readdirSync(dirname(path))).toEqual(['file']);
      return true;
    });
    expect(new Set(seen)).toEqual(new Set(['old', 'new']));
  });
});

/** Runs with step 0, 1, 2 … over a file with old content until nothing fails any more. What the file held each time. */
function atEachStep(write: (step: number, path: string) => boolean): string[] {
  const seen: string[] = [];
  for (let step = 0; ; step++) {
    const path = join(temporaryDirectory(), 'file');
    writeWhole(path, 'old');
    const failed = write(step, path);
    seen.push(fs.readFileSync(path, 'utf8'));
    if (!failed) return seen;
  }
}

function throws(act: () => void): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}
