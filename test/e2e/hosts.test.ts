/** Which host the specs run on: Electron's binary where there is one; one that cannot start says so with its own words. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { electronBinary, RunningApp } from './driver.ts';

let dist: string;
beforeAll(async () => {
  dist = await mkdtemp(join(tmpdir(), 'adit-dist-'));
});
afterAll(() => rm(dist, { recursive: true }));

describe('the host', () => {
  it('is the double where the folder has no binary', () => {
    expect(electronBinary({ ELECTRON_OVERRIDE_DIST_PATH: join(dist, 'nothing') })).toBeUndefined();
  });

  it('is Electron where there is one, and its failing start is told', async () => {
    const binary = join(dist, 'electron');
    await writeFile(binary, '#!/bin/sh\necho "libnss3.so: cannot open shared object file" >&2\nexit 127\n');
    expect(electronBinary({ ELECTRON_OVERRIDE_DIST_PATH: dist })).toBeUndefined();
    await chmod(binary, 0o755);
    expect(electronBinary({ ELECTRON_OVERRIDE_DIST_PATH: dist })).toBe(binary);
    vi.stubEnv('ELECTRON_OVERRIDE_DIST_PATH', dist);
    try {
      const start = RunningApp.start({ socket: '/nonexistent/aditd.sock' });
      await expect(start).rejects.toThrow(
        `${binary} does not start: exit code 127\nlibnss3.so: cannot open shared object file`,
      );
    } finally {
      vi.unstubAllEnvs();
    }
  });
});
