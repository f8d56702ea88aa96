/** What npm start says where something is missing, and what it starts where nothing is. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '#test/fakes/temporary.ts';
import { readyToStart, type Surroundings } from '../../../scripts/start.ts';

/** A clone with Electron's package and no binary. `install` is what its installer does. */
function setUp(change: Partial<Surroundings> = {}, install: (dist: string) => string = () => '') {
  const root = temporaryDirectory();
  const dist = join(root, 'node_modules/electron/dist');
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(dist, '../package.json'), '{"version":"45.4.1"}');
  const said: string[] = [];
  const binary = readyToStart({
    root,
    environment: { DISPLAY: ':0' },
    args: ['--socket=/x'],
    uid: 1000,
    install: () => install(dist),
    say: (line) => void said.push(line),
    ...change,
  });
  return { root, dist, binary, said };
}

function program(folder: string, text = '#!/bin/sh\n'): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'electron');
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

describe('npm start', () => {
  it('takes the binary that is named, and downloads nothing', () => {
    const folder = join(temporaryDirectory(), 'dist');
    const path = program(folder);
    const { binary, said } = setUp(
      { environment: { DISPLAY: ':0', ELECTRON_OVERRIDE_DIST_PATH: folder } },
      () => expect.fail('it was downloaded'),
    );
    expect(binary).toBe(path);
    expect(said).toEqual([]);
  });

  it('says that the named folder has none', () => {
    const { binary, said } = setUp({
      environment: { DISPLAY: ':0', ELECTRON_OVERRIDE_DIST_PATH: '/nonexistent' },
    });
    expect(binary).toBeUndefined();
    expect(said[0]).toMatch(/\/nonexistent, which has no program electron/);
  });

  it('downloads it where it is missing', () => {
    const { binary, dist } = setUp({}, (folder) => program(folder));
    expect(binary).toBe(join(dist, 'electron'));
  });

  it('says what is missing and what to run where that fails, and keeps the rest for a file', () => {
    const { binary, said, root } = setUp({}, () => 'TypeError: fetch failed\n    at node:internal');
    expect(binary).toBeUndefined();
    const text = said.join('\n');
    expect(text).toContain('Electron 45.4.1 could not be downloaded');
    expect(text).toContain('ELECTRON_OVERRIDE_DIST_PATH=/that/folder npm start');
    expect(text).not.toMatch(/TypeError|node:internal/);
    expect(readFileSync(join(root, 'build/electron-install.log'), 'utf8')).toContain('TypeError');
  });

  it.each([
    [{ environment: {} }, /no desktop here/],
    [{ uid: 0 }, /does not start as root/],
  ])('says before it fails what Electron would fail on: %j', (change, says) => {
    const { binary, said } = setUp(change, (folder) => program(folder));
    expect(binary).toBeUndefined();
    expect(said.join('\n')).toMatch(says);
  });

  it('tells how to start the background service where its usual socket is asked for', () => {
    const { binary, said } = setUp({ args: ['--hidden'] }, (folder) => program(folder));
    expect(binary).toBeDefined();
    const runsHere = existsSync('/run/adit/aditd.sock');
    expect(said.slice(1).join('')).toMatch(runsHere ? /^$/ : /sudo \S+\/helper\/aditd --foreground/);
  });

  it('ends with 1 and without a stack, run as a program', () => {
    const root = temporaryDirectory();
    const source = join(import.meta.dirname, '../../../scripts/start.ts');
    const copy = join(root, 'scripts/start.ts');
    mkdirSync(dirname(copy));
    cpSync(source, copy);
    const env = { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: '/nonexistent' };
    const run = () => execFileSync(process.execPath, [copy], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let failure: { status?: number; stderr?: Buffer } = {};
    try {
      run();
    } catch (error) {
      failure = error as typeof failure;
    }
    expect(failure.status).toBe(1);
    const lines = (failure.stderr?.toString() ?? '').trimEnd().split('\n');
    expect(lines.filter((line) => !line.startsWith('start: '))).toEqual([]);
  });
});
