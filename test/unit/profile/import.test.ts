/** Files to profiles and reports, held by golden texts in test/fixtures/profiles/golden: read the diff when one changes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { importFiles, MAX_FILE } from '#core/profile/import.ts';
import { ImportError, profileSchema } from '#core/profile/profile.ts';

const FIXTURES = new URL('../../fixtures/profiles/', import.meta.url).pathname;
const SAMPLES = new URL('../../../../shared/profiles/', import.meta.url).pathname;

/** Secrets of the fixtures are no secrets; files among them are told by their size. */
function shortened(base64: string): string {
  const octets = Buffer.from(base64, 'base64');
  return octets.length > 100 ? `${octets.length} octets` : octets.toString('hex');
}

const inShort = (value: unknown): unknown =>
  typeof value === 'string' && value.length > 200 ? `(${value.length} characters)` : value;

/** Everything an import says, as text to read. */
function rendered(...files: readonly { readonly name: string; readonly content: Uint8Array }[]): string {
  try {
    return importFiles(files)
      .map(({ profile, secrets, report }) => {
        const lines = report.map(({ outcome, setting, value, reason }) => {
          const what = value === undefined ? setting : `${setting} = ${value}`;
          return `${outcome.padEnd(8)} ${what}${reason === undefined ? '' : `\n         (${reason})`}`;
        });
        const kept = Object.entries(secrets).map(([key, text]) => `${key}: ${shortened(text)}`);
        return [
          JSON.stringify(profileSchema.parse(profile), (_key, value: unknown) => inShort(value), 1),
          ...(kept.length > 0 ? kept : ['no secrets']),
          ...lines,
          '',
        ].join('\n');
      })
      .join('\n');
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    return `ImportError\n${error.message}\n`;
  }
}

const messageOf = (text: string | Uint8Array, name = 'x'): string =>
  rendered({ name, content: typeof text === 'string' ? utf8(text) : text })
    .replace(/^ImportError\n/, '')
    .trimEnd();

/** Folders hold files that belong together; lone files stand alone. */
const own = readdirSync(FIXTURES, { withFileTypes: true }).filter(({ name }) => name !== 'golden');
const within = (path: string): { name: string; content: Buffer }[] =>
  readdirSync(path)
    .sort()
    .map((name) => ({ name, content: readFileSync(`${path}/${name}`) }));

describe('our own fixtures', () => {
  it.each(own.map((entry) => [entry.name, entry.isDirectory()] as const))('%s', async (name, folder) => {
    const files = folder ? within(FIXTURES + name) : [{ name, content: readFileSync(FIXTURES + name) }];
    await expect(rendered(...files)).toMatchFileSnapshot(`${FIXTURES}golden/${name}.txt`);
  });
});

const present = existsSync(SAMPLES);
if (!present) console.warn(`skipped: the public samples are not on this machine (${SAMPLES})`);
describe.skipIf(!present)('public samples', () => {
  const samples = present
    ? readdirSync(SAMPLES, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .flatMap(({ name }) => readdirSync(SAMPLES + name).map((file) => `${name}/${file}`))
    : [];
  it.each(samples)('%s', async (path) => {
    const name = path.split('/')[1] ?? path;
    await expect(rendered({ name, content: readFileSync(SAMPLES + path) })).toMatchFileSnapshot(
      `${FIXTURES}golden/${path}.txt`,
    );
  });

  const together: readonly (readonly string[])[] = [
    ['algo-testuser1.conf', 'algo-testuser1.secrets', 'algo-testuser1.p12'],
    ['ikev2-stroke-rw-psk-fqdn-carol.ipsec.conf', 'ikev2-stroke-rw-psk-fqdn-carol.ipsec.secrets'],
    ['libreswan-ikev2-cp-rekey-01-road.conf', 'libreswan-ikev2-cp-rekey-01-road.secrets'],
  ];
  it.each(together.map((names) => [names] as const))('%s together', async (names) => {
    const files = names.map((name) => ({ name, content: readFileSync(`${SAMPLES}ipsec.conf/${name}`) }));
    await expect(rendered(...files)).toMatchFileSnapshot(
      `${FIXTURES}golden/ipsec.conf/together-${names[0]}.txt`,
    );
  });
});

describe('the format is told by content', () => {
  it('whatever the name says', () => {
    const json = readFileSync(`${FIXTURES}minimal.json`);
    expect(importFiles([{ name: 'swanctl.conf', content: json }])[0]?.profile.name).toBe('Work');
    expect(importFiles([{ name: 'x', content: Buffer.concat([Buffer.from('\ufeff'), json]) }])).toHaveLength(
      1,
    );
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['half a certificate', new Uint8Array([0x30, 0x82, 1, 2]), /^x: this is neither a certificate, nor/],
    ['a binary property list', utf8('bplist00\u0000'), /not well-formed|binary property list/],
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x7b, 0]), /not UTF-8 text/],
    ['nothing', '', /no profile that Adit knows/],
    ['a shopping list', 'milk\nbread\n', /no profile that Adit knows\. Adit imports/],
    ['half a PEM file', '-----BEGIN CERTIFICATE-----\n', /the PEM block "CERTIFICATE" has no end/],
    ['a Cisco profile', '[main]\nHost=10.0.0.1\n', /a Cisco \.pcf profile for IKEv1/],
    ['an OpenVPN profile', 'client\nremote vpn.example 1194\n', /OpenVPN profile, which is no IPsec/],
    [
      'PPPoE of Windows',
      '[DSL]\nType=5\nVpnStrategy=0\nDEVICE=PPPoE\nPhoneNumber=\n',
      /^x:1: DSL\.Type: this entry is for PPPoE, the line to an Internet provider, which is no IPsec; ask for IKEv2$/m,
    ],
    [
      'PPPoE of NetworkManager',
      '[connection]\nid=DSL\ntype=pppoe\n[pppoe]\nusername=x\n',
      /this NetworkManager connection is for PPPoE, which is the line to an Internet provider and no IPsec/,
    ],
    [
      'PPTP of NetworkManager',
      '[connection]\nid=a\ntype=vpn\n[vpn]\nservice-type=org.freedesktop.NetworkManager.pptp\n',
      /PPTP, which is no IPsec and is broken; ask for an IKEv2 profile/,
    ],
    [
      'SSTP of Windows',
      '[Office]\nType=2\nVpnStrategy=5\nPhoneNumber=vpn.example\n',
      /this entry is for SSTP, which Adit does not speak; ask for IKEv2/,
    ],
    ['a WireGuard profile', '[Interface]\nPrivateKey = x\n', /WireGuard profile, which is no IPsec/],
    ['too much', new Uint8Array(MAX_FILE + 1), /262145 bytes are too many/],
    [
      'half of our own',
      '{\n "format":\n',
      /^x:3: this is not valid JSON from here on: the file is damaged; ask for it once more$/,
    ],
    ['a list', '[1]', /no profile that Adit knows/],
  ])('%s is refused with words', (_name, content, says) => {
    expect(messageOf(content)).toMatch(says);
  });

  it('a hostile file name cannot act', () => {
    expect(messageOf('?', 'a\u001b[2J\n')).toMatch(/^a\\u\{1b\}\[2J\\u\{a\}: /);
  });
});

describe('secrets in files', () => {
  it('appear in no report, whatever the format', () => {
    for (const entry of own) {
      const files = entry.isDirectory()
        ? within(FIXTURES + entry.name)
        : [{ name: entry.name, content: readFileSync(FIXTURES + entry.name) }];
      const said = reportOf(files);
      expect(said).not.toMatch(
        /must-not-be-shown|fixture-password|fixture password|key-password|fixture-key|fixture-p12|c2VjcmV0|MII[A-Za-z0-9+/]{8}/,
      );
    }
  });
});

function reportOf(files: readonly { readonly name: string; readonly content: Uint8Array }[]): string {
  try {
    return JSON.stringify(importFiles(files).map(({ report }) => report));
  } catch (error) {
    return String(error);
  }
}

describe('XML', () => {
  const deep = '<a>'.repeat(70) + '</a>'.repeat(70);
  it.each<[string, string, RegExp]>([
    [
      'entities of its own',
      '<!DOCTYPE plist [<!ENTITY a "b">]><plist><dict/></plist>',
      /XML entities of its own/,
    ],
    ['unknown entities', '<plist><dict><key>&a;</key></dict></plist>', /^x:1: this is not well-formed XML/],
    ['an external DTD with a subset', '<!DOCTYPE plist SYSTEM "x" [ ]><plist><dict/></plist>', /entities/],
    ['bottomless elements', `<plist>${deep}</plist>`, /nested deeper than 64/],
    ['odd dictionaries', '<plist><dict><key>a</key></dict></plist>', /needs a value after each <key>/],
    ['a plist of nothing', '<plist/>', /expected a property list/],
    ['no VPN', '<plist><dict><key>a</key><string>b</string></dict></plist>', /there is no VPN in this/],
    ['a profile of a plug-in', '<VPNProfile><AlwaysOn>true</AlwaysOn></VPNProfile>', /no <NativeProfile>/],
  ])('with %s is refused', (_name, text, says) => {
    expect(messageOf(text)).toMatch(says);
  });
});

describe('a CMS wrapper', () => {
  const signed = readFileSync(`${FIXTURES}signed.mobileconfig`);
  it('is opened, and the signature said to be unverified', () => {
    const [imported] = importFiles([{ name: 'x', content: signed }]);
    expect(imported?.report).toContainEqual({
      outcome: 'ignored',
      setting: 'signature',
      reason: 'the file is signed; Adit did not verify by whom',
    });
  });

  it('that is cut off anywhere is refused', () => {
    const lengths = Array.from({ length: Math.floor(signed.length / 7) }, (_, at) => 2 + at * 7);
    const taken = lengths.filter((length) => !messageOf(signed.subarray(0, length)).startsWith('x: '));
    expect(taken).toEqual([]);
  });
});

describe('several files', () => {
  it('of swanctl.conf are one configuration', () => {
    const files = [
      { name: 'secrets.conf', content: utf8('secrets { ike-a { secret = topsecret } }') },
      {
        name: 'conn.conf',
        content: utf8(
          'connections { c { remote_addrs = a.example\nlocal { auth = psk }\nremote { auth = psk }\nchildren { n { } } } }',
        ),
      },
    ];
    const [imported, ...others] = importFiles(files);
    expect(others).toEqual([]);
    expect(imported?.secrets.psk).toBe(Buffer.from('topsecret').toString('base64'));
  });

  it('that could all be ours are not chosen among', () => {
    const box = readFileSync(`${FIXTURES}alone.p12`);
    const wanting = {
      name: 'c.sswan',
      content: utf8('{"uuid":"u","name":"c","type":"ikev2-cert","remote":{"addr":"a.example"}}'),
    };
    const [imported] = importFiles([
      wanting,
      { name: 'a.p12', content: box },
      { name: 'b.p12', content: box },
    ]);
    expect(imported?.secrets).toEqual({});
    expect(imported?.report).toContainEqual({
      outcome: 'missing',
      setting: 'pkcs12',
      reason: 'several files may be meant (a.p12, b.p12): import one of them',
    });
    const [single] = importFiles([wanting, { name: 'a.p12', content: box }]);
    expect(single?.secrets.pkcs12).toBe(box.toString('base64'));
  });

  it('are imported all or none', () => {
    const good = { name: 'good.json', content: readFileSync(`${FIXTURES}minimal.json`) };
    expect(importFiles([good, good])).toHaveLength(2);
    expect(() => importFiles([good, { name: 'bad', content: utf8('?') }])).toThrow(/^bad: /);
  });
});

describe('our own format', () => {
  const base = JSON.parse(readFileSync(`${FIXTURES}minimal.json`, 'utf8')) as Record<string, unknown>;
  const problem = (change: object): string => messageOf(JSON.stringify({ ...base, ...change }), 'w.json');

  it.each<[object, string]>([
    [{ format: 'other' }, 'w.json: format: expected "adit-profile", found "other"'],
    [{ version: 2 }, 'w.json: version: expected 1, found 2'],
    [{ name: undefined }, 'w.json: name: is missing; expected a text'],
    [{ name: '' }, 'w.json: name: expected at least 1 characters, found ""'],
    [
      { gateway: { addresses: [] } },
      'w.json: gateway.addresses: expected at least 1 entries, found a list of 0',
    ],
    [{ gateway: { addresses: ['a', 5] } }, 'w.json: gateway.addresses.1: expected a text, found 5'],
    [
      { gateway: { addresses: ['a'], port: 70000 } },
      'w.json: gateway.port: expected at most 65535, found 70000',
    ],
    [
      { gateway: { addresses: ['a'], port: 1.5 } },
      'w.json: gateway.port: expected a whole number, found 1.5',
    ],
    [
      { authentication: { method: 'xauth' } },
      'w.json: authentication.method: expected "psk" or "certificate" or "eap" or "certificate-eap", found "xauth"',
    ],
    [
      { authentication: {} },
      'w.json: authentication.method: is missing; expected "psk" or "certificate" or "eap" or "certificate-eap"',
    ],
    [
      { authentication: { method: 'certificate', certificate: 'MAA=' } },
      'w.json: authentication.certificate: this is no X.509 certificate; expected base64 of its DER, whole and without PEM lines',
    ],
    [
      { authentication: { method: 'eap', user: 'a\u202eb' } },
      'w.json: authentication.user: "a\\u{202e}b" is no user name; expected visible characters',
    ],
    [
      { gateway: { addresses: ['a'], authentication: { method: 'eap-only' } } },
      'w.json: gateway.authentication.method: "eap-only" needs authentication.method "eap", found "psk"',
    ],
    [
      { authentication: { method: 'eap', methods: ['mschapv2'], innerMethod: 'pap' } },
      'w.json: authentication.innerMethod: "pap" runs inside of ttls or peap; name one of them in authentication.methods',
    ],
    [
      { authentication: { method: 'eap', methods: ['ttls', 'peap'], innerMethod: 'pap' } },
      'w.json: authentication.innerMethod: "pap" does not run inside of peap; expected one of eap-mschapv2, eap-gtc, eap-tls, or authentication.methods without peap',
    ],
    [
      { ike: { encapsulation: 'never' } },
      'w.json: ike.encapsulation: expected "auto" or "force", found "never"',
    ],
    [{ ike: null }, 'w.json: ike: expected an object, found null'],
    [{ request: { ip4: 'yes' } }, 'w.json: request.ip4: expected true or false, found "yes"'],
    [
      { gateway: { addresses: ['-oProxyCommand=x'] } },
      'w.json: gateway.addresses: "-oProxyCommand=x" is neither a host name nor an IP address',
    ],
    [
      { gateway: { addresses: ['10.0.0.256'] } },
      'w.json: gateway.addresses: "10.0.0.256" is neither a host name nor an IP address',
    ],
    [
      { gateway: { addresses: ['a.example'], redirects: ['*.10.0.0.0'] } },
      'w.json: gateway.redirects: "*.10.0.0.0" permits nothing; expected an address, a prefix such as "192.0.2.0/24", a name, or "*.example.org"',
    ],
    [
      { child: { remoteTs: ['dynamic'] } },
      'w.json: child.remoteTs: "dynamic" is our own address; expected the networks behind the gateway',
    ],
    [{ dns: { servers: ['dns.example'] } }, 'w.json: dns.servers: "dns.example" is no IP address'],
    [{ dns: { domains: ['a b'] } }, 'w.json: dns.domains: "a b" is no domain name'],
    [
      { ike: { proposals: ['AES 256'] } },
      'w.json: ike.proposals.0: expected keywords joined by "-", such as aes256gcm16-prfsha384-ecp384, found "AES 256"',
    ],
    [{ mtu: 100 }, 'w.json: mtu: expected at least 576, found 100'],
  ])('%j', (change, says) => {
    expect(problem(change)).toBe(says);
  });

  it('names unknown fields, and never shows what stands in them', () => {
    const says = problem({ psk: 'hunter2', ike: { updown: '/bin/sh' } });
    expect(says.split('\n')).toEqual([
      'w.json: ike: "updown" is not known here; remove it, or see docs/profile-format.md for the fields there are',
      'w.json: "psk" is not known here; remove it, or see docs/profile-format.md for the fields there are',
    ]);
  });

  it('checks what the schema cannot: algorithms, selectors, identities', () => {
    expect(problem({ ike: { proposals: ['aes256-foo'] } })).toMatch(/^w\.json: ike\.proposals: .*foo/);
    expect(problem({ child: { localTs: ['10.0.0.0/33'] } })).toMatch(
      /child\.localTs: "10\.0\.0\.0\/33" is no selector; expected/,
    );
    expect(problem({ gateway: { addresses: ['a'], id: 'x:y' } })).toMatch(
      /gateway\.id: "x:y" is no identity; expected an address/,
    );
    expect(problem({ gateway: { addresses: ['a'], id: 'a\nb' } })).toMatch(
      /gateway\.id: "a\\u\{a\}b" is no identity/,
    );
  });
});

const connection = (name: string): string =>
  `${name} { remote_addrs = a.example\nlocal { auth = psk }\nremote { auth = psk }\nchildren { n { remote_ts = 10.0.0.0/8 } } }`;
const answer = (text: string): string => JSON.stringify(importFiles([{ name: 'x', content: utf8(text) }]));

describe('whatever a file says, the answer fits a frame', () => {
  it('with thousands of settings', () => {
    const settings = Array.from(
      { length: 4000 },
      (_, i) => `${'unknown'.repeat(3)}${i} = ${'é'.repeat(12)}`,
    ).join('\n');
    const said = answer(`connections { ${connection('c')} }\nwhat {\n${settings}\n}`);
    expect(utf8(said).length).toBeLessThan(200 * 1024);
    expect(said).toMatch(/\d+ more settings are not listed/);
  });

  it('with too many connections', () => {
    const many = Array.from({ length: 65 }, (_, i) => connection(`c${i}`)).join('\n');
    expect(() => answer(`connections {\n${many}\n}`)).toThrow(
      '65 profiles are too many for one import; expected at most 64',
    );
  });

  it('with hundreds of problems', () => {
    const proposals = Array.from({ length: 32 }, () => 'foo')
      .map((text) => JSON.stringify(text))
      .join(',');
    const lines = messageOf(
      readFileSync(`${FIXTURES}minimal.json`, 'utf8').replace(
        '"format"',
        `"ike": { "proposals": [${proposals}] }, "format"`,
      ),
    ).split('\n');
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('and 12 more problems');
    const keys = Array.from({ length: 500 }, (_, i) => `"k${i}": 1`).join(',');
    expect(messageOf(`{${keys}}`).length).toBeLessThan(1000);
  });
});
