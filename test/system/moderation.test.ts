/** When a thread of the data plane rests, by its own code (test/native/moderation.cc). docs/performance.md, "Resting". */
import { beforeAll, expect, it } from 'vitest';
import { buildWith, runNative } from '#test/harness/sanitizers.ts';

beforeAll(async () => {
  await buildWith('address');
}, 600_000);

it('rests between batches that come fast, and at no other pace', async () => {
  const { code, stdout, stderr } = await runNative('address', 'moderation', []);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const told = JSON.parse(stdout) as Record<
    'small' | 'large' | 'restSmall' | 'restLarge' | 'restAnswers',
    number
  >;
  // The first is after nothing, so it is not soon after anything.
  expect(told.small).toBeGreaterThanOrEqual(17);
  expect(told.small).toBeLessThan(100_000);
  expect(told.large).toBeGreaterThanOrEqual(17);
  expect(told.large).toBeLessThan(100_000);
  // The shortest of many, with the time that it takes to wake up again, which is the same for all.
  expect(told.restSmall).toBeGreaterThanOrEqual(60_000);
  expect(told.restLarge).toBeGreaterThanOrEqual(100_000);
  expect(told.restAnswers).toBeGreaterThanOrEqual(200_000);
  expect(told.restLarge).toBeGreaterThan(told.restSmall);
  expect(told.restAnswers).toBeGreaterThan(told.restLarge + 50_000);
  expect(told).toMatchObject({
    largeLeaving: false,
    slowSmall: false,
    slowLarge: false,
    afterNothing: false,
    afterGap: false,
  });
});
