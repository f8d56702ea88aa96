/** Certificates, signatures and AUTH values that others made, and their broken ones. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { AuthMethod } from '#core/registry/auth-methods.ts';
import { verifyAuth } from '#core/pki/auth-signature.ts';
import { decodeCertificate } from '#core/pki/certificate.ts';
import { crlStatus } from '#core/pki/crl.ts';
import { speaksFor } from '#core/pki/identity.ts';
import type { SignatureScheme } from '#core/pki/interfaces.ts';
import { ocspStatus } from '#core/pki/ocsp.ts';
import { findPath, trustAnchors } from '#core/pki/path.ts';
import { DEFAULT_PATH_POLICY } from '#core/pki/path-policy.ts';
import { decodePublicKey } from '#core/pki/public-key.ts';
import { pemCertificates } from '#helper/pki/trust.ts';
import { nodePkiCrypto } from '#helper/pki/verifier.ts';
import { payloadOf, readCapture, readSecretLog } from '#test/harness/gold.ts';
import { describeWithVectors } from '#test/harness/shared-vectors.ts';
import { ca, NOW } from '#test/harness/x509-forge.ts';

const ROOT = '/work/shared/vectors';
const pem = (file: string): Uint8Array[] => pemCertificates(readFileSync(`${ROOT}/${file}`, 'utf8'));

interface Wycheproof {
  readonly testGroups: readonly {
    readonly publicKeyDer: string;
    readonly tests: readonly { tcId: number; comment: string; msg: string; sig: string; result: string }[];
  }[];
}

describeWithVectors('wycheproof', (readJson) => {
  const cases: readonly (readonly [string, SignatureScheme])[] = [
    ['rsa_signature_2048_sha256', { kind: 'rsa-pkcs1', hash: 'sha256' }],
    ['ecdsa_secp256r1_sha256_p1363', { kind: 'ecdsa', hash: 'sha256', form: 'raw' }],
    ['ecdsa_secp256r1_sha256', { kind: 'ecdsa', hash: 'sha256', form: 'der' }],
    ['ed25519', { kind: 'ed25519' }],
  ];
  it.each(cases)('%s', (file, scheme) => {
    const { testGroups } = readJson(`${file}_test.json.gz`) as Wycheproof;
    let count = 0;
    for (const { publicKeyDer, tests } of testGroups) {
      const key = decodePublicKey(fromHex(publicKeyDer));
      for (const { tcId, comment, msg, sig, result } of tests) {
        if (result === 'acceptable') continue;
        const good = nodePkiCrypto.verify(key, scheme, fromHex(msg), fromHex(sig));
        expect({ tcId, comment, good }).toEqual({ tcId, comment, good: result === 'valid' });
        count++;
      }
    }
    expect(count).toBeGreaterThan(100);
  });
});

describeWithVectors('gold', () => {
  const trusted = trustAnchors(pem('gold-pki/ca.pem').map(decodeCertificate));
  it.each(['cert-rsa', 'cert-p256'])(
    '%s: both certificates lead to the CA, both AUTH values are good',
    (name) => {
      const { messages } = readCapture(name);
      const octets = readSecretLog(name).all("octets = message + nonce + prf(Sk_px, IDx') + IntAuth");
      const auths = messages.filter(({ message }) => payloadOf(message, 'AUTH') !== undefined);
      expect(auths).toHaveLength(2);
      for (const [i, { message }] of auths.entries()) {
        const chain = message.payloads.flatMap((payload) => (payload.kind === 'CERT' ? [payload.data] : []));
        const id = payloadOf(message, i === 0 ? 'IDi' : 'IDr');
        const auth = payloadOf(message, 'AUTH');
        const leaf = decodeCertificate(chain[0] ?? new Uint8Array());
        const now = (leaf.notBefore + leaf.notAfter) / 2;
        const policy = {
          ...DEFAULT_PATH_POLICY,
          purpose: i === 0 ? ('client' as const) : ('gateway' as const),
        };
        const found = findPath(nodePkiCrypto, now, chain, trusted, policy);
        if ('fault' in found) throw new Error(JSON.stringify(found.fault));
        if (!id || !auth || !('facts' in leaf.key)) throw new Error('a payload is missing');
        expect(speaksFor(leaf, id.id)).toBe(true);
        expect(auth.method).toBe(AuthMethod.DIGITAL_SIGNATURE);
        const signed = octets[i] ?? new Uint8Array();
        expect(verifyAuth(nodePkiCrypto, leaf.key, auth, signed)).toBeUndefined();
        expect(verifyAuth(nodePkiCrypto, leaf.key, auth, signed.with(40, 0xff))?.fault).toBe('bad-signature');
      }
    },
  );
});

describeWithVectors('aosp/pki/unit', () => {
  const read = (file: string): Uint8Array[] => pem(`aosp/pki/unit/${file}.pem`);
  it('its chains verify from leaf to root', () => {
    const chain = ['end-cert-b', 'intermediate-ca-b-two', 'intermediate-ca-b-one'].flatMap(read);
    const [root] = read('self-signed-ca-b').map(decodeCertificate);
    const leaf = decodeCertificate(chain[0] ?? new Uint8Array());
    if (!root) throw new Error('no root');
    const find = (certificates: readonly Uint8Array[]) =>
      findPath(nodePkiCrypto, leaf.notBefore + 1000, certificates, trustAnchors([root]), DEFAULT_PATH_POLICY);
    expect(find(chain)).toHaveProperty('path.length', 4);
    expect(find(chain.slice(0, 2))).toMatchObject({ fault: { fault: 'not-trusted' } });
  });

  it('its small keys are weak', () => {
    const chain = read('end-cert-small');
    const anchors = trustAnchors(read('self-signed-ca-small').map(decodeCertificate));
    const leaf = decodeCertificate(chain[0] ?? new Uint8Array());
    expect(findPath(nodePkiCrypto, leaf.notBefore + 1000, chain, anchors, DEFAULT_PATH_POLICY)).toMatchObject(
      {
        fault: { fault: 'weak-key' },
      },
    );
  });
});

/** Whether a certificate is read, or refused as what is none. */
function readOrError(der: Uint8Array): boolean {
  try {
    decodeCertificate(der);
    return true;
  } catch (error) {
    return error instanceof DecodeError;
  }
}

describeWithVectors('malformed/strongswan-corpora', () => {
  const folder = (name: string): Uint8Array[] =>
    readdirSync(`${ROOT}/malformed/strongswan-corpora/${name}`).map((file) =>
      Uint8Array.from(readFileSync(`${ROOT}/malformed/strongswan-corpora/${name}/${file}`)),
    );
  const root = ca('CN=Root');

  it('certificates are read or refused, and none leads anywhere', () => {
    const anchors = trustAnchors([root.certificate]);
    const files = folder('certs');
    expect(files.length).toBeGreaterThan(10);
    for (const der of files) {
      expect(findPath(nodePkiCrypto, NOW, [der], anchors, DEFAULT_PATH_POLICY)).toHaveProperty('fault.fault');
      expect(readOrError(der)).toBe(true);
    }
  });

  it('CRLs and OCSP responses say nothing', () => {
    const policy = { minRsaBits: 2048, allowSha1: false };
    for (const der of folder('crls'))
      expect(crlStatus(nodePkiCrypto, NOW, der, root.certificate, root.certificate, policy).status).toBe(
        'unknown',
      );
    for (const der of [...folder('ocsp_rsp'), ...folder('ocsp_req')])
      expect(ocspStatus(nodePkiCrypto, NOW, der, root.certificate, root.certificate, policy).status).toBe(
        'unknown',
      );
  });
});

describe("the system's trust store", () => {
  const path = '/etc/ssl/certs/ca-certificates.crt';
  const present = existsSync(path);
  if (!present) console.warn(`skipped: this machine has no ${path}`);
  it.skipIf(!present)('is read to the last certificate', () => {
    const all = pemCertificates(readFileSync(path, 'utf8'));
    expect(all.length).toBeGreaterThan(50);
    const cas = all.map(decodeCertificate).filter(({ basicConstraints }) => basicConstraints?.ca === true);
    expect(cas.length).toBeGreaterThan(50);
  });
});
