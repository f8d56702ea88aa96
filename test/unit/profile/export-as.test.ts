/** Profiles into others' formats and back: what a format can say comes back, what it cannot is named. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromUtf8 } from '#core/bytes/bytes.ts';
import { EXPORT_FORMATS, exportAs, ExportError, type ExportFormat } from '#core/profile/export-as.ts';
import { importFiles } from '#core/profile/import.ts';
import {
  ImportError,
  type Profile,
  type ProfileInput,
  profileSchema,
  type Secrets,
} from '#core/profile/profile.ts';

const FIXTURES = new URL('../../fixtures/profiles/', import.meta.url).pathname;
const fixture = (path: string): { name: string; content: Buffer } => ({
  name: path.split('/').at(-1) ?? path,
  content: readFileSync(FIXTURES + path),
});

const counter = (): (() => string) => {
  let at = 0;
  return () => `00000000-0000-4000-8000-${String(++at).padStart(12, '0')}`;
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const [pem] = importFiles([
  fixture('swanctl-pem/ca.pem'),
  fixture('swanctl-pem/alice.pem'),
  fixture('swanctl-pem/alice.key'),
  fixture('swanctl-pem/swanctl.conf'),
]);
const proof = pem?.profile.gateway.authentication;
const ca = proof && 'ca' in proof ? (proof.ca ?? []) : [];
const p12 = readFileSync(`${FIXTURES}alone.p12`).toString('base64');

const profile = (change: Partial<ProfileInput>): Profile =>
  profileSchema.parse({
    format: 'adit-profile',
    version: 1,
    name: 'Büro & <Wien>',
    gateway: {
      addresses: ['vpn.example.org'],
      id: 'vpn.example.org',
      authentication: { method: 'certificate', ca },
    },
    authentication: { method: 'eap', user: 'a"b\\c & <d>' },
    ...change,
  });

function back(format: ExportFormat, from: Profile, secrets: Secrets = {}) {
  const { files, left } = exportAs(format, from, { secrets, uuid: counter() });
  const [again] = importFiles(files);
  return {
    again: profileSchema.parse(again?.profile),
    secrets: again?.secrets,
    left: left.map(({ setting }) => setting),
    files,
  };
}

describe.each(EXPORT_FORMATS)('export to %s', (format) => {
  const cases: readonly (readonly [string, Partial<ProfileInput>, Secrets])[] = [
    ['EAP with a password', {}, { password: base64('pass "word" \\ & <x>') }],
    [
      'a certificate in PKCS#12',
      { authentication: { method: 'certificate', localId: 'alice@example.org', rsaPss: true } },
      { pkcs12: p12, pkcs12Password: base64('fixture-p12') },
    ],
    ['EAP-TLS', { authentication: { method: 'eap', methods: ['tls'] } }, { pkcs12: p12 }],
  ];
  it.each(cases)('keeps %s', (_name, change, secrets) => {
    const from = profile(change);
    const { again, secrets: kept } = back(format, from, secrets);
    expect(again.authentication).toEqual(from.authentication);
    expect(again.gateway.authentication).toMatchObject({ method: 'certificate', ca });
    const { pkcs12Password: _locked, ...rest } = secrets;
    expect(kept).toMatchObject(format === 'sswan' ? rest : secrets);
  });

  it('writes no secret that was not handed over', () => {
    for (const [, change] of cases) {
      const { secrets, files } = back(format, profile(change));
      expect(secrets).toEqual({});
      expect(files.map(({ content }) => fromUtf8(content)).join('')).not.toMatch(/PRIVATE KEY|password/i);
    }
  });

  it('says that what runs inside of TTLS is lost', () => {
    const from = profile({ authentication: { method: 'eap', methods: ['ttls'], innerMethod: 'pap' } });
    expect(back(format, from).left).toContain('authentication.innerMethod');
  });

  it('names every field that it cannot carry', () => {
    const from = profile({
      dns: { domains: ['example.org'] },
      ike: { initialContact: false, localPort: 4501, mobike: false, encapsulation: 'auto' },
    });
    const { again, left } = back(format, from);
    const lost: readonly (readonly [string, boolean])[] = [
      ['dns.domains', again.dns.domains.length === 0],
      ['ike.initialContact', again.ike.initialContact],
      ['ike.localPort', again.ike.localPort === 0],
      ['ike.mobike', again.ike.mobike],
      ['ike.encapsulation', again.ike.encapsulation === 'force'],
    ];
    expect(lost.map(([field]) => [field, left.includes(field)])).toEqual(lost);
  });
});

const psk = profile({ gateway: { addresses: ['a.example'] }, authentication: { method: 'psk' } });

describe('what a format does not know', () => {
  const rounds = profile({ authentication: { method: 'certificate-eap' } });
  it.each<[ExportFormat, Profile, RegExp]>([
    ['sswan', psk, /the strongSwan app knows no pre-shared keys/],
    ['mobileconfig', rounds, /know no second round/],
  ])('%s refuses in a sentence', (format, from, says) => {
    const act = (): unknown => exportAs(format, from, { secrets: {}, uuid: counter() });
    expect(act).toThrow(ExportError);
    expect(act).toThrow(says);
  });

  it('keeps a pre-shared key in the others', () => {
    for (const format of ['mobileconfig', 'swanctl'] as const) {
      const { again, secrets } = back(format, psk, { psk: base64('a key') });
      expect(again.authentication).toEqual(psk.authentication);
      expect(secrets).toEqual({ psk: base64('a key') });
    }
  });

  it('keeps two rounds with key files in swanctl.conf', () => {
    const from = profile({
      authentication: {
        ...rounds.authentication,
        method: 'certificate-eap',
        user: 'alice',
        certificate: ca[0],
        methods: ['ttls'],
        aaaId: 'radius.example.org',
      },
    });
    const { again, secrets } = back('swanctl', from, {
      ...(pem?.secrets.privateKey === undefined ? {} : { privateKey: pem.secrets.privateKey }),
      privateKeyPassword: base64('x y'),
    });
    expect(again.authentication).toEqual(from.authentication);
    expect(secrets).toEqual({ privateKey: pem?.secrets.privateKey, privateKeyPassword: base64('x y') });
  });
});

const everything = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isFile())
  .flatMap(({ name }) => {
    try {
      return importFiles([fixture(name)]).map((one, at) => [`${name} ${at}`, one] as const);
    } catch (error) {
      if (error instanceof ImportError) return [];
      throw error;
    }
  });

describe('secrets that a format cannot say', () => {
  it('are named, and no other text takes their place', () => {
    const octets = Buffer.from([0xff, 0, 0xfe]).toString('base64');
    const { secrets, left } = back('mobileconfig', psk, { psk: octets });
    expect(secrets).toEqual({});
    expect(left).toContain('psk');
    const key = profile({ authentication: { method: 'certificate', certificate: ca[0] } });
    expect(back('sswan', key, { privateKey: pem?.secrets.privateKey }).left).toEqual(
      expect.arrayContaining(['privateKey', 'authentication.certificate']),
    );
  });
});

describe('blanks at the ends of a secret', () => {
  const blank = ' \ta b\u00a0\n ';
  it.each(EXPORT_FORMATS)('go through %s and back', (format) => {
    const eap = back(format, profile({}), { password: base64(blank) });
    expect([eap.secrets, eap.left.includes('password')]).toEqual([{ password: base64(blank) }, false]);
    const key = { pkcs12: p12, pkcs12Password: base64(blank) };
    const certificate = back(format, profile({ authentication: { method: 'certificate' } }), key);
    // strongSwan's app asks for the password of a PKCS#12 file.
    expect(certificate.secrets).toEqual(format === 'sswan' ? { pkcs12: p12 } : key);
  });

  it.each(['mobileconfig', 'swanctl'] as const)('of a pre-shared key, go through %s and back', (format) => {
    for (const text of [blank, '  ', '\r\nab\r']) {
      expect(back(format, psk, { psk: base64(text) })).toMatchObject({ secrets: { psk: base64(text) } });
    }
  });
});

describe('every fixture', () => {
  /** Undefined where the format is no way out for this profile, which its words say. */
  function trip(format: ExportFormat, from: Profile, secrets: Secrets) {
    try {
      return back(format, from, secrets);
    } catch (error) {
      if (error instanceof ExportError) return undefined;
      throw error;
    }
  }

  it.each(everything)(
    '%s goes through each format or is refused in words',
    (_name, { profile: input, secrets }) => {
      for (const format of EXPORT_FORMATS) {
        const there = trip(format, profileSchema.parse(input), secrets);
        // A second trip changes nothing more.
        const again = there && back(format, there.again, secrets);
        expect(again?.left.filter((field) => !there?.left.includes(field)) ?? []).toEqual([]);
      }
    },
  );

  it.each(EXPORT_FORMATS)('goes through %s in most cases', (format) => {
    const taken = everything.filter(([, { profile: input, secrets }]) =>
      trip(format, profileSchema.parse(input), secrets),
    );
    expect(everything.length).toBeGreaterThan(30);
    expect(taken.length).toBeGreaterThan(everything.length / 2);
  });
});
