/** Canaries: whoever and whatever the profiles name is in no report, wherever in what was collected it stands. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LogEntry } from '#core/ipc/contract.ts';
import { profileSchema } from '#core/profile/profile.ts';
import { settingsSchema } from '#electron/settings.ts';
import { type Collected, reportText, sectionsOf } from '#renderer/features/report/report-model.ts';
import { bare, summary } from '#test/fakes/statuses.ts';

const RUNS = 400;
const canary = (prefix: string): fc.Arbitrary<string> =>
  fc.stringMatching(/^[a-z0-9]{6,12}$/).map((rest) => `${prefix}${rest}q`);
/** What may stand around a canary: words, marks, and whole other canaries. */
const around = fc.constantFrom(
  '',
  ' ',
  ': ',
  '"',
  '(',
  ')',
  ', ',
  '=',
  '/',
  ' for ',
  '\n',
  '\u202e',
  '[',
  '…',
);
const address = fc
  .tuple(fc.integer({ min: 193, max: 197 }), fc.nat(255), fc.nat(255), fc.integer({ min: 1, max: 254 }))
  .map((octets) => octets.join('.'));

const planted = fc.record({
  user: canary('usr'),
  mail: canary('ml').map((name) => `${name}@somewhere`),
  home: canary('hm'),
  host: fc.tuple(canary('h'), canary('d')).map(([name, domain]) => `${name}.${domain}.example`),
  gateway: canary('gw'),
  profile: canary('pr'),
  address,
});

it('no canary leaves', () => {
  fc.assert(
    fc.property(
      planted,
      fc.array(fc.tuple(around, fc.nat(6), around), { minLength: 1, maxLength: 12 }),
      ({ user, mail, home, host, gateway, profile, address: ip }, places) => {
        const words = [user, mail, `/home/${home}/x`, host, gateway, profile, ip];
        const message = places
          .map(([before, at, after]) => `${before || ' '}${words[at]}${after || ' '}`)
          .join('');
        const entry: LogEntry = {
          time: '2026-11-21T08:00:00.000Z',
          level: 'info',
          subsystem: 'ike',
          message,
          profile,
        };
        const collected: Collected = {
          madeAt: '2026-11-21T09:00:00.000Z',
          versions: [],
          link: { state: 'up', helper: message },
          settings: { ...settingsSchema.parse({ connectAtStart: profile }), startAtLogin: false },
          checks: [{ check: 'x', ok: false, found: message, remedy: message }],
          status: {
            tunnels: [bare('connecting', { profile: { id: profile, name: profile }, step: message })],
          },
          summaries: [summary(profile, { name: profile, gateway })],
          profiles: [
            profileSchema.parse({
              format: 'adit-profile',
              version: 1,
              name: profile,
              gateway: { addresses: [gateway, host] },
              authentication: { method: 'eap', user },
            }),
          ],
          log: [entry],
        };
        const text = reportText(collected, sectionsOf(collected, new Set()), new Set(), new Set());
        for (const word of [user, mail.split('@')[0] ?? '', home, host, gateway, profile, ip])
          expect(text.toLowerCase()).not.toContain(word.toLowerCase());
      },
    ),
    { numRuns: RUNS },
  );
});

it('any text at all is taken, and only what is asked for changes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (message) => {
      const entry: LogEntry = { time: '2026-11-21T08:00:00.000Z', level: 'info', subsystem: 'ike', message };
      const collected: Collected = {
        madeAt: '2026-11-21T09:00:00.000Z',
        versions: [],
        link: { state: 'connecting' },
        settings: undefined,
        summaries: [],
        profiles: [],
        log: [entry],
      };
      const text = sectionsOf(collected, new Set()).at(-1)?.text ?? '';
      expect(text.split('\n')).toHaveLength(1);
      // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
      expect(text).not.toMatch(/[\u0000-\u001f\u202a-\u202e]/);
    }),
    { numRuns: RUNS },
  );
});
