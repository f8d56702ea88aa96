/** The server inside EAP, whose chain leads to whom the profile trusts: its name, and whether it was revoked. */
import { describe, expect, it } from 'vitest';
import type { TlsFailure } from '#core/eap/failure.ts';
import type { ProfileInput } from '#core/profile/profile.ts';
import { systemClock } from '#helper/clock.ts';
import { FakeClock } from '#helper/clock-fake.ts';
import { Log } from '#helper/log/log.ts';
import type { FetchFailure, Fetcher } from '#helper/pki/fetch.ts';
import { memoryCache } from '#helper/pki/revocation-cache.ts';
import { systemAnchors } from '#helper/pki/trust.ts';
import { nodePkiCrypto } from '#helper/pki/verifier.ts';
import { verifyTlsServer } from '#helper/tunnel/tls-server.ts';
import { profileNamed } from '#test/fakes/profiles.ts';
import {
  altNames,
  ca,
  crl,
  crlPoint,
  DAY,
  EKU,
  extendedKeyUsage,
  issue,
  keyUsage,
  NOW,
  ocsp,
  ocspAccess,
} from '#test/harness/x509-forge.ts';

const CRL_URL = 'http://crl.example/company.crl';
const company = ca('CN=Company');
const aaa = issue({
  subject: 'CN=aaa',
  issuer: company,
  extensions: [
    altNames('dns:aaa.example'),
    keyUsage(0),
    extendedKeyUsage(EKU.serverAuth),
    crlPoint(CRL_URL),
    ocspAccess('http://ocsp.example/'),
  ],
});
const REVOKED = { at: NOW - DAY, reason: 1 };
const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

type Revocation = { readonly crl?: boolean; readonly ocsp?: boolean; readonly strict?: boolean };

interface Setting {
  readonly aaaId?: string;
  readonly revocation?: Revocation;
  readonly authority?: Uint8Array;
  readonly method?: 'certificate' | 'eap-only';
  readonly stapled?: Uint8Array;
  readonly list?: Uint8Array;
  readonly fetcher?: Fetcher;
  readonly clock?: FakeClock;
}

async function verdict(setting: Setting = {}): Promise<{ failure: TlsFailure | undefined; log: Log }> {
  const { aaaId = 'aaa.example', revocation = {}, authority = company.der, list } = setting;
  const gateway: ProfileInput['gateway'] = {
    addresses: ['203.0.113.1'],
    id: 'gw.example',
    authentication: { method: setting.method ?? 'certificate', ca: [base64(authority)], revocation },
  };
  const profile = profileNamed('work', {
    gateway,
    authentication: { method: 'eap', methods: ['ttls'], ...(aaaId === '' ? {} : { aaaId }) },
  });
  const clock = setting.clock ?? { ...systemClock, wall: () => NOW };
  const log = new Log(clock, []);
  const pages = (url: string): Uint8Array | FetchFailure =>
    (url === CRL_URL ? list : undefined) ?? { failed: 'nobody answers' };
  const fetcher = setting.fetcher ?? { fetch: ({ url }) => Promise.resolve(pages(url)) };
  const service = { crypto: nodePkiCrypto, clock, fetcher, cache: memoryCache() };
  const { stapled } = setting;
  const failure = await verifyTlsServer(
    { chain: [aaa.der, company.der], ...(stapled === undefined ? {} : { stapled }) },
    { profile, host: '203.0.113.1' },
    { service, system: systemAnchors(() => []) },
    log.logger('tunnel'),
  );
  return { failure, log };
}

const good = crl(company);
const revoked = crl(company, { revoked: [{ serial: aaa.certificate.serial, ...REVOKED }] });
const STRICT = { strict: true };

describe('the name', () => {
  it('of the profile is the one that counts', async () => {
    expect((await verdict({ list: good })).failure).toBeUndefined();
    expect((await verdict({ list: good, aaaId: 'other.example' })).failure).toEqual({
      reason: 'wrong-name',
      expected: 'other.example',
      names: ['aaa.example', 'CN=aaa'],
    });
  });

  it('is the gateway’s where the profile has none', async () => {
    expect((await verdict({ list: good, aaaId: '' })).failure).toMatchObject({
      reason: 'wrong-name',
      expected: 'gw.example',
    });
  });
});

describe('revocation', () => {
  it.each(['certificate', 'eap-only'] as const)('by a CRL, of a gateway by %s', async (method) => {
    expect((await verdict({ method, list: revoked })).failure).toMatchObject({
      reason: 'revoked',
      subject: 'CN=aaa',
      detail: expect.stringContaining('source: CRL') as string,
    });
  });

  it('by the response that the server sends along itself', async () => {
    const stapled = (wanted?: typeof REVOKED) =>
      ocsp(aaa.certificate, company, wanted === undefined ? {} : { status: wanted });
    expect((await verdict({ stapled: stapled(), revocation: STRICT })).failure).toBeUndefined();
    expect((await verdict({ stapled: stapled(REVOKED), list: good })).failure).toMatchObject({
      reason: 'revoked',
      detail: expect.stringContaining('source: OCSP') as string,
    });
  });

  it('is not asked for where the profile does not want it', async () => {
    const off = { crl: false, ocsp: false };
    expect((await verdict({ list: revoked, revocation: off })).failure).toBeUndefined();
  });

  it('that nobody can tell passes with a line in the log, and not where the profile is strict', async () => {
    const { failure, log } = await verdict();
    expect(failure).toBeUndefined();
    expect(JSON.stringify(log.recent())).toContain('whether it was revoked is not known');
    expect((await verdict({ revocation: STRICT })).failure).toMatchObject({
      reason: 'revocation-unknown',
      subject: 'CN=aaa',
    });
  });

  it('does not wait for a service that is silent', async () => {
    const clock = new FakeClock();
    const waiting = verdict({
      clock: Object.assign(clock, { wall: () => NOW }),
      revocation: STRICT,
      fetcher: { fetch: () => Promise.withResolvers<FetchFailure>().promise },
    });
    await clock.advance(60_000);
    expect((await waiting).failure).toMatchObject({ reason: 'revocation-unknown' });
  });
});

it('a chain that OpenSSL would take, but that ends at nobody of the profile, is not trusted', async () => {
  expect((await verdict({ list: good, authority: ca('CN=Other').der })).failure).toMatchObject({
    reason: 'untrusted',
    code: 'not-trusted',
    subject: 'CN=Company',
  });
});
