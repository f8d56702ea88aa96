/** The end of our own certificate is told in the main view and in the list of profiles, in good time and not before. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateEntry } from '#core/ipc/profile-calls.ts';
import { FakeHelper } from '#test/fakes/helper-server.ts';
import { summary } from '#test/fakes/statuses.ts';
import { RunningApp } from './driver.ts';

/** Names of profiles, by the days that their certificates have left. */
const DAYS: Readonly<Record<string, number>> = { later: 45, soon: 20, urgent: 5, expired: -3 };
const HOUR_MS = 3_600_000;

const own = (days: number): CertificateEntry => ({
  readable: true,
  role: 'own',
  subject: 'CN=alice',
  issuer: 'CN=ca',
  names: [],
  moreNames: 0,
  serial: '01',
  notBefore: '2025-01-01T00:00:00.000Z',
  notAfter: new Date(Date.now() + days * 24 * HOUR_MS + HOUR_MS).toISOString(),
  keyType: 'RSA 2048',
  sha256: 'ab'.repeat(32),
  isCa: false,
  expiresInDays: days,
  warnings: [],
});

let helper: FakeHelper;
let app: RunningApp;
beforeAll(async () => {
  const profiles = Object.keys(DAYS).map((name) =>
    summary(name, { name, storedSecrets: ['privateKey'], missingSecrets: [], revision: '1' }),
  );
  helper = await FakeHelper.start({
    answers: {
      'events.subscribe': ({ topic }) =>
        topic === 'profiles' ? { sequence: 0, profiles } : { sequence: 0, status: { tunnels: [] } },
      'profiles.certificates': ({ id }) => ({ certificates: [own(DAYS[id] ?? 0)] }),
    },
  });
  app = await RunningApp.start({ socket: helper.path });
  await app.page.getByRole('button', { name: 'Profiles' }).click();
  await app.page.locator('[data-expiry="expired"]').waitFor();
});
afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  await helper?.stop();
});

describe('a certificate', () => {
  it.each([
    ['later', undefined, undefined],
    ['soon', 'soon', 'Expires in 20 days'],
    ['urgent', 'urgent', 'Expires in 5 days'],
    ['expired', 'expired', 'Expired 3 days ago'],
  ] as const)('of “%s” is told in the list and in the main view: %s', async (name, urgency, words) => {
    const { page } = app;
    const row = page.getByRole('listitem').filter({ hasText: name });
    const inList = row.locator('[data-expiry]');
    expect(await inList.count()).toBe(urgency === undefined ? 0 : 1);
    await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
    await page.getByRole('heading', { name: 'Not connected' }).waitFor();
    const inView = page.locator('[data-expiry]');
    const told = (await inView.allTextContents()).join();
    const expected =
      words === undefined ? '' : `Your certificate: ${words}. Ask your IT department for a new one.`;
    expect(told).toBe(expected);
    expect(await inView.evaluateAll((all) => all.map((one) => one.getAttribute('data-expiry')))).toEqual(
      urgency === undefined ? [] : [urgency],
    );
    await page.getByRole('button', { name: 'Profiles' }).click();
  });
});
