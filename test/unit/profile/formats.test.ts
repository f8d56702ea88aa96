/** What single settings of a format mean to us, format by format: what the golden texts of import.test.ts have no room for. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { utf8 } from '#core/bytes/bytes.ts';
import { importFiles } from '#core/profile/import.ts';
import { ImportError, profileSchema } from '#core/profile/profile.ts';

const FIXTURES = new URL('../../fixtures/profiles/', import.meta.url).pathname;

function refusalOf(name: string, text: string): string {
  try {
    importFiles([{ name, content: utf8(text) }]);
  } catch (error) {
    if (error instanceof ImportError) return error.message;
    throw error;
  }
  return 'imported';
}

describe('where a gateway may send us, in ipsec.conf of libreswan', () => {
  const redirects = (lines: string): string[] | string | undefined => {
    const conn = ['conn work', ' ikev2=insist', ' left=%defaultroute', ' right=gw.example', ' authby=secret'];
    const content = utf8(`${[...conn, ...lines.split(';').map((line) => ` ${line}`)].join('\n')}\n`);
    try {
      const [imported] = importFiles([{ name: 'ipsec.conf', content }]);
      const told = imported?.report.find(({ setting }) => setting.endsWith('accept-redirect-to'));
      return imported?.profile.gateway.redirects ?? told?.outcome;
    } catch (error) {
      return error instanceof ImportError ? error.message : String(error);
    }
  };

  it('are the targets that it names, and nobody where it names anybody', () => {
    expect(redirects('accept-redirect=yes;accept-redirect-to=192.0.2.9,two.example')).toEqual([
      '192.0.2.9',
      'two.example',
    ]);
    expect(redirects('accept-redirect=yes')).toBeUndefined();
    expect(redirects('accept-redirect-to=%any')).toBe('refused');
    expect(redirects('accept-redirect-to=a b!')).toContain('permits nothing');
  });
});

describe('UDP around ESP', () => {
  const conn = (dialect: string, line: string): [string, string] => [
    'ipsec.conf',
    `conn work\n ${dialect}\n left=%defaultroute\n right=gw.example\n authby=secret\n ${line}\n`,
  ];
  const libreswan = (line: string): [string, string] => conn('ikev2=insist', line);
  const strongswan = (line: string): [string, string] => conn('keyexchange=ikev2', line);
  const keyfile = (line: string): [string, string] => [
    'work.nmconnection',
    `[connection]\nid=work\n[vpn]\nservice-type=org.freedesktop.NetworkManager.strongswan\naddress=gw.example\nmethod=psk\n${line}\n`,
  ];
  const behind = 'behind a NAT ESP goes in UDP all the same';

  it.each<[string, [string, string], string | undefined, string, string?]>([
    ['strongSwan that forces it', strongswan('forceencaps=yes'), 'force', 'taken'],
    ['strongSwan that does not', strongswan('forceencaps=no'), 'auto', 'taken'],
    ['libreswan that forces it', libreswan('encapsulation=yes'), 'force', 'taken'],
    ['libreswan by its own judgement', libreswan('encapsulation=auto'), 'auto', 'taken'],
    ['libreswan without, even behind a NAT', libreswan('encapsulation=no'), 'auto', 'changed', behind],
    ['libreswan of old', libreswan('forceencaps=no'), 'auto', 'taken'],
    ['NetworkManager that forces it', keyfile('encap=yes'), 'force', 'taken'],
    ['NetworkManager that does not', keyfile('encap=no'), 'auto', 'taken'],
  ])('of %s', (_name, [name, text], becomes, outcome, reason) => {
    const [imported] = importFiles([{ name, content: utf8(text) }]);
    expect(imported?.profile.ike?.encapsulation).toBe(becomes);
    const told = imported?.report.find(({ setting }) => /encap/.test(setting));
    expect([told?.outcome, told?.reason]).toEqual([outcome, reason]);
  });

  it('stays forced where a file says nothing of it', () => {
    const [name, text] = strongswan('mobike=yes');
    const [imported] = importFiles([{ name, content: utf8(text) }]);
    expect(profileSchema.parse(imported?.profile).ike.encapsulation).toBe('force');
  });

  it('is yes, no or auto, and nothing else', () => {
    const [name, text] = libreswan('encapsulation=perhaps');
    expect(refusalOf(name, text)).toContain('"perhaps" is not "yes" or "no"');
  });
});

it('ProfileXML turns fragments off', () => {
  const from = (off: string): number | undefined => {
    const xml = `<VPNProfile><NativeProfile><Servers>gw.example</Servers><NativeProtocolType>IKEv2</NativeProtocolType><Authentication><MachineMethod>Certificate</MachineMethod></Authentication></NativeProfile><DisableIKEv2Fragmentation>${off}</DisableIKEv2Fragmentation></VPNProfile>`;
    return importFiles([{ name: 'work.xml', content: utf8(xml) }])[0]?.profile.ike?.fragmentBytes;
  };
  expect(from('true')).toBe(0);
  expect(from('false')).toBeUndefined();
});

describe('a phone book', () => {
  it.each(['vpn', 'connection', 'Interface', 'main'])('may have an entry of the name %s', (name) => {
    const text = `[${name}]\r\nType=2\r\nVpnStrategy=7\r\nPhoneNumber=vpn.example.org\r\nCustomAuthKey=26\r\n`;
    const [imported] = importFiles([{ name: 'rasphone.pbk', content: utf8(text) }]);
    expect(imported?.profile).toMatchObject({ name, gateway: { addresses: ['vpn.example.org'] } });
  });
});

describe('a keyfile of NetworkManager', () => {
  const keyfile = (user: string, password: string): string => `[connection]
id=Work
type=vpn

[vpn]
service-type=org.freedesktop.NetworkManager.strongswan
address=vpn.example.org
method=eap
user=${user}

[vpn-secrets]
password=${password}
`;

  it.each([
    ['a\\\\b', 'a\\b'],
    ['\\sa b', ' a b'],
    ['a\\tb', 'a\tb'],
    ['a\\\\sb', 'a\\sb'],
    ['a\\xb', 'a\\xb'],
  ])('escapes as GLib does: %s', (written, meant) => {
    const [imported] = importFiles([{ name: 'x', content: utf8(keyfile('CORP\\\\alice', written)) }]);
    expect(imported?.profile.authentication).toMatchObject({ user: 'CORP\\alice' });
    expect(Buffer.from(imported?.secrets.password ?? '', 'base64').toString()).toBe(meant);
  });
});

describe('ipsec.secrets', () => {
  const conf = (auth: string): string =>
    `conn w\n keyexchange=ikev2\n left=%defaultroute\n leftauth=${auth}\n leftid=alice\n right=vpn.example.org\n rightid=@vpn.example.org\n rightauth=${auth}\n auto=add\n`;
  const secretsOf = (auth: string, secrets: string, ...others: { name: string; content: Uint8Array }[]) =>
    importFiles([
      { name: 'ipsec.conf', content: utf8(conf(auth)) },
      { name: 'ipsec.secrets', content: utf8(secrets) },
      ...others,
    ])[0]?.secrets;

  it.each([
    ['"0x6162"', '0x6162'],
    ["'0x6162'", '0x6162'],
    ['"0sfoo!"', '0sfoo!'],
    ['0x6162', 'ab'],
    ['0sYWI=', 'ab'],
    [`ab'cd"ef`, `ab'cd"ef`],
    ['"a #b" # c', 'a #b'],
  ])('has %s for %s: in quotes a prefix is part of the secret', (written, meant) => {
    const psk = secretsOf('psk', `@vpn.example.org : PSK ${written}\n`)?.psk ?? '';
    expect(Buffer.from(psk, 'base64').toString()).toBe(meant);
  });

  it.each(['pubkey', 'eap-tls'])('opens the file of whoever logs in by %s', (auth) => {
    const content = readFileSync(`${FIXTURES}alone.p12`);
    const [imported] = importFiles([
      { name: 'ipsec.conf', content: utf8(conf(auth).replace('rightauth=eap-tls', 'rightauth=pubkey')) },
      { name: 'ipsec.secrets', content: utf8(': P12 a.p12 "ab"\n') },
      { name: 'a.p12', content },
    ]);
    expect(imported?.secrets.pkcs12Password).toBe('YWI=');
    expect(imported?.report.filter(({ outcome }) => outcome === 'refused')).toEqual([]);
  });

  it.each([
    ['"%secret"', '%secret'],
    ['"0x6162"', '0x6162'],
    ['""', ''],
    ['%prompt', undefined],
  ])('opens a PKCS#12 file with %s', (written, meant) => {
    const p12 = readFileSync(`${FIXTURES}alone.p12`);
    const found = secretsOf('pubkey', `: P12 a.p12 ${written}\n`, { name: 'a.p12', content: p12 });
    const password = found?.pkcs12Password;
    expect(password === undefined ? undefined : Buffer.from(password, 'base64').toString()).toBe(meant);
  });
});

describe('lists of subnets in libreswan’s braces', () => {
  it.each([
    ['{10.1.0.0/16 10.2.0.0/16}', ['10.1.0.0/16', '10.2.0.0/16'], 'changed'],
    ['"{10.1.0.0/16,10.2.0.0/16,}"', ['10.1.0.0/16', '10.2.0.0/16'], 'changed'],
    ['{10.1.0.0/16}', ['10.1.0.0/16'], 'taken'],
    ['10.1.0.0/16,10.2.0.0/16', ['10.1.0.0/16', '10.2.0.0/16'], 'taken'],
  ])('%s', (written, remoteTs, outcome) => {
    const text = `conn w\n ikev2=insist\n left=%defaultroute\n authby=secret\n right=192.0.2.1\n rightsubnets=${written}\n`;
    const [imported] = importFiles([{ name: 'ipsec.conf', content: utf8(text) }]);
    expect(imported?.profile.child).toMatchObject({ remoteTs });
    const entry = imported?.report.find(({ setting }) => setting.endsWith('rightsubnets'));
    expect(entry?.outcome).toBe(outcome);
  });
});

describe('AuthenticationMethod None in .mobileconfig', () => {
  const mobileconfig = (entries: string): string => `<plist version="1.0"><dict>
    <key>PayloadType</key><string>com.apple.vpn.managed</string>
    <key>VPNType</key><string>IKEv2</string>
    <key>IKEv2</key><dict>
      <key>RemoteAddress</key><string>vpn.example.org</string>
      <key>RemoteIdentifier</key><string>vpn.example.org</string>
      <key>LocalIdentifier</key><string>alice</string>
      <key>AuthenticationMethod</key><string>None</string>
      ${entries}
    </dict></dict></plist>`;

  it('without EAP is the shared secret, as Apple’s reference has it', () => {
    const content = utf8(mobileconfig('<key>SharedSecret</key><string>ab</string>'));
    const [imported] = importFiles([{ name: 'x', content }]);
    expect(imported?.profile.authentication.method).toBe('psk');
    expect(imported?.secrets.psk).toBe('YWI=');
  });

  it('without EAP and without a secret proves nothing', () => {
    expect(refusalOf('x', mobileconfig(''))).toContain('"None" alone proves nothing');
  });
});

describe('quotes in ipsec.conf', () => {
  it.each([
    ['"CORP\\\\alice"', 'CORP\\alice'],
    ['"say \\"hi\\""', 'say "hi"'],
    ['CORP\\alice', 'CORP\\alice'],
  ])('have strongSwan’s escapes: %s is %s', (written, user) => {
    const text = `conn w\n keyexchange=ikev2\n leftauth=eap\n eap_identity=${written}\n right=vpn.example.org\n rightauth=pubkey\n`;
    const [imported] = importFiles([{ name: 'ipsec.conf', content: utf8(text) }]);
    expect(imported?.profile.authentication).toMatchObject({ user });
  });

  it('have none in libreswan', () => {
    const text =
      'conn w\n ikev2=insist\n authby=secret\n leftid="keyid:CORP\\alice"\n right=vpn.example.org\n';
    const [imported] = importFiles([{ name: 'ipsec.conf', content: utf8(text) }]);
    expect(imported?.profile.authentication).toMatchObject({ localId: 'keyid:CORP\\alice' });
  });
});

describe('blanks at the ends of a secret', () => {
  type Given = { readonly name: string; readonly content: Uint8Array };
  const text = (base64: string | undefined): string | undefined =>
    base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString();
  const first = (...files: Given[]) => importFiles(files)[0];
  const file = (name: string, content: string): Given => ({ name, content: utf8(content) });
  const p12 = readFileSync(`${FIXTURES}alone.p12`);

  const apple = (entries: string, payloads = ''): Given =>
    file(
      'work.mobileconfig',
      `<plist version="1.0"><dict><key>PayloadContent</key><array><dict>
      <key>PayloadType</key><string>com.apple.vpn.managed</string>
      <key>VPNType</key><string>IKEv2</string>
      <key>IKEv2</key><dict>
        <key>RemoteAddress</key><string>
          vpn.example.org
        </string>
        <key>LocalIdentifier</key><string> alice </string>
        ${entries}
      </dict></dict>${payloads}</array></dict></plist>`,
    );
  const shared = (value: string): Given =>
    apple(
      `<key>AuthenticationMethod</key><string>SharedSecret</string><key>SharedSecret</key><string>${value}</string>`,
    );
  const extended = (value: string): Given =>
    apple(
      `<key>AuthenticationMethod</key><string>Certificate</string><key>ExtendedAuthEnabled</key><integer> 1 </integer>
       <key>AuthName</key><string>alice </string><key>AuthPassword</key><string>${value}</string>`,
    );

  /** What CFPropertyList.c keeps: all. */
  it.each([
    [' ab ', ' ab '],
    ['\tab\n', '\tab\n'],
    ['&#32;ab&#x20;', ' ab '],
    ['<![CDATA[ ab ]]>', ' ab '],
    ['ab\u00a0', 'ab\u00a0'],
    ['  ', '  '],
  ])('are part of it in .mobileconfig: "%s"', (written, meant) => {
    expect(text(first(shared(written))?.secrets.psk)).toBe(meant);
    const password = first(extended(written));
    expect(text(password?.secrets.password)).toBe(meant);
    expect(password?.report.find(({ setting }) => setting === 'IKEv2.AuthPassword')?.outcome).toBe('taken');
    const container = first(
      apple(
        `<key>AuthenticationMethod</key><string>Certificate</string>
         <key>PayloadCertificateUUID</key><string> ID </string>`,
        `<dict><key>PayloadType</key><string> com.apple.security.pkcs12 </string><key>PayloadUUID</key><string>id</string>
         <key>PayloadContent</key><data> ${p12.toString('base64')} </data>
         <key>Password</key><string>${written}</string></dict>`,
      ),
    );
    expect(text(container?.secrets.pkcs12Password)).toBe(meant);
  });

  it('are not part of anything else in .mobileconfig: there they are indentation', () => {
    expect(first(extended('x'))?.profile).toMatchObject({
      gateway: { addresses: ['vpn.example.org'] },
      authentication: { method: 'eap', user: 'alice', localId: 'alice' },
    });
    expect(first(shared(''))?.secrets).toEqual({});
  });

  const keyfile = (line: string): Given =>
    file(
      'work.nmconnection',
      `[connection]\nid=Work \ntype=vpn\n[vpn]\nservice-type=org.freedesktop.NetworkManager.strongswan \naddress = vpn.example.org \nmethod=eap\nuser=alice\t\n[vpn-secrets] \n${line}\n`,
    );

  /** As g_key_file_get_string() of GLib 2.74 answers, which NetworkManager reads secrets by. */
  it.each([
    ['password=ab ', 'ab '],
    ['password=ab \t', 'ab \t'],
    ['password=ab \r', 'ab '],
    ['password= \t\fab', 'ab'],
    ['password =  ab ', 'ab '],
    ['password=\\s ab\\s', '  ab '],
    ['password=\u00a0ab\u00a0', '\u00a0ab\u00a0'],
    ['password=\u000bab\u000b', '\u000bab\u000b'],
    ['password="ab "', '"ab "'],
    ['password=   ', undefined],
  ])('count at the end alone in a keyfile, or escaped: %j', (line, meant) => {
    const imported = first(keyfile(line));
    expect(text(imported?.secrets.password)).toBe(meant);
    expect(imported?.profile).toMatchObject({
      name: 'Work',
      gateway: { addresses: ['vpn.example.org'] },
      authentication: { user: 'alice' },
    });
  });

  const psk = 'conn w\n keyexchange=ikev2\n left=%defaultroute\n authby=secret\n right=vpn.example.org\n';

  /** As the lexers of strongSwan and libreswan split a line: at spaces and tabs. */
  it.each([
    ['" ab "', ' ab '],
    ["'\tab '", '\tab '],
    ['  ab \t', 'ab'],
    ['ab\u00a0', 'ab\u00a0'],
    ['\u00a0ab c', '\u00a0ab'],
    ['"  "', '  '],
  ])('are part of it in quotes in ipsec.secrets: %s', (written, meant) => {
    const secrets = first(file('ipsec.conf', psk), file('ipsec.secrets', `: PSK ${written}\r\n`))?.secrets;
    expect(text(secrets?.psk)).toBe(meant);
  });

  /** As libstrongswan 5.9.8 reads settings. */
  it.each([
    ['" ab "', ' ab '],
    ['"ab\\n"', 'ab\n'],
    ['  ab \t', 'ab'],
    ['a  b', 'a b'],
    ['"a " b', 'a  b'],
    ['\u00a0ab\u00a0', '\u00a0ab\u00a0'],
    ["' ab '", "' ab '"],
    ['"  "', '  '],
  ])('are part of it in quotes in swanctl.conf: %s', (written, meant) => {
    const conf = `connections {\n w {\n version = 2\n remote_addrs = vpn.example.org\n local {\n auth = psk\n }\n remote {\n auth = psk\n }\n children {\n w {\n }\n }\n }\n}\nsecrets {\n ike {\n secret = ${written}\n }\n}\n`;
    expect(text(first(file('swanctl.conf', conf))?.secrets.psk)).toBe(meant);
  });

  it('are part of it in .sswan', () => {
    const sswan = {
      uuid: 'a',
      name: ' Work ',
      type: 'ikev2-eap',
      remote: { addr: 'vpn.example.org' },
      local: { eap_id: 'alice', shared_secret: ' ab\t' },
    };
    const imported = first(file('work.sswan', JSON.stringify(sswan)));
    expect(text(imported?.secrets.password)).toBe(' ab\t');
    expect(imported?.profile.name).toBe('Work');
  });

  it('are lost in a phone book, as they are to GetPrivateProfileString', () => {
    const book = '[w]\r\nType=2\r\nVpnStrategy=7\r\nPhoneNumber=vpn.example.org \r\nPreSharedKey= a b \r\n';
    expect(text(first(file('rasphone.pbk', book))?.secrets.psk)).toBe('a b');
  });
});

describe('Servers in ProfileXML', () => {
  const servers = (text: string): string =>
    `<VPNProfile><NativeProfile><Servers>${text}</Servers><NativeProtocolType>IKEv2</NativeProtocolType><Authentication><UserMethod>MSChapv2</UserMethod></Authentication></NativeProfile></VPNProfile>`;

  it.each([
    ['vpn.example.org;Europe,vpn2.example.org;Head office', ['vpn.example.org', 'vpn2.example.org']],
    ['vpn.example.org;vpn.example.org', ['vpn.example.org']],
    ['vpn.example.org, vpn2.example.org', ['vpn.example.org', 'vpn2.example.org']],
  ])('%s: a friendly name is no gateway', (text, addresses) => {
    const [imported] = importFiles([{ name: 'x', content: utf8(servers(text)) }]);
    expect(imported?.profile.gateway.addresses).toEqual(addresses);
  });
});
