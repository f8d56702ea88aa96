/** What a problem report holds, and above all what it does not. */
import { describe, expect, it } from 'vitest';
import type { LogEntry } from '#core/ipc/contract.ts';
import { profileSchema } from '#core/profile/profile.ts';
import { settingsSchema } from '#electron/settings.ts';
import { CATEGORIES, type Category, Redactor } from '#renderer/features/report/redaction.ts';
import {
  type Collected,
  LOG_LINES,
  reportText,
  sectionsOf,
  shapeOf,
} from '#renderer/features/report/report-model.ts';
import { bare, CONNECTED, summary } from '#test/fakes/statuses.ts';

const NOTHING = { users: new Set<string>(), gateways: new Set<string>(), profiles: new Set<string>() };
const redact = (text: string, kept: readonly Category[] = []): string =>
  new Redactor(NOTHING, new Set(kept)).text(text);

describe('redaction by looks', () => {
  it.each([
    ['alice@corp.example says', '[user 1] says'],
    ['peer CN=Alice Ade, O=Corp', 'peer CN=[user 1], O=Corp'],
    ['/home/alice/vpn/a.json', '/home/[home 1]/vpn/a.json'],
    ['file:///Users/bob/x', 'file:///Users/[home 1]/x'],
    [String.raw`C:\Users\eve\x`, String.raw`C:\Users\[home 1]\x`],
    ['IKE_AUTH with 203.0.113.1:4500', 'IKE_AUTH with [gateway 1]:4500'],
    ['[2001:db8::1]:4500', '[[gateway 1]]:4500'],
    ['2001:db8:0:1:2:3:4:5 answers', '[gateway 1] answers'],
    ['::ffff:203.0.113.9', '[gateway 1]'],
    ['vpn.example.org, VPN.example.org, other.example', '[gateway 1], [gateway 1], [gateway 2]'],
    ['bücher.example', '[gateway 1]'],
    ['a.xn--bcher-kva.xn--p1ai', '[gateway 1]'],
  ])('%s', (given, expected) => expect(redact(given)).toBe(expected));

  it.each([
    '2026-11-21T08:00:00.000Z',
    '08:00:15',
    '10.88.0.2 and 192.168.1.1/24, 100.64.0.1, fe80::1, fd00::2, ::1, 0.0.0.0/0, ::/0',
    'aes256gcm16-prfsha384-ecp384',
    'version 0.1.0 of aditd.sock, tunnel.up refused',
    'SPI c0ffee01',
  ])('leaves: %s', (given) => expect(redact(given)).toBe(given));

  it.each([
    ['users', 'alice@corp.example'],
    ['paths', '/home/alice/x'],
    ['gateways', 'vpn.example.org 203.0.113.1'],
  ] as const)('leaves %s where the person says so', (category, text) => {
    expect(redact(text)).not.toBe(text);
    expect(redact(text, CATEGORIES)).toBe(text);
    expect(redact(text, [category, 'gateways'])).toBe(text);
  });

  it('finds nothing in its own stand-ins, and lets nobody bring one', () => {
    const known = { ...NOTHING, profiles: new Set(['user', 'gateway', '1']), users: new Set(['Al', 'x']) };
    const redactor = new Redactor(known);
    expect(redactor.text('Al user al AL Alfred x')).toBe('[user 1] [profile 1] [user 1] [user 1] Alfred x');
    expect(redactor.text('\ue000\uf8ff')).toBe('??');
  });
});

const PROFILE = profileSchema.parse({
  format: 'adit-profile',
  version: 1,
  name: 'Head office',
  gateway: { addresses: ['vpn.corp.example', '10.1.2.3'], id: 'CN=vpn.corp.example' },
  authentication: { method: 'eap', user: 'alice', localId: 'keyid:zebra', methods: ['mschapv2'] },
});
const log = (message: string): LogEntry => ({
  time: '2026-11-21T08:00:00.000Z',
  level: 'info',
  subsystem: 'ike',
  message,
  profile: 'head-office',
});
/** With a post-quantum pre-shared key. */
const KEYED = profileSchema.parse({
  ...PROFILE,
  ike: { postQuantum: 'prefer', ppk: { id: 'key-of-carol' } },
});

const COLLECTED: Collected = {
  madeAt: '2026-11-21T09:00:00.000Z',
  versions: [['Adit', '0.1.0']],
  link: { state: 'up', helper: 'aditd 0.1.0' },
  settings: { ...settingsSchema.parse({ connectAtStart: 'head-office' }), startAtLogin: false },
  status: {
    tunnels: [
      { ...CONNECTED, profile: { id: 'head-office', name: 'Head office' } },
      bare('failed', { failure: { cause: 'wrong-password', method: 'EAP', user: 'alice', message: '' } }),
    ],
  },
  summaries: [summary('head-office', { name: 'Head office', gateway: 'vpn.corp.example' })],
  profiles: [PROFILE],
  log: [log('alice at 10.1.2.3 as keyid:zebra: Head office'), log('moon.example.org says no')],
};
const whole = (kept: readonly Category[] = []): string => {
  const set = new Set(kept);
  return reportText(COLLECTED, sectionsOf(COLLECTED, set), new Set(), set);
};

describe('the report', () => {
  it('names nobody and nothing that the profiles and the status name', () => {
    expect(whole()).not.toMatch(
      /alice|zebra|head.office|corp\.example|10\.1\.2\.3|moon\.example|203\.0\.113/i,
    );
  });

  it('is still of use: the same thing has the same stand-in', () => {
    const text = whole();
    expect(text).toMatch(/\[user \d\] at \[gateway \d\] as \[user \d\]: \[profile \d\]/);
    expect(text).toContain('"method": "eap"');
    expect(text).toContain('"state": "connected"');
    expect(text).toContain('"connectAtStart": "[profile');
    expect(text).toContain('10.88.0.2');
  });

  it('leaves in what the person says, and says so itself', () => {
    const text = whole(['users']);
    expect(text).toContain('alice');
    expect(text).toContain('Left in: users');
    expect(text).not.toContain('corp.example');
    expect(whole(CATEGORIES)).toContain('moon.example.org says no');
  });

  it('has every section in the file, but those that were left out', () => {
    const sections = sectionsOf(COLLECTED, new Set());
    const text = reportText(COLLECTED, sections, new Set(['log', 'status']), new Set());
    expect(text).toContain('Left out: status, log');
    expect(text).toContain('== settings ==');
    expect(text).not.toContain('says no');
    for (const { id, text: part } of sections)
      expect(text.includes(part)).toBe(!['log', 'status'].includes(id));
  });

  it('does without the helper', () => {
    const { status: _, ...rest } = COLLECTED;
    const alone: Collected = { ...rest, summaries: [], profiles: [], log: [] };
    expect(sectionsOf(alone, new Set()).map(({ id }) => id)).toEqual(['versions', 'helper', 'settings']);
  });

  it('takes the last lines of a long log', () => {
    const long = Array.from({ length: LOG_LINES + 5 }, (_, number) => log(`number ${number}`));
    const text =
      sectionsOf({ ...COLLECTED, log: long }, new Set())
        .at(-1)
        ?.text.split('\n') ?? [];
    expect(text).toHaveLength(LOG_LINES);
    expect(text[0]).toContain('number 5');
  });

  it('has only the shape of a profile', () => {
    expect(shapeOf(PROFILE)).toMatchObject({
      name: '(text)',
      gateway: { addresses: ['(text)', '(text)'], id: '(text)', port: 500 },
      authentication: { method: 'eap', user: '(text)', methods: ['mschapv2'] },
      child: { remoteTs: ['0.0.0.0/0', '::/0'] },
    });
    expect(shapeOf(KEYED)).toMatchObject({
      ike: { postQuantum: 'prefer', ppk: { id: '(text)', required: false } },
    });
  });

  it('takes the name of a post-quantum key for what tells who somebody is', () => {
    const collected = { ...COLLECTED, profiles: [KEYED], log: [log('the gateway knows key-of-carol')] };
    const told = (kept: Category[]) => sectionsOf(collected, new Set(kept)).at(-1)?.text;
    expect(told(['profiles'])).not.toContain('key-of-carol');
    expect(told(['users'])).toContain('key-of-carol');
  });
});
