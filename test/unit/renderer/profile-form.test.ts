/** The form of a profile: nothing is touched that was not changed, and what is wrong is said as the helper would. */
import { describe, expect, it } from 'vitest';
import { profileProblems } from '#core/profile/check.ts';
import { type Profile, profileSchema } from '#core/profile/profile.ts';
import { schemaProblems } from '#core/profile/schema-sentences.ts';
import {
  applied,
  BOUNDS,
  changedFields,
  fieldAt,
  type FormValues,
  formOf,
  problemsOf,
  revocationOf,
} from '#renderer/stores/profile-form.ts';
import { profileNamed } from '#test/fakes/profiles.ts';

const BASE = profileNamed('Work', {
  gateway: {
    addresses: ['a.example', '192.0.2.1'],
    id: 'a.example',
    authentication: { method: 'certificate' },
  },
  authentication: { method: 'eap', user: 'alice', localId: 'alice@a.example' },
  child: { remoteTs: ['10.0.0.0/8'], lifetimeSec: 3601 },
  quirks: ['rekeys-without-ke'],
  mtu: 1300,
});

const changed = (change: Partial<FormValues>, base = BASE): Profile =>
  applied(base, { ...formOf(base), ...change });

/** What the helper would refuse `profile` with (helper/ipc/profile-calls.ts). */
function refusalOf(profile: Profile) {
  const parsed = profileSchema.safeParse(profile);
  return parsed.success ? profileProblems(parsed.data) : schemaProblems(parsed.error, profile);
}

describe('the form', () => {
  it('gives the same profile back where nothing was changed', () => {
    expect(applied(BASE, formOf(BASE))).toBe(BASE);
    expect(changedFields(formOf(BASE), formOf(BASE))).toEqual([]);
  });

  it.each<[Partial<FormValues>, object]>([
    [{ name: ' Office ' }, { name: 'Office' }],
    [
      { addresses: 'b.example, c.example\n\n192.0.2.9 ' },
      { gateway: { addresses: ['b.example', 'c.example', '192.0.2.9'] } },
    ],
    [{ networks: 'everything' }, { child: { remoteTs: ['0.0.0.0/0', '::/0'], lifetimeSec: 3601 } }],
    [{ remoteTs: '10.0.0.0/8\nfd00::/64' }, { child: { remoteTs: ['10.0.0.0/8', 'fd00::/64'] } }],
    [
      { dnsServers: '10.0.0.1', dnsDomains: 'a.example b.example' },
      { dns: { servers: ['10.0.0.1'], domains: ['a.example', 'b.example'] } },
    ],
    [{ reconnect: false }, { reconnect: { enabled: false } }],
    [{ postQuantum: 'require' }, { ike: { postQuantum: 'require' } }],
    [{ ppkId: ' ppk-1 ' }, { ike: { ppk: { id: 'ppk-1', required: false } } }],
    [{ ppkId: 'ppk-1', ppkRequired: true }, { ike: { ppk: { id: 'ppk-1', required: true } } }],
    [{ encapsulation: 'auto' }, { ike: { encapsulation: 'auto' } }],
    [{ ikeLifetime: ' 3 ' }, { ike: { lifetimeSec: 10_800 } }],
    [{ ikeLifetime: '90', ikeLifetimeUnit: 'minutes' }, { ike: { lifetimeSec: 5400 } }],
    [{ childLifetimeUnit: 'minutes' }, { child: { lifetimeSec: 3601 * 60 } }],
    [{ ikeProposals: 'aes256-sha256-modp2048' }, { ike: { proposals: ['aes256-sha256-modp2048'] } }],
    [{ user: 'bob' }, { authentication: { user: 'bob', localId: 'alice@a.example' } }],
  ])('puts %j where it belongs', (change, expected) => {
    const profile = changed(change);
    expect(profile).toMatchObject(expected);
    expect(profile).toMatchObject({ mtu: 1300, quirks: ['rekeys-without-ke'] });
    expect(profileSchema.parse(profile)).toEqual(profile);
    expect(problemsOf(profile)).toEqual([]);
  });

  it('takes an optional text away where it is empty', () => {
    const profile = changed({ gatewayId: ' ', localId: '', user: '' });
    expect(profile.gateway).not.toHaveProperty('id');
    expect(profile.authentication).not.toHaveProperty('localId');
    expect(profile.authentication).not.toHaveProperty('user');
    expect(profileSchema.parse(profile)).toEqual(profile);
  });

  it('keeps the name of a post-quantum key where only its being required changes, and takes both away with the name', () => {
    const keyed = profileNamed('x', { ike: { ppk: { id: ' blank at both ends ' } } });
    expect(formOf(keyed)).toMatchObject({ ppkId: ' blank at both ends ', ppkRequired: false });
    const required = changed({ ppkRequired: true }, keyed);
    expect(required.ike.ppk).toEqual({ id: ' blank at both ends ', required: true });
    expect(changed({ ppkId: ' ' }, required).ike).not.toHaveProperty('ppk');
    expect(changed({ ppkRequired: true }).ike).not.toHaveProperty('ppk');
  });

  it('knows the three ways to look for revoked certificates, and leaves open what was', () => {
    expect(revocationOf(BASE)).toBe('soft');
    for (const revocation of ['off', 'strict', 'soft'] as const) {
      const profile = changed({ revocation });
      expect(revocationOf(profile)).toBe(revocation);
      expect(profileSchema.parse(profile)).toEqual(profile);
    }
    const onlyOcsp = profileNamed('x', {
      gateway: {
        addresses: ['a.example'],
        authentication: { method: 'certificate', revocation: { crl: false } },
      },
      authentication: { method: 'certificate' },
    });
    expect(changed({ revocation: 'strict' }, onlyOcsp).gateway.authentication).toMatchObject({
      revocation: { crl: false, ocsp: true, strict: true },
    });
    const open = profileNamed('x', { authentication: { method: 'certificate' } });
    expect(open.gateway.authentication).toBeUndefined();
    expect(changed({ revocation: 'strict' }, open).gateway.authentication).toMatchObject({
      method: 'certificate',
      revocation: { strict: true },
    });
    expect(revocationOf(profileNamed('x'))).toBeUndefined();
  });
});

describe('a lifetime', () => {
  it.each([
    [14_400, '4', 'hours'],
    [5400, '90', 'minutes'],
    [60, '1', 'minutes'],
    [3601, '3601', 'seconds'],
  ] as const)('of %i seconds is shown as %s %s, exactly', (lifetimeSec, ikeLifetime, ikeLifetimeUnit) => {
    const profile = { ...BASE, ike: { ...BASE.ike, lifetimeSec } };
    expect(formOf(profile)).toMatchObject({ ikeLifetime, ikeLifetimeUnit });
    const renamed = applied(profile, { ...formOf(profile), name: 'x' });
    expect(renamed.ike.lifetimeSec).toBe(lifetimeSec);
    expect(applied(renamed, { ...formOf(renamed), ikeLifetime: ` ${ikeLifetime}` }).ike).toEqual(profile.ike);
  });
});

describe('what is wrong', () => {
  const many = (count: number, entry: string): string => Array<string>(count).fill(entry).join('\n');

  it.each<Partial<FormValues>>([
    { name: ' ' },
    { name: 'x'.repeat(129) },
    { addresses: '' },
    { addresses: 'not a host!' },
    { addresses: many(17, 'a.example') },
    { gatewayId: 'C=' },
    { gatewayId: 'x'.repeat(1025) },
    { user: 'x'.repeat(257) },
    { localId: 'a\u202eb' },
    { remoteTs: '' },
    { remoteTs: '10.0.0.0/8\n10.0.0.0/40' },
    { remoteTs: 'dynamic' },
    { remoteTs: many(65, '10.0.0.0/8') },
    { dnsServers: 'dns.example' },
    { dnsServers: many(17, '10.0.0.1') },
    { dnsDomains: 'a..b' },
    { ppkId: 'x'.repeat(1025) },
    { ikeLifetime: '59', ikeLifetimeUnit: 'seconds' },
    { ikeLifetime: '169' },
    { childLifetime: '0' },
    { ikeProposals: many(33, 'aes256-sha256-modp2048') },
    { ikeProposals: 'aes256-nothing' },
    { childProposals: 'aes256gcm16-nothing' },
  ])('of %j is said in the helper’s words, at a field of the form', (change) => {
    const profile = changed(change);
    const problems = problemsOf(profile);
    expect(problems).toEqual(refusalOf(profile));
    expect(problems.length).toBeGreaterThan(0);
    for (const { field } of problems) expect(Object.keys(change)).toContain(fieldAt(field));
  });

  it.each(['an hour', '', '1.5', '-60'])('of %j as a lifetime is said before it is sent', (childLifetime) => {
    expect(problemsOf(changed({ childLifetime }))).toEqual([
      {
        field: 'child.lifetimeSec',
        problem: 'this is no number',
        remedy: 'expected a whole number',
        violation: { rule: 'not-whole' },
      },
    ]);
  });

  it('has a place for every bound, and none for what the form does not show', () => {
    for (const { path } of BOUNDS) expect(fieldAt(path)).toBeDefined();
    expect(fieldAt('ike.postQuantum')).toBe('postQuantum');
    expect(fieldAt('mtu')).toBeUndefined();
    expect(fieldAt('gateway.addressesx')).toBeUndefined();
  });
});
