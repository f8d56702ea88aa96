/** Post-quantum pre-shared keys (RFC 8784) in files of others, and back into them; golden reports are in import.test.ts. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { exportProfile } from '#core/profile/export.ts';
import { EXPORT_FORMATS, exportAs, type ExportFormat } from '#core/profile/export-as.ts';
import { importFiles } from '#core/profile/import.ts';
import { missingFor } from '#core/profile/needs.ts';
import { type ImportedProfile, type Profile, profileSchema, type Secrets } from '#core/profile/profile.ts';
import { profileNamed } from '#test/fakes/profiles.ts';

const one = (...texts: readonly string[]): ImportedProfile => {
  const [first] = importFiles(texts.map((text, at) => ({ name: `f${at}`, content: utf8(text) })));
  if (!first) throw new Error('nothing was imported');
  return first;
};
const keyOf = ({ secrets }: ImportedProfile): string | undefined =>
  secrets.ppk === undefined ? undefined : Buffer.from(secrets.ppk, 'base64').toString('latin1');
const said = ({ report }: ImportedProfile, setting: string): string | undefined =>
  report.find((entry) => entry.setting.endsWith(setting))?.outcome;

const swanctl = (settings: string, secrets: string): ImportedProfile =>
  one(`connections { c { remote_addrs = a.example
    ${settings}
    local { auth = psk }
    remote { auth = psk }
    children { net { remote_ts = 10.0.0.0/8 } } } }
    secrets { ike { secret = k }
    ${secrets} }`);

describe('the key in swanctl.conf', () => {
  it.each<[string, string, string | undefined]>([
    ['of its id', 'ppk-a { id = other\nsecret = no }\nppk-b { id = x\nsecret = yes }', 'yes'],
    ['of one of several ids', 'ppk { id1 = w\nid2 = x\nsecret = yes }', 'yes'],
    ['of nobody, where none is of its id', 'ppk-a { secret = yes }', 'yes'],
    ['of its id before that of nobody', 'ppk-a { secret = no }\nppk-b { id = x\nsecret = yes }', 'yes'],
    ['in hexadecimal', 'ppk { id = x\nsecret = 0x796573 }', 'yes'],
    ['in base64', 'ppk { id = x\nsecret = 0seWVz }', 'yes'],
    ['of another id alone', 'ppk { id = other\nsecret = no }', undefined],
    ['that is a pre-shared key', 'ike-2 { id = x\nsecret = no }', undefined],
  ])('%s', (_, secrets, key) => {
    const imported = swanctl('PPK_ID = x', secrets);
    expect(imported.profile.ike?.ppk).toEqual({ id: 'x', required: false });
    expect(keyOf(imported)).toBe(key);
    expect(said(imported, 'ppk')).toBe(key === undefined ? 'missing' : undefined);
    expect(JSON.stringify(imported.report)).not.toMatch(/yes|eWVz|796573/);
  });

  it('stays where it is without an id in the connection', () => {
    const imported = swanctl('', 'ppk { id = x\nsecret = no }');
    expect(imported.secrets.ppk).toBeUndefined();
    expect(said(imported, 'secrets.ppk.secret')).toBe('ignored');
  });
});

const libreswan = (lines: string, secrets: string): ImportedProfile =>
  one(
    `conn c\n ikev2=insist\n right=a.example\n authby=secret\n${lines
      .split(';')
      .map((line) => ` ${line}\n`)
      .join('')}`,
    `: PSK "k"\n${secrets}\n`,
  );
const LINES = ': PPKS "a" "canary a"\n: PPKS "b" 0x63616e6172792062';

describe('libreswan', () => {
  it.each<[string, { id: string; required: boolean } | undefined, string | undefined]>([
    ['ppk=insist;ppk-ids=b', { id: 'b', required: true }, 'canary b'],
    ['ppk=always;ppk-ids=b', { id: 'b', required: true }, 'canary b'],
    ['ppk=yes;ppk-ids=a', { id: 'a', required: false }, 'canary a'],
    ['ppk=propose;ppk-ids=z,b', { id: 'b', required: false }, 'canary b'],
    ['ppk=permit', { id: 'a', required: false }, 'canary a'],
    ['ppk=insist;ppk-ids=z', { id: 'z', required: true }, undefined],
    ['ppk=no;ppk-ids=a', undefined, undefined],
    ['ppk=never', undefined, undefined],
    ['ppk-ids=a', undefined, undefined],
  ])('%s', (lines, ppk, key) => {
    const imported = libreswan(lines, LINES);
    expect(imported.profile.ike?.ppk).toEqual(ppk);
    expect(keyOf(imported)).toBe(key);
    expect(JSON.stringify(imported.report)).not.toContain('canary');
  });

  it('goes without where none is named, unless it insists', () => {
    const imported = libreswan('ppk=propose', '');
    expect(imported.profile.ike?.ppk).toBeUndefined();
    expect(said(imported, '.ppk')).toBe('ignored');
    expect(() => libreswan('ppk=insist', '')).toThrow(/conn\.c\.ppk: names no key/);
    expect(() => libreswan('ppk=often', LINES)).toThrow(/conn\.c\.ppk: expected "no", "propose" or "insist"/);
  });

  it('a file of such keys alone is one of secrets', () => {
    expect(() => one(': PPKS "a" "canary a"\n')).toThrow(/there is no connection in it/);
  });
});

const apple = (...entries: readonly string[]): ImportedProfile =>
  one(`<plist version="1.0"><dict><key>VPNType</key><string>IKEv2</string><key>IKEv2</key><dict>
    <key>RemoteAddress</key><string>a.example</string><key>LocalIdentifier</key><string>me</string>
    <key>AuthenticationMethod</key><string>SharedSecret</string><key>SharedSecret</key><string>k</string>
    ${entries.join('')}</dict></dict></plist>`);
const PPK = '<key>PPK</key><data>a2V5</data>';
const ID = '<key>PPKIdentifier</key><string>x</string>';

describe('Apple’s PPK', () => {
  it.each<[readonly string[], { id: string; required: boolean } | undefined]>([
    // The reference: mandatory unless said otherwise, and nothing without an identifier.
    [[PPK, ID], { id: 'x', required: true }],
    [[PPK, ID, '<key>PPKMandatory</key><integer>1</integer>'], { id: 'x', required: true }],
    [[PPK, ID, '<key>PPKMandatory</key><integer>0</integer>'], { id: 'x', required: false }],
    [[PPK, ID, '<key>PPKMandatory</key><false/>'], { id: 'x', required: false }],
    [['<key>PPKMandatory</key><integer>1</integer>'], undefined],
  ])('%j', (entries, ppk) => {
    const imported = apple(...entries);
    expect(imported.profile.ike?.ppk).toEqual(ppk);
    expect(keyOf(imported)).toBe(ppk && 'key');
    expect(JSON.stringify(imported.report)).not.toContain('a2V5');
  });

  it('is missing beside its identifier alone, and wrong without it', () => {
    expect(said(apple(ID), 'ppk')).toBe('missing');
    expect(() => apple(PPK)).toThrow(/PPKIdentifier: is missing beside PPK/);
  });
});

it('a key in a setting that nobody knows is not shown, its name is', () => {
  const value = { uuid: 'u', name: 'n', type: 'ikev2-eap', remote: { addr: 'a.example' } };
  const local = { ppk: 'canary', ppk_key: 'canary', ppk_id: 'alice-ppk' };
  const { report } = one(JSON.stringify({ ...value, local }));
  expect(report.filter(({ setting }) => setting.startsWith('local.')).map(({ value }) => value)).toEqual([
    undefined,
    undefined,
    'alice-ppk',
  ]);
});

describe('a key that the profile names', () => {
  it.each([true, false])('is missing where it is not stored, required: %s', (required) => {
    const profile = profileNamed('x', { ike: { ppk: { id: 'x', required } } });
    expect(missingFor(profile, { psk: 'k' })).toEqual(['ppk']);
    expect(missingFor(profile, { psk: 'k', ppk: 'q' })).toEqual([]);
  });

  it('must be shown as it is', () => {
    const text = exportProfile(profileNamed('x')).replace(
      '"name"',
      '"ike": { "ppk": { "id": "a\\u202eb" } }, "name"',
    );
    expect(() => one(text)).toThrow(/ike\.ppk\.id: "a.*b" is no PPK_ID; expected visible characters/);
  });

  it('comes back from our own format', () => {
    const profile = profileNamed('x', { ike: { ppk: { id: '-', required: false }, postQuantum: 'require' } });
    const text = exportProfile(profile);
    expect(JSON.parse(text)).toMatchObject({ ike: { postQuantum: 'require', ppk: { id: '-' } } });
    expect(profileSchema.parse(one(text).profile)).toEqual(profile);
  });
});

function back(format: ExportFormat, profile: Profile, secrets: Secrets) {
  const { files, left } = exportAs(format, profile, { secrets, uuid: () => 'u' });
  const [again] = importFiles(files);
  return { again, left: left.map(({ setting }) => setting) };
}

describe.each(['mobileconfig', 'swanctl'] as const)('exported to %s', (format) => {
  it.each([
    ['alice-ppk', true],
    ['alice@example.org', false],
    // Octets that strongSwan would read as an address or as DER.
    ['10.0.0.1', true],
    ['C=DE, CN=x', true],
    ['a "b" \\ c', true],
  ])('%s comes back with its key', (id, required) => {
    const profile = profileNamed('x', { ike: { ppk: { id, required } } });
    const secrets = { psk: 'a2V5', ppk: 'cHBrIPCfkokg' };
    const { again, left } = back(format, profile, secrets);
    expect(again?.profile.ike?.ppk).toEqual({ id, required });
    expect(again?.secrets).toEqual(secrets);
    expect(left.filter((setting) => setting.includes('ppk'))).toEqual([]);
  });

  it('writes the name without the key where nobody hands it over', () => {
    const { again } = back(format, profileNamed('x', { ike: { ppk: { id: 'x' } } }), { psk: 'a2V5' });
    expect(again?.profile.ike?.ppk).toEqual({ id: 'x', required: false });
    expect(again?.secrets.ppk).toBeUndefined();
  });
});

it('formats without a place for it say so', () => {
  const profile = profileNamed('x', {
    gateway: { addresses: ['a.example'], authentication: { method: 'certificate' } },
    authentication: { method: 'eap', user: 'u' },
    ike: { ppk: { id: 'x', required: true } },
  });
  expect(
    EXPORT_FORMATS.filter((format) => back(format, profile, { ppk: 'cHBr' }).left.includes('ppk')),
  ).toEqual(['sswan']);
  expect(back('sswan', profile, {}).left).toEqual(expect.arrayContaining(['ike.ppk.id', 'ike.ppk.required']));
});
