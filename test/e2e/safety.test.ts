/** The attack table of docs/security.md as far as it is the interface's: a page that was taken over gets nowhere. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APP, RunningApp } from './driver.ts';
import { type Hole, holes } from './holes.ts';

const NOWHERE = '/nonexistent/aditd.sock';

describe('the shipped bundle', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await RunningApp.start({ socket: NOWHERE });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it('has no hole', async () => {
    expect(await holes(app)).toEqual([]);
  });

  it('answers only calls that exist and fit, in words', async () => {
    const ask = (name: string, params: unknown): Promise<unknown> =>
      app.page.evaluate(
        ([called, given]) =>
          (
            globalThis as unknown as { adit: { call(name: unknown, params: unknown): Promise<unknown> } }
          ).adit.call(called, given),
        [name, params] as const,
      );
    expect(await ask('events.subscribe', { topic: 'log' })).toMatchObject({
      ok: false,
      problem: { kind: 'failed' },
    });
    expect(await ask('tunnel.up', { id: '../../etc/passwd' })).toMatchObject({
      ok: false,
      problem: { kind: 'failed', message: expect.stringMatching(/^tunnel\.up: id /) as string },
    });
    expect(await ask('tunnel.up', { id: 'work' })).toMatchObject({
      ok: false,
      problem: { kind: 'no-helper' },
    });
    expect(await ask('app.state', {})).toMatchObject({ ok: true });
  });

  it('gives every permission away to nobody', async () => {
    const answers = await app.evaluate(({ permissions }) => {
      const request = permissions.request as (a: null, b: string, decide: (allowed: boolean) => void) => void;
      const check = permissions.check as () => boolean;
      const decided: boolean[] = [];
      for (const permission of ['media', 'geolocation', 'openExternal'])
        request(null, permission, (allowed) => decided.push(allowed));
      return [...decided, check()];
    });
    expect(answers).toEqual([false, false, false, false]);
  });

  it('serves its own files alone', async () => {
    const statuses = await app.evaluate(async (double) => {
      const urls = [
        'adit://app/index.html',
        'adit://app/..%2fmain.js',
        'adit://app/%2e%2e/main.js',
        'adit://app/..%2f..%2f..%2f..%2fetc%2fpasswd',
        'adit://other/index.html',
        'adit://app/%zz',
      ];
      const answers = await Promise.all(urls.map((url) => double.fetch(url)));
      return answers.map(({ status }) => status);
    });
    expect(statuses).toEqual([200, 404, 404, 404, 403, 400]);
  });
});

/** Each defence taken away, in a copy of the bundle: then the suite above must see it. */
describe('without a defence', () => {
  const controls: readonly (readonly [
    what: string,
    file: string,
    from: string | RegExp,
    to: string,
    hole: Hole,
  ])[] = [
    [
      'the preload leaks ipcRenderer',
      'preload.cjs',
      /$/,
      "\nelectron.contextBridge.exposeInMainWorld('ipcRenderer', { invoke: electron.ipcRenderer.invoke });",
      'ipcRenderer',
    ],
    ['the policy allows everything', 'main.js', /"content-security-policy": \w+,?/, '', 'inline-script'],
    ['navigation is not stopped', 'main.js', '"will-navigate"', '"will-not-navigate"', 'navigation'],
    ['windows may be opened', 'main.js', 'action: "deny"', 'action: "allow"', 'window'],
  ];
  it.each(controls)('%s: seen', async (_, file, from, to, hole) => {
    const directory = await mkdtemp(join(tmpdir(), 'adit-control-'));
    try {
      await cp(APP, directory, { recursive: true });
      const path = join(directory, file);
      const text = await readFile(path, 'utf8');
      const changed = text.replace(from, to);
      expect(changed).not.toBe(text);
      await writeFile(path, changed);
      await using app = await RunningApp.start({ socket: NOWHERE, app: directory });
      expect(await holes(app)).toContain(hole);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('a preload that requires a module of Node gives no bridge', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'adit-control-'));
    try {
      await cp(APP, directory, { recursive: true });
      const path = join(directory, 'preload.cjs');
      await writeFile(path, `require('node:fs');\n${await readFile(path, 'utf8')}`);
      await expect(RunningApp.start({ socket: NOWHERE, app: directory })).rejects.toThrow(/#root/);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
