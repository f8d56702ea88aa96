/** Every suite of suites.ts against strongSwan: one gateway with a connection each, a file both ways, counters, undo. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runThrough } from '#test/harness/checks.ts';
import { Scene } from '#test/harness/scene.ts';
import { SUITES } from './suites.ts';

describe('each suite with a strongSwan gateway', () => {
  let scene: Scene;
  beforeAll(async () => {
    const ways = SUITES.map(({ ike, esp }, at) => ({ name: `suite-${at}`, ike, esp }));
    // Without proposals both sides offer their own defaults and must find something in common.
    scene = await Scene.create({ ways: [...ways, { name: 'defaults' }] });
  });
  afterEach(async () => {
    await scene.reset();
  });
  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
  });

  it.each(SUITES.map((suite, at) => ({ ...suite, at })))('$ike, ESP $esp', async ({ at, weak }) => {
    await runThrough(scene, `suite-${at}`, {
      connected: (tunnel) => {
        const shown = tunnel.ike?.weak.join(' ') ?? '';
        expect(shown === '').toBe(weak === undefined);
      },
    });
  });

  it('the defaults of both sides', async () => {
    await runThrough(scene, 'defaults', {
      connected: (tunnel) => {
        expect(tunnel.ike?.weak).toEqual([]);
      },
    });
  });
});
