/** Which identities a certificate speaks for (RFC 4945 §3.1), and what CERT and CERTREQ carry (RFC 7296 §3.6, §3.7). */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EMPTY, toHex } from '#core/bytes/bytes.ts';
import { parseIdentification } from '#core/ike/identification.ts';
import {
  authoritiesOf,
  certificatesToSend,
  decodeAuthorities,
  encodeAuthorities,
  asksForOthers,
  sortCertificates,
} from '#core/pki/certreq.ts';
import { announcedIdentity, dialledIdentity, namesOf, speaksFor } from '#core/pki/identity.ts';
import { octetString, seq, tlv } from '#test/harness/der-writer.ts';
import {
  altNames,
  basicConstraints,
  ca,
  extension,
  gateway,
  gatewayExtensions,
  issue,
  type Issued,
} from '#test/harness/x509-forge.ts';

const root = ca('CN=Root');
const id = (text: string) => parseIdentification(text) ?? { type: 0, data: EMPTY };
const withNames = (...names: readonly string[]) =>
  issue({
    subject: 'C=DE, O=Firm, CN=cn.example',
    issuer: root,
    extensions: names.length > 0 ? [altNames(...names)] : [],
  }).certificate;

describe('a certificate speaks for', () => {
  it.each([
    ['vpn.example', ['dns:vpn.example'], true],
    ['VPN.Example', ['dns:vpn.EXAMPLE'], true],
    ['fqdn:vpn.example.', ['dns:vpn.example'], true],
    ['vpn.example', ['dns:other.example', 'dns:vpn.example'], true],
    ['vpn.example', ['dns:vpn.example.org'], false],
    ['vpn.example', ['email:vpn.example'], false],
    // The common name is no host name, with and without subjectAltName.
    ['cn.example', [], false],
    ['cn.example', ['dns:vpn.example'], false],
    ['192.0.2.1', ['ip:192.0.2.1'], true],
    ['192.0.2.1', ['dns:192.0.2.1'], false],
    ['192.0.2.2', ['ip:192.0.2.1'], false],
    ['2001:db8::1', ['ip:2001:db8::1'], true],
    ['192.0.2.1', ['ip:::ffff:192.0.2.1'], false],
    ['Alice@Firm.example', ['email:Alice@firm.EXAMPLE'], true],
    ['alice@firm.example', ['email:Alice@firm.example'], false],
    ['C=DE, O=Firm, CN=cn.example', [], true],
    ['C=de, O=FIRM, CN=cn.example', [], true],
    ['C=DE, O=Firm', [], false],
    ['C=FR, CN=x', ['dir:C=FR, CN=x'], true],
    ['keyid:vpn.example', ['dns:vpn.example'], false],
  ] as const)('%s with %o: %s', (text, names, expected) => {
    expect(speaksFor(withNames(...names), id(text))).toBe(expected);
  });
});

describe('a wildcard', () => {
  it.each([
    ['vpn.firm.example', '*.firm.example', true],
    ['VPN.firm.example', '*.Firm.example', true],
    ['firm.example', '*.firm.example', false],
    ['a.b.firm.example', '*.firm.example', false],
    ['.firm.example', '*.firm.example', false],
    ['firm.example', '*.example', false],
    ['vpn.firm.example', 'v*.firm.example', false],
    ['vpn.firm.example', '*pn.firm.example', false],
    ['vpn.firm.example', 'vpn.*.example', false],
    ['vpn.firm.example', '*.*.example', false],
    ['vpn.firm.example', '*', false],
    ['*.firm.example', '*.firm.example', false],
  ])('%s by %s: %s', (host, pattern, expected) => {
    expect(speaksFor(withNames(`dns:${pattern}`), id(`fqdn:${host}`))).toBe(expected);
  });
});

it('names everything that the certificate carries, safe to print', () => {
  expect(
    namesOf(withNames('dns:a.example', 'ip:2001:db8::1', 'email:a@b', 'dir:CN=x', 'uri:http://u/')),
  ).toEqual(['a.example', '2001:db8::1', 'a@b', 'CN=x', 'http://u/', 'C=DE, O=Firm, CN=cn.example']);
});

it('what was dialled is an address or a name', () => {
  expect(['vpn.example', '192.0.2.1', '2001:db8::1'].map((host) => dialledIdentity(host).type)).toEqual([
    2, 1, 5,
  ]);
});

describe('CERTREQ', () => {
  const other = ca('CN=Other');
  it('names a CA by the SHA-1 of its key', () => {
    const sha1 = createHash('sha1').update(root.certificate.spki).digest('hex');
    expect(toHex(encodeAuthorities([root.certificate]))).toBe(sha1);
    expect(decodeAuthorities(encodeAuthorities([root.certificate, other.certificate])).map(toHex)[0]).toBe(
      sha1,
    );
    expect(() => decodeAuthorities(new Uint8Array(21))).toThrow(/certification authority/);
    expect(authoritiesOf({ encoding: 4, authorities: new Uint8Array(21) })).toEqual([]);
    expect(authoritiesOf({ encoding: 12, authorities: new Uint8Array(20) })).toEqual([]);
  });

  it('asks for any certificate in place of naming a crowd', () => {
    expect(encodeAuthorities(Array.from({ length: 101 }, () => root.certificate))).toHaveLength(0);
  });

  it('tells whether others are asked for, as far as can be known', () => {
    const middle = ca('CN=Middle', { issuer: root });
    const { certificate } = gateway(middle);
    const chain = [middle.certificate];
    const asks = (asked: readonly { spki: Uint8Array }[], known = [root.certificate], up = chain) =>
      asksForOthers({ certificate, chain: up }, decodeAuthorities(encodeAuthorities(asked)), known);
    expect(asks([root.certificate])).toBe(false);
    expect(asks([other.certificate, middle.certificate])).toBe(false);
    expect(asks([])).toBe(false);
    expect(asks([other.certificate])).toBe(true);
    // Whether an unknown CA stands above an unknown issuer nobody can say; that a known one does not, we can.
    expect(asks([other.certificate], [], [])).toBe(false);
    expect(asks([other.certificate], [other.certificate], [])).toBe(true);
    expect(asks([other.certificate, root.certificate], [other.certificate], [])).toBe(false);
  });

  it('sends the leaf and its issuers in turn, and no root', () => {
    const middle = ca('CN=Middle', { issuer: root });
    const { certificate } = gateway(middle);
    const sent = certificatesToSend({ certificate, chain: [root.certificate, middle.certificate] });
    expect(sent).toEqual([certificate.der, middle.der]);
  });

  it('sends the issuer that has signed, of two with one name (a CA with renewed keys)', () => {
    const keyId = Uint8Array.of(7, 7, 7);
    const own = (id: Uint8Array) => extension('2.5.29.14', octetString(id));
    const issuers = extension('2.5.29.35', seq(tlv(0x80, keyId)));
    const [before, now] = [Uint8Array.of(1), keyId].map((id) =>
      ca('CN=Middle', { issuer: root, extensions: [basicConstraints(true), own(id)] }),
    ) as [Issued, Issued];
    const { certificate } = gateway(now, { extensions: gatewayExtensions(issuers) });
    const sent = certificatesToSend({ certificate, chain: [before.certificate, now.certificate] });
    expect(sent).toEqual([certificate.der, now.der]);
    // One that names no key of its own signs all the same.
    const nameless = ca('CN=Middle', { issuer: root, extensions: [basicConstraints(true)] });
    expect(certificatesToSend({ certificate, chain: [nameless.certificate] })).toEqual([
      certificate.der,
      nameless.der,
    ]);
  });
});

it('CERT payloads: X.509 and OCSP are taken, the others refused by name', () => {
  const data = Uint8Array.of(1);
  const sorted = sortCertificates([4, 14, 1, 12, 13, 99, 4].map((encoding) => ({ encoding, data })));
  expect(sorted.chain).toHaveLength(2);
  expect(sorted.stapled).toHaveLength(1);
  expect(sorted.refused).toEqual([
    'PKCS7_WRAPPED_X509',
    'HASH_AND_URL_X509',
    'HASH_AND_URL_X509_BUNDLE',
    'Cert Encoding(99)',
  ]);
});

it.each([
  [['dns:host.example', 'email:alice@a.example', 'email:b@a.example'], 'alice@a.example'],
  [['ip:192.0.2.1', 'dns:host.example'], 'host.example'],
])('EAP-TLS announces of %j: %s', (names, announced) => {
  expect(announcedIdentity(withNames(...names))).toBe(announced);
});

it('EAP-TLS announces the subject where there is no better name', () => {
  const certificate = withNames('ip:192.0.2.1');
  expect(announcedIdentity(certificate)).toBe(certificate.subjectText);
  expect(certificate.subjectText).not.toBe('');
});
