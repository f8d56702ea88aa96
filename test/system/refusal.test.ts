/** A packet that cannot be encrypted does not leave, by the data plane's own code (test/native/refusal.cc). */
import { beforeAll, expect, it } from 'vitest';
import { buildWith, runNative } from '#test/harness/sanitizers.ts';

beforeAll(async () => {
  await buildWith('address');
}, 600_000);

it('what the library of AES-CBC refuses does not leave, and is counted', async () => {
  const { code, stdout, stderr } = await runNative('address', 'refusal', []);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual([
    { left: 3, encrypted: true, sendErrors: 0 },
    { left: 0, encrypted: true, sendErrors: 3 },
  ]);
});
