/** The settings syntax and single settings of swanctl.conf; whole files are in import.test.ts. */
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { importFiles } from '#core/profile/import.ts';
import { ImportError, type ImportedProfile, type ProfileInput } from '#core/profile/profile.ts';
import { emptySection, parseSettings, type Section } from '#core/profile/swanctl-parser.ts';
import { resolveReferences } from '#core/profile/swanctl-references.ts';
import {
  readList,
  readNumber,
  readSecret,
  readSwitch,
  readTime,
  readVolume,
} from '#core/profile/swanctl-values.ts';
import { ca, gateway } from '#test/harness/x509-forge.ts';

type Tree = { [key: string]: string | Tree };

function tree({ settings, sections }: Section): Tree {
  return {
    ...Object.fromEntries([...settings].map(([key, { value }]) => [key, value])),
    ...Object.fromEntries([...sections].map(([key, inner]) => [key, tree(inner)])),
  };
}

function parse(text: string): Tree {
  const root = emptySection();
  parseSettings(text, 'f', root);
  return tree(resolveReferences(root));
}

const importError = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof ImportError) return error.message;
    throw error;
  }
  return 'no error';
};

describe('the settings syntax', () => {
  it.each<[string, string, Tree]>([
    ['values and comments', 'a = b # c\n# d = e\nf=g', { a: 'b', f: 'g' }],
    ['parts joined by one space', 'a =  b \t c  "d  e"f\r\n', { a: 'b c d  e f' }],
    ['anything but # } " in values', 'a = 1=2,{3:4', { a: '1=2,{3:4' }],
    ['empty values', 'a =\nb = ""', { a: '', b: '' }],
    ['escapes in quotes', 'a = "\\"x\\" \\n\\t\\\\ \\q #}"', { a: '"x" \n\t\\ q #}' }],
    ['lines in quotes', 'a = "x\ny\\\nz\\\r\nw"\nb = 1', { a: 'x\nyzw', b: '1' }],
    ['sections on one line', 's { a = 1 } t{b=2}u\n\n{\n}', { s: { a: '1' }, t: { b: '2' }, u: {} }],
    ['sections said twice', 's { a = 1\n b = 2 }\ns { b = 3 }', { s: { a: '1', b: '3' } }],
    ['colons in names', 'C::/log { a = 1 }', { 'C:/log': { a: '1' } }],
    [
      'include as a name',
      'include = x\ns { include { a = 1 } }',
      { include: 'x', s: { include: { a: '1' } } },
    ],
    [
      'dangerous names',
      '__proto__ { a = 1 }\nconstructor = 2',
      { constructor: '2', ['__proto__']: { a: '1' } },
    ],
  ])('reads %s', (_name, text, expected) => {
    const root = emptySection();
    parseSettings(text, 'f', root);
    expect(JSON.stringify(tree(root))).toBe(JSON.stringify(expected));
  });

  it.each([
    ['a', 'f:1: expected "=" or "{" after "a", found the end of the file'],
    ['a b', 'f:1: expected "=" or "{" after "a", found "b"'],
    ['x = 1\ns {\n a = 1\n', 'f:4: the file ends inside a section: a "}" is missing'],
    ['}', 'f:1: this "}" closes no section'],
    ['\n= 1', 'f:2: expected a name, found "="'],
    ['\n"a" = 1', 'f:2: expected a name, found """'],
    ['a = 1\nb = "x\ny', 'f:2: the quoted text that begins here has no end'],
    ['a = "x\\', 'f:1: the quoted text that begins here has no end'],
    ['s : { }', 'f:1: expected a name, found "{"'],
    ['s : a, { }', 'f:1: expected a name, found "{"'],
    ['a {'.repeat(50), 'f:1: sections are nested deeper than 16'],
    ['a=1\n'.repeat(5001), 'f:5001: more than 5000 settings'],
  ])('refuses %j', (text, message) => {
    expect(importError(() => parse(text))).toBe(message);
  });

  it('counts lines after quotes and continued lines', () => {
    expect(importError(() => parse('a = "1\n2\\\n3"\nb c'))).toMatch(/^f:4: /);
  });
});

describe('references', () => {
  it('inherit left to right, own values first, deeply', () => {
    const text = `a { x = 1\n s { p = 1\n q = 1 } }
      b { x = 2\n y = 2\n s { q = 2\n r = 2 } }
      c : a, b { s { p = 0 } }
      d : c { y = \n }`;
    expect(parse(text)).toMatchObject({
      c: { x: '1', y: '2', s: { p: '0', q: '1', r: '2' } },
      d: { x: '1', y: '', s: { p: '0', q: '1', r: '2' } },
    });
  });

  it.each([
    ['a : b { }', 'f:1: there is no section "b" to refer to'],
    ['a : a { }', 'f:1: the reference to "a" leads back to itself'],
    ['a : b { }\nb : a { }', /leads back to itself/],
    ['a { b : a { } }', /leads back to itself/],
    [
      `a0 { x = 1 }\n${Array.from({ length: 40 }, (_, i) => `a${i + 1} : a${i}, a${i} { }`).join('\n')}`,
      /multiply beyond any use/,
    ],
    [
      `a0 { x = 1 }\n${Array.from({ length: 200 }, (_, i) => `a${i + 1} : a${i} { }`).join('\n')}`,
      /lead on without end/,
    ],
  ])('%j is refused', (text, message) => {
    expect(importError(() => parse(text))).toMatch(message);
  });
});

describe('values', () => {
  it.each<[(text: string) => unknown, string, unknown]>([
    [readTime, '90', 90],
    [readTime, '30s', 30],
    [readTime, '5M', 300],
    [readTime, '4 h', 14400],
    [readTime, '1d', 86400],
    [readTime, '0x10', 16],
    [readTime, '1w', undefined],
    [readTime, '1h30m', undefined],
    [readTime, '', undefined],
    [readTime, '-1', undefined],
    [readTime, '1constructor', undefined],
    [readVolume, '500K', 512_000],
    [readVolume, '2G', 2 ** 31],
    [readVolume, '1s', undefined],
    [readVolume, '999999999999999G', undefined],
    [readNumber, '1e3', undefined],
    [readNumber, '1,000', undefined],
    [readSwitch, 'Enabled', true],
    [readSwitch, '0', false],
    [readSwitch, 'constructor', undefined],
    [readSwitch, 'maybe', undefined],
  ])('%o reads %j as %j', (read, text, value) => {
    expect(read(text)).toBe(value);
  });

  it('lists', () => {
    expect(readList(' a ,b,, c d ,')).toEqual(['a', 'b', 'c d']);
  });

  it.each([
    ['plain text', '706c61696e2074657874'],
    ['0x0a0B', '0a0b'],
    ['0xabc', '0abc'],
    ['0x01:02', '0102'],
    ['0sFpZAZqEN6Ti9sqt4ZP5EWcqx', '16964066a10de938bdb2ab7864fe4459cab1'],
    ['0sQQ==', '41'],
    ['0sQQ', '41'],
    ['0sQUI=', '4142'],
    ['ü', 'c3bc'],
    ['0x', undefined],
    ['0xzz', undefined],
    ['0s', undefined],
    ['0sA', undefined],
    ['0sQ=Q=', undefined],
  ])('the secret %j', (text, hex) => {
    const octets = readSecret(text);
    expect(octets && Buffer.from(octets).toString('hex')).toBe(hex);
  });
});

/** A connection that can be imported, with `settings`, `child` and `more` put into it. */
function connection({ settings = '', child = '', local = '', remote = '', more = '' } = {}): ImportedProfile {
  const text = `connections { c {
    remote_addrs = 192.0.2.1
    ${settings}
    local { auth = psk
      ${local} }
    remote { auth = psk
      ${remote} }
    children { net {
      ${child}
    } } } }
    ${more}`;
  return importFiles([{ name: 'f', content: utf8(text) }])[0] as ImportedProfile;
}

const outcome = (imported: ImportedProfile, key: string): string | undefined =>
  imported.report.find(({ setting }) => setting.endsWith(`.${key}`))?.outcome;

describe('single settings', () => {
  it.each<[string, (profile: ProfileInput) => unknown, unknown, string]>([
    ['dpd_delay = 0', (profile) => profile.ike?.livenessSec, 0, 'taken'],
    ['dpd_delay = 2d', (profile) => profile.ike?.livenessSec, 86400, 'changed'],
    ['proposals = default', (profile) => profile.ike?.proposals, [], 'taken'],
    [
      'proposals = AES256-SHA256-MODP2048',
      (profile) => profile.ike?.proposals,
      ['aes256-sha256-modp2048'],
      'taken',
    ],
    ['unique = no', (profile) => profile.ike?.initialContact, false, 'taken'],
    ['vips = ::', (profile) => profile.request, { ip4: false, ip6: true, dns: true }, 'taken'],
    ['vips = %config4', (profile) => profile.request, { ip4: true, ip6: false, dns: true }, 'taken'],
    ['vips = 10.3.0.5', (profile) => profile.request, { ip4: true, ip6: false, dns: true }, 'changed'],
    ['encap = no', (profile) => profile.ike?.encapsulation, 'auto', 'taken'],
    ['encap = yes', (profile) => profile.ike?.encapsulation, 'force', 'taken'],
    ['dpd_delay = 30', (profile) => profile.ike?.encapsulation, undefined, 'taken'],
    ['rekey_time = 0', (profile) => profile.ike?.lifetimeSec, 604800, 'changed'],
    ['over_time = 1h', (profile) => profile.ike?.lifetimeSec, 18000, 'changed'],
    ['rekey_time = 1h', (profile) => profile.ike?.lifetimeSec, 3960, 'changed'],
    ['mobike = yes', (profile) => profile.ike?.mobike, true, 'taken'],
    ['MoBiKe = no', (profile) => profile.ike?.mobike, false, 'taken'],
    ['fragmentation = yes', (profile) => profile.ike?.fragmentBytes, undefined, 'taken'],
    ['fragmentation = No', (profile) => profile.ike?.fragmentBytes, 0, 'taken'],
    ['fragmentation = accept', (profile) => profile.ike?.fragmentBytes, undefined, 'changed'],
    ['fragmentation = force', (profile) => profile.ike?.fragmentBytes, undefined, 'changed'],
    ['childless = allow', () => 0, 0, 'ignored'],
    ['version = 0', () => 0, 0, 'taken'],
    ['ppk_required = no', (profile) => profile.ike?.ppk, undefined, 'taken'],
    ['ppk_id = x', (profile) => profile.ike?.ppk, { id: 'x', required: false }, 'taken'],
    ['ppk_id = a@b.example', (profile) => profile.ike?.ppk?.id, 'a@b.example', 'taken'],
    ['ppk_id = keyid:10.0.0.1', (profile) => profile.ike?.ppk?.id, '10.0.0.1', 'changed'],
    ['local_port = 4500', (profile) => profile.ike?.localPort, 4500, 'taken'],
  ])('connection: %s', (line, pick, value, expected) => {
    const imported = connection({ settings: line });
    expect(pick(imported.profile)).toEqual(value);
    expect(outcome(imported, line.split(' ')[0] ?? '')).toBe(expected);
  });

  it.each<[string, (profile: ProfileInput) => unknown, unknown, string]>([
    ['life_time = 2h', (profile) => profile.child?.lifetimeSec, 7200, 'taken'],
    ['rekey_time = 1h', (profile) => profile.child?.lifetimeSec, 3960, 'changed'],
    ['rekey_time = 0', (profile) => profile.child?.lifetimeSec, 604800, 'changed'],
    ['life_time = 10', (profile) => profile.child?.lifetimeSec, 60, 'changed'],
    ['life_bytes = 0', (profile) => profile.child?.lifetimeBytes, undefined, 'taken'],
    ['life_bytes = 1K', (profile) => profile.child?.lifetimeBytes, 1048576, 'changed'],
    ['rekey_bytes = 1G', (profile) => profile.child?.lifetimeBytes, Math.floor(1.1 * 2 ** 30), 'changed'],
    ['life_packets = 5000', (profile) => profile.child?.lifetimePackets, 5000, 'taken'],
    ['replay_window = 0', (profile) => profile.child?.replayWindow, 0, 'taken'],
    ['replay_window = 100000', (profile) => profile.child?.replayWindow, 65536, 'changed'],
    ['remote_ts = dynamic', (profile) => profile.child?.remoteTs, ['192.0.2.1/32'], 'changed'],
    ['local_ts = dynamic[tcp/80]', (profile) => profile.child?.localTs, ['dynamic[tcp/80]'], 'taken'],
    ['ipcomp = yes', () => 0, 0, 'ignored'],
    ['inactivity = 0', () => 0, 0, 'taken'],
    ['tfc_padding = mtu', () => 0, 0, 'ignored'],
    ['updown = /bin/sh -c x', () => 0, 0, 'refused'],
    ['mark_in = 42', () => 0, 0, 'ignored'],
  ])('child: %s', (line, pick, value, expected) => {
    const imported = connection({ child: line });
    expect(pick(imported.profile)).toEqual(value);
    expect(outcome(imported, line.split(' ')[0] ?? '')).toBe(expected);
  });

  it.each([
    [{ settings: 'version = 1' }, 'f:3: connections.c.version: IKEv1 is not supported yet; expected 2'],
    [{ settings: 'version = 3' }, 'f:3: connections.c.version: expected 2 (IKEv2) or 0'],
    [
      { settings: 'dpd_delay = soon' },
      'f:3: connections.c.dpd_delay: "soon" is not a time such as 30s, 5m or 4h',
    ],
    [{ settings: 'proposals = foo-bar' }, 'f:3: connections.c.proposals: "foo" is no algorithm'],
    [
      { settings: 'proposals = ,' },
      'f:3: connections.c.proposals: expected proposals such as aes256gcm16-prfsha384-ecp384',
    ],
    [
      { settings: 'remote_addrs = %any' },
      'f:3: connections.c.remote_addrs: names no gateway to connect to; expected a host name or an address',
    ],
    [{ settings: 'remote_port = 0' }, 'f:3: connections.c.remote_port: expected a port from 1 to 65535'],
    [{ settings: 'encap = perhaps' }, 'f:3: connections.c.encap: "perhaps" is not "yes" or "no"'],
    [
      { settings: 'vips = somewhere else' },
      'f:3: connections.c.vips: expected addresses such as 0.0.0.0 and ::',
    ],
    [{ settings: 'ppk_required = yes' }, 'requires a post-quantum pre-shared key (RFC 8784) and names none'],
    [{ settings: 'ppk_required = perhaps' }, 'ppk_required: "perhaps" is not "yes" or "no"'],
    // Four octets and DER (strongSwan's identities), which a text is not.
    [{ settings: 'ppk_id = 10.0.0.1' }, 'ppk_id: strongSwan sends it as octets that are no text'],
    [{ settings: 'ppk_id = "C=DE, CN=x"' }, 'ppk_id: strongSwan sends it as octets that are no text'],
    [{ settings: 'childless = force' }, 'childless initiation (RFC 6023) is not supported yet'],
    [{ settings: 'mediation = yes' }, 'mediation is not supported yet'],
    [{ settings: 'unique = often' }, 'expected "never", "no", "keep" or "replace"'],
    [
      { local: 'auth = eap-sim' },
      'f:5: connections.c.local.auth: "eap-sim" is not supported; supported are psk, pubkey, eap, and eap- with mschapv2, tls, ttls, peap, gtc or md5',
    ],
    [
      { remote: 'id = *.example.org' },
      'f:7: connections.c.remote.id: patterns are not supported; expected one identity, without "*"',
    ],
    [{ remote: 'id = a:b' }, 'connections.c.remote.id: "a:b" is no identity'],
    [
      { child: 'ah_proposals = sha256' },
      'f:9: connections.c.children.net.ah_proposals: AH is not supported; expected esp_proposals',
    ],
    [{ child: 'mode = transport' }, 'connections.c.children: "net": only mode = tunnel is supported'],
    [
      { child: 'remote_ts = 10.0.0.0/40' },
      'connections.c.children.net.remote_ts: "10.0.0.0/40" is no selector',
    ],
    [{ child: 'remote_ts = dynamic, 10.0.0.0/8' }, '"dynamic" beside other selectors is not supported'],
    [{ child: 'remote_ts = 10.0.0.0/8[tcp/http' }, 'is no selector'],
  ])('%j is refused', (parts, message) => {
    expect(importError(() => connection(parts))).toContain(message);
  });

  it('lists all problems of a connection at once', () => {
    const said = importError(() =>
      connection({ settings: 'version = 1\nencap = x', child: 'ah_proposals = y' }),
    );
    expect(said.split('\n')).toHaveLength(3);
  });

  it('a gateway known by name takes no address for itself', () => {
    const { profile } = connection({ settings: 'remote_addrs = vpn.example.org' });
    expect(profile.child?.remoteTs).toEqual(['0.0.0.0/0', '::/0']);
  });
});

const secret = (imported: ImportedProfile): string =>
  Buffer.from(imported.secrets.psk ?? '', 'base64').toString();

describe('secrets', () => {
  const ids = { local: 'id = us@example.org', remote: 'id = them.example.org' };
  const SECRETS = `
    ike-any { secret = any }
    ike-us { id = us@example.org
      secret = us }
    ike-them { id = THEM.example.org
      secret = them }
    ike-both { id-a = us@example.org
      id-b = them.example.org
      secret = both }
    ike-other { id = other.example.org
      secret = other }`;
  const without = (...names: string[]): string =>
    names.reduce((text, name) => text.replace(`ike-${name} `, `eap-${name} `), SECRETS);

  it.each([
    ['both', SECRETS],
    ['them', without('both')],
    ['us', without('both', 'them')],
    ['any', without('both', 'them', 'us')],
    ['', without('both', 'them', 'us', 'any')],
  ])('the best owner wins: %s', (expected, secrets) => {
    const imported = connection({ ...ids, more: `secrets { ${secrets} }` });
    expect(secret(imported)).toBe(expected);
    expect(imported.report.some((entry) => entry.outcome === 'missing')).toBe(expected === '');
  });

  it('an address serves as identity where the gateway has none', () => {
    expect(secret(connection({ more: 'secrets { ike-1 { id = 192.0.2.1\nsecret = x } }' }))).toBe('x');
  });

  it('never stand in a report or a message', () => {
    const more = `secrets { secret = CANARY\nike-1 { secret = CANARY\n pass = CANARY }\nike-2 { id = z\nsecret = CANARY }
      eap-1 { secret = CANARY }\nppk { secret = CANARY }\nodd { x { y = CANARY } }\nrsa { file = f\nsecret = CANARY } }`;
    expect(JSON.stringify(connection({ more }).report)).not.toContain('CANARY');
    expect(importError(() => connection({ more, settings: 'version = 1' }))).not.toContain('CANARY');
    expect(importError(() => connection({ more: `secrets { ike { secret = "CANARY` }))).not.toContain(
      'CANARY',
    );
  });
});

it('answers every setting of a file', () => {
  const imported = connection({
    settings: 'a = 1\nvips = ::\ncharon { x = 1 }',
    child: 'b = 2\nodd { c = 3 }',
    local: 'd = 4\ncert1 { handle = 5 }',
    more: 'secrets { ike { e = 6 } }\npools { f { g = 7 } }\nwhat { h { i = 8 } }\nloose = 9\ninclude more.conf\nconnections { j = 10 }',
  });
  const answered = imported.report.map(({ setting }) => setting);
  for (const setting of [
    'connections.c.remote_addrs',
    'connections.c.a',
    'connections.c.vips',
    'connections.c.charon',
    'connections.c.local.auth',
    'connections.c.local.d',
    'connections.c.local.cert1.handle',
    'connections.c.remote.auth',
    'connections.c.children.net.b',
    'connections.c.children.net.odd.c',
    'secrets.ike.e',
    'pools.f.g',
    'what.h.i',
    'file.loose',
    'file.include',
    'connections.j',
  ]) {
    expect(answered).toContain(setting);
  }
});

it.each([
  [
    'swanctl.conf',
    'connections { c { remote_addrs = gw.example\nremote { certs = gw.pem }\nlocal { auth = pubkey\ncerts = me.pem }\nchildren { n { } } } }',
  ],
  ['ipsec.conf', 'conn c\n right=gw.example\n rightcert=gw.pem\n left=%any\n leftcert=me.pem\n auto=add\n'],
])('%s: the gateway’s own certificate vouches for itself where no authority is named', (name, text) => {
  const base64 = (issuer: string): string => Buffer.from(gateway(ca(issuer)).der).toString('base64');
  const [theirs, ours] = [base64('CN=Nobody'), base64('CN=Somebody')];
  const pem = (body: string) => utf8(`-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`);
  const [imported] = importFiles([
    { name, content: utf8(text) },
    { name: 'gw.pem', content: pem(theirs) },
    { name: 'me.pem', content: pem(ours) },
  ]);
  expect(imported?.profile.authentication).toMatchObject({ certificate: ours });
  expect(imported?.profile.gateway.authentication).toMatchObject({ ca: [theirs], certificate: theirs });
});
