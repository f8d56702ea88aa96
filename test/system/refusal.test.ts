/** What the library for many packets refuses, by the data plane's own code (test/native/refusal.cc). */
import { beforeAll, expect, it } from 'vitest';
import { buildWith, runNative } from '#test/harness/sanitizers.ts';

beforeAll(async () => {
  await buildWith('address');
}, 600_000);

it('does not leave, and is counted; what comes in is judged without it; few packets are not its business', async () => {
  const { code, stdout, stderr } = await runNative('address', 'refusal', []);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const few = { through: 3, authFailures: 0 };
  // The program's library has every ICV wrong: so they are taken from it, where it does its work.
  expect(JSON.parse(stdout)).toEqual([
    [{ left: 3, encrypted: true, together: 0, sendErrors: 0 }, few],
    [
      { left: 20, encrypted: true, together: 20, sendErrors: 0 },
      { through: 0, authFailures: 20 },
    ],
    [{ left: 0, encrypted: true, together: 0, sendErrors: 3 }, few],
    [
      { left: 0, encrypted: true, together: 0, sendErrors: 20 },
      { through: 0, authFailures: 20 },
    ],
    [{ left: 3, encrypted: true, together: 0, sendErrors: 0 }, few],
    [
      { left: 0, encrypted: true, together: 0, sendErrors: 20 },
      { through: 20, authFailures: 0 },
    ],
  ]);
});
