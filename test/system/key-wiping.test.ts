/**
 * removeChild leaves no key in the memory of the process, nor does the end of an SA's lifetime: the helper's own addon in a process of its own, which looks
 * through /proc/self/mem before, while and after an SA is there. Needs root.
 */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { KeySearch } from '#test/harness/key-search-agent.ts';
import { World } from '#test/harness/world.ts';

/** One of each kind of cipher and MAC. */
const SUITES = [
  'aes256gcm16',
  'chacha20poly1305',
  'aes256ccm16',
  'aes256-sha256',
  'aes128ctr-sha512',
  'null-sha1',
];

it('the keys of an SA are in memory while it is installed, and nowhere once it is removed or its time is over', async () => {
  await using world = await World.create();
  const host = await world.host('client');
  const script = fileURLToPath(new URL('../harness/key-search-agent.ts', import.meta.url));
  const results = JSON.parse(await host.run([process.execPath, script, ...SUITES])) as KeySearch[];
  expect(new Set(results.map(({ esp }) => esp))).toEqual(new Set(SUITES));
  for (const { packetsOut } of results) expect(packetsOut).toBeGreaterThanOrEqual(5);
  // What the search does not find while it is there, it could not find afterwards either.
  expect(results.filter(({ installed }) => installed === 0)).toEqual([]);
  expect(
    results.filter(({ before, removed, ended }) => before !== 0 || removed !== 0 || ended !== 0),
  ).toEqual([]);
});
