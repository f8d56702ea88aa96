/** Mangled certificates, CRLs, OCSP responses, AUTH values and PKCS#12 files: typed outcomes only, and never a yes. */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '#core/bytes/reader.ts';
import { verifyAuth } from '#core/pki/auth-signature.ts';
import { decodeCertificate } from '#core/pki/certificate.ts';
import { crlStatus } from '#core/pki/crl.ts';
import { DER, readAll, readContent } from '#core/pki/der.ts';
import { ocspStatus } from '#core/pki/ocsp.ts';
import { findPath, trustAnchors } from '#core/pki/path.ts';
import { DEFAULT_PATH_POLICY } from '#core/pki/path-policy.ts';
import { decodePublicKey } from '#core/pki/public-key.ts';
import { chainFaultSchema } from '#core/pki/verdict.ts';
import { KeyFileError, readPrivateKey } from '#helper/pki/key-file.ts';
import { Pkcs12Error, readPkcs12 } from '#helper/pki/pkcs12.ts';
import { nodePkiCrypto } from '#helper/pki/verifier.ts';
import {
  ca,
  crl,
  crlPoint,
  gateway,
  gatewayExtensions,
  NOW,
  nameConstraints,
  ocsp,
  ocspAccess,
  spkiOf,
} from '#test/harness/x509-forge.ts';

const SECONDS = { interruptAfterTimeLimit: 1000, numRuns: 100_000 };

/** `base` with some octets changed, cut, doubled or put in. */
const mangled = (base: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc
    .array(
      fc.record({
        at: fc.nat(base.length - 1),
        drop: fc.integer({ min: 0, max: 4 }),
        put: fc.uint8Array({ maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((edits) =>
      edits.reduce(
        (bytes, { at, drop, put }) =>
          Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + drop)]),
        base,
      ),
    );

const root = ca('O=Firm, CN=Root');
const middle = ca('O=Firm, CN=Middle', {
  issuer: root,
  extensions: [nameConstraints(['dns:example'], ['net:10.0.0.0/255.0.0.0'])],
});
const leaf = gateway(root, { extensions: gatewayExtensions(ocspAccess('http://o/'), crlPoint('http://c/')) });
const anchors = trustAnchors([root.certificate]);
const policy = { minRsaBits: 2048, allowSha1: false };
/** The first part of a SEQUENCE: what is signed. */
const signedPart = (der: Uint8Array): Uint8Array => {
  const tbs = readAll(readContent(der, DER.SEQUENCE, 'signed'), 'signed')[0];
  return tbs?.content ?? new Uint8Array();
};

/** Whether `read` comes to an end, or ends in one of these errors. */
async function refusedBy(
  errors: readonly (abstract new (...args: never[]) => Error)[],
  read: () => unknown,
): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    return errors.some((type) => error instanceof type);
  }
}

describe('mangled', () => {
  it('certificates are refused with a verdict', async () => {
    const check = (der: Uint8Array): void => {
      const found = findPath(nodePkiCrypto, NOW, [der, middle.der], anchors, DEFAULT_PATH_POLICY);
      if ('fault' in found) chainFaultSchema.parse(found.fault);
      else if (found.path[0].der.length !== leaf.der.length)
        throw new Error('another certificate is trusted');
    };
    expect(findPath(nodePkiCrypto, NOW, [leaf.der], anchors, DEFAULT_PATH_POLICY)).toHaveProperty(
      'path.length',
      2,
    );
    fc.assert(fc.property(mangled(leaf.der), check), SECONDS);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check), {
      ...SECONDS,
      interruptAfterTimeLimit: 300,
    });
    await fc.assert(
      fc.asyncProperty(mangled(middle.der), (der) => refusedBy([DecodeError], () => decodeCertificate(der))),
      SECONDS,
    );
  });

  it('CRLs and OCSP responses say "good" only with what was signed in them', () => {
    const [list, response] = [
      crl(root, { revoked: [{ serial: '11', at: NOW, reason: 1 }] }),
      ocsp(leaf.certificate, root),
    ];
    const status = (der: Uint8Array): string[] => [
      crlStatus(nodePkiCrypto, NOW, der, leaf.certificate, root.certificate, policy).status,
      ocspStatus(nodePkiCrypto, NOW, der, leaf.certificate, root.certificate, policy).status,
    ];
    expect([...status(list), ...status(response)]).toEqual(['good', 'unknown', 'unknown', 'good']);
    // Found by this fuzzer once: a name whose text has the tag of UTCTime parses, but cannot be written again.
    for (const der of [list, response]) {
      const odd = Uint8Array.from(der);
      odd[Buffer.from(der).indexOf('Firm') - 2] = 0x17;
      expect(status(odd)).toEqual(['unknown', 'unknown']);
    }
    for (const [base, signed] of [
      [list, signedPart(list)],
      [response, signedPart(response.subarray(response.indexOf(0x04, 26) + 3))],
    ] as const)
      fc.assert(
        fc.property(mangled(base), (der) => {
          // The envelope of a response is not signed: its faults may go unseen, those inside may not.
          const intact = Buffer.from(der).includes(Buffer.from(signed));
          return intact || status(der).every((said) => said === 'unknown');
        }),
        SECONDS,
      );
  });

  it('AUTH values are refused with a fault', () => {
    const key = decodePublicKey(spkiOf(root.key.publicKey));
    const auths = fc.record({
      method: fc.constantFrom(1, 2, 9, 10, 14, 99),
      data: fc.uint8Array({ maxLength: 100 }),
    });
    fc.assert(
      fc.property(auths, (auth) => {
        expect(verifyAuth(nodePkiCrypto, key, auth, auth.data)?.fault).toMatch(/^[a-z-]+$/);
      }),
      { ...SECONDS, interruptAfterTimeLimit: 500 },
    );
  });

  it('PKCS#12 and key files are refused with a problem', async () => {
    const file = (name: string): Uint8Array =>
      Uint8Array.from(readFileSync(new URL(`../fixtures/pki/${name}`, import.meta.url)));
    expect((await readPkcs12(file('legacy-rc2-40.p12'), 'Grüße 7')).friendlyName).toBe("Alice's key");
    for (const name of ['legacy-rc2-40.p12', 'ec-locked.key'])
      await fc.assert(
        fc.asyncProperty(mangled(file(name)), (bytes) =>
          refusedBy([Pkcs12Error, KeyFileError], () =>
            name.endsWith('.p12') ? readPkcs12(bytes, 'Grüße 7') : readPrivateKey(bytes, 'Grüße 7'),
          ),
        ),
        SECONDS,
      );
  });
});
