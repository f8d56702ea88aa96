/** Validation with CRL and OCSP over a fetcher of the test's own: good, revoked, dead, lying. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EMPTY } from '#core/bytes/bytes.ts';
import { trustAnchors } from '#core/pki/path.ts';
import { systemClock } from '#helper/clock.ts';
import { FakeClock } from '#helper/clock-fake.ts';
import { type Fetcher, httpFetcher, isFarAddress } from '#helper/pki/fetch.ts';
import type { RevocationPolicy } from '#helper/pki/revocation.ts';
import { diskCache, memoryCache, type RevocationCache } from '#helper/pki/revocation-cache.ts';
import { sparingSlowHosts } from '#helper/pki/slow-hosts.ts';
import { anchorsOf, systemAnchors, systemCertificates } from '#helper/pki/trust.ts';
import { validateGateway, type Verdict } from '#helper/pki/validate.ts';
import { nodePkiCrypto } from '#helper/pki/verifier.ts';
import { bool, seq, tlv } from '#test/harness/der-writer.ts';
import {
  basicConstraints,
  ca,
  crl,
  crlPoint,
  DAY,
  EKU,
  extendedKeyUsage,
  extension,
  gateway,
  gatewayExtensions,
  type Issued,
  issue,
  keyUsage,
  NOW,
  ocsp,
  ocspAccess,
  random,
} from '#test/harness/x509-forge.ts';

const OCSP_URL = 'http://ocsp.example/';
const CRL_URL = 'http://crl.example/root.crl';
const root = ca('CN=Root');
const both = gateway(root, { extensions: gatewayExtensions(ocspAccess(OCSP_URL), crlPoint(CRL_URL)) });
const { certificate } = both;
const responder = (usage: string, issuer = root, notAfter = NOW + DAY): Issued =>
  issue({
    notAfter,
    subject: 'CN=Responder',
    issuer,
    extensions: [keyUsage(0), extendedKeyUsage(usage)],
  });

type Web = Readonly<Record<string, Uint8Array | undefined>>;

interface Asked extends Fetcher {
  readonly urls: string[];
}

const web = (pages: Web): Asked => {
  const urls: string[] = [];
  return {
    urls,
    fetch: ({ url }) => {
      urls.push(url);
      return Promise.resolve(pages[url] ?? { failed: 'nobody answers' });
    },
  };
};

const clock = { ...systemClock, wall: () => NOW };
const RELAXED: RevocationPolicy = { crl: true, ocsp: true, strict: false };
const STRICT: RevocationPolicy = { crl: true, ocsp: true, strict: true };

async function validate(
  fetcher: Fetcher,
  more: { leaf?: Issued; policy?: RevocationPolicy; stapled?: Uint8Array[]; cache?: RevocationCache } = {},
): Promise<Verdict> {
  const { leaf = both, policy = STRICT, stapled = [], cache = memoryCache() } = more;
  return validateGateway({ crypto: nodePkiCrypto, clock, fetcher, cache }, [leaf.der], {
    anchors: trustAnchors([root.certificate]),
    policy: {},
    revocation: policy,
    stapled,
  });
}

const REVOKED = { at: NOW - DAY, reason: 1 };
const revokedCrl = crl(root, { revoked: [{ serial: certificate.serial, ...REVOKED }] });

describe('OCSP', () => {
  it('good', async () => {
    const fetcher = web({ [OCSP_URL]: ocsp(certificate, root) });
    expect(await validate(fetcher)).toMatchObject({ valid: true, revocationUnknown: [] });
    expect(fetcher.urls).toEqual([OCSP_URL]);
  });

  it('revoked, in strict and in relaxed profiles', async () => {
    for (const policy of [STRICT, RELAXED])
      expect(
        await validate(web({ [OCSP_URL]: ocsp(certificate, root, { status: REVOKED }) }), { policy }),
      ).toEqual({
        valid: false,
        fault: {
          fault: 'revoked',
          subject: 'C=DE, O=Firm, CN=gateway',
          at: NOW - DAY,
          reason: 'keyCompromise',
          by: 'ocsp',
        },
      });
  });

  it('of a responder that the CA has certified', async () => {
    const good = ocsp(certificate, root, { responder: responder(EKU.ocspSigning) });
    expect(await validate(web({ [OCSP_URL]: good }))).toMatchObject({ valid: true });
  });

  const stranger = ca('CN=Stranger');
  it.each([
    [
      'of a responder without the usage',
      ocsp(certificate, root, { responder: responder(EKU.serverAuth) }),
      /not certified for OCSP/,
    ],
    [
      "of another CA's responder",
      ocsp(certificate, root, { responder: responder(EKU.ocspSigning, stranger) }),
      /did not certify/,
    ],
    [
      'of a responder whose certificate is out of date',
      ocsp(certificate, root, { responder: responder(EKU.ocspSigning, root, NOW - DAY) }),
      /certificate of its responder/,
    ],
    [
      'out of date',
      ocsp(certificate, root, { thisUpdate: NOW - 9 * DAY, nextUpdate: NOW - DAY }),
      /out of date/,
    ],
    ['from the future', ocsp(certificate, root, { thisUpdate: NOW + DAY }), /in the future/],
    ['with another nonce', ocsp(certificate, root, { nonce: random(32) }), /another request/],
    ['about another certificate', ocsp(certificate, root, { serial: '7f' }), /another certificate/],
    ['that knows nothing', ocsp(certificate, root, { status: 'unknown' }), /does not know/],
    ['that says "try later"', seq(tlv(10, Uint8Array.of(3))), /tryLater/],
    ['that is no response', Uint8Array.of(1, 2, 3), /damaged/],
  ])('%s says nothing: strict refuses, relaxed goes on', async (_what, response, detail) => {
    const pages = { [OCSP_URL]: response };
    const verdict = await validate(web(pages));
    expect(verdict).toMatchObject({
      fault: { fault: 'revocation-unknown', detail: expect.stringMatching(detail) },
    });
    expect(await validate(web(pages), { policy: RELAXED })).toMatchObject({
      valid: true,
      revocationUnknown: [expect.stringMatching(detail)],
    });
  });

  it('stapled, spares every question; a bad one does not', async () => {
    const fetcher = web({});
    expect(await validate(fetcher, { stapled: [ocsp(certificate, root)] })).toMatchObject({ valid: true });
    expect(fetcher.urls).toEqual([]);
    const forged = Uint8Array.from(ocsp(certificate, root));
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    expect(await validate(fetcher, { stapled: [forged] })).toMatchObject({
      fault: { fault: 'revocation-unknown' },
    });
    const revoked = ocsp(certificate, root, { status: REVOKED });
    expect(await validate(fetcher, { stapled: [revoked] })).toMatchObject({ fault: { fault: 'revoked' } });
  });
});

describe('CRL', () => {
  it('answers where OCSP does not', async () => {
    const fetcher = web({ [CRL_URL]: crl(root) });
    expect(await validate(fetcher)).toMatchObject({ valid: true });
    expect(fetcher.urls).toEqual([OCSP_URL, CRL_URL]);
    expect(await validate(web({ [CRL_URL]: revokedCrl }))).toMatchObject({
      fault: { fault: 'revoked', by: 'crl', reason: 'keyCompromise', at: NOW - DAY },
    });
  });

  it('may be long', async () => {
    const others = Array.from({ length: 5000 }, (_, i) => ({
      serial: (0x1000000 + i).toString(16).padStart(8, '0'),
      ...REVOKED,
    }));
    expect(await validate(web({ [CRL_URL]: crl(root, { revoked: others }) }))).toMatchObject({ valid: true });
    const last = { serial: certificate.serial, ...REVOKED };
    const list = crl(root, { revoked: [...others, last] });
    expect(await validate(web({ [CRL_URL]: list }))).toMatchObject({ fault: { fault: 'revoked' } });
  });

  const scope = (...parts: readonly Uint8Array[]): Uint8Array => extension('2.5.29.28', seq(...parts), true);
  const noLists = ca('CN=Root', { key: root.key, extensions: [basicConstraints(true), keyUsage(5)] });
  it.each([
    ['out of date', crl(root, { thisUpdate: NOW - 9 * DAY, nextUpdate: NOW - DAY }), /out of date/],
    ['of another CA', crl(ca('CN=Stranger')), /another CA/],
    ['in the name of the CA', crl(root, { signer: ca('CN=Stranger') }), /bad-signature/],
    [
      'that is a delta',
      crl(root, { extensions: [extension('2.5.29.27', tlv(2, Uint8Array.of(1)), true)] }),
      /2\.5\.29\.27/,
    ],
    ['that is indirect', crl(root, { extensions: [scope(tlv(0x84, Uint8Array.of(0xff)))] }), /indirect/],
    ['for CAs only', crl(root, { extensions: [scope(tlv(0x82, Uint8Array.of(0xff)))] }), /other kinds/],
    ['that is no list', seq(bool(true)), /damaged/],
  ])('%s says nothing', async (_what, list, detail) => {
    expect(await validate(web({ [CRL_URL]: list }))).toMatchObject({
      fault: { fault: 'revocation-unknown', detail: expect.stringMatching(detail) },
    });
  });

  it('of a CA that may not sign lists says nothing', async () => {
    const verdict = await validateGateway(
      { crypto: nodePkiCrypto, clock, fetcher: web({ [CRL_URL]: crl(root) }), cache: memoryCache() },
      [both.der],
      { anchors: trustAnchors([noLists.certificate]), policy: {}, revocation: STRICT },
    );
    expect(verdict).toMatchObject({ fault: { detail: expect.stringMatching(/may not sign such lists/) } });
  });
});

describe('nobody is asked', () => {
  it('for a chain that does not verify', async () => {
    const fetcher = web({});
    const stranger = gateway(ca('CN=Stranger'), { extensions: [ocspAccess(OCSP_URL), crlPoint(CRL_URL)] });
    expect(await validate(fetcher, { leaf: stranger })).toMatchObject({ fault: { fault: 'not-trusted' } });
    expect(fetcher.urls).toEqual([]);
  });

  it('where the profile wants neither, or the certificate names no http', async () => {
    const fetcher = web({});
    expect(await validate(fetcher, { policy: { crl: false, ocsp: false, strict: false } })).toMatchObject({
      valid: true,
    });
    const odd = gateway(root, {
      extensions: gatewayExtensions(crlPoint('ldap://x/'), ocspAccess('https://ocsp.example/')),
    });
    expect(await validate(fetcher, { leaf: odd, policy: RELAXED })).toMatchObject({
      valid: true,
      revocationUnknown: [],
      unlisted: ['C=DE, O=Firm, CN=gateway'],
    });
    expect(await validate(fetcher, { leaf: odd })).toMatchObject({
      fault: { detail: 'it names nobody who could be asked' },
    });
    expect(fetcher.urls).toEqual([]);
  });

  it('while the cache knows; and what was not believed is not kept', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'adit-revocation-'));
    try {
      const cache = diskCache(join(folder, 'cache'));
      await validate(web({ [OCSP_URL]: Uint8Array.of(1), [CRL_URL]: Uint8Array.of(2) }), {
        cache,
        policy: RELAXED,
      });
      expect(() => readdirSync(join(folder, 'cache'))).toThrow(/ENOENT/);
      await validate(web({ [OCSP_URL]: ocsp(certificate, root), [CRL_URL]: crl(root) }), { cache });
      const dead = web({});
      expect(await validate(dead, { cache })).toMatchObject({ valid: true });
      expect(dead.urls).toEqual([]);
      const [kept = ''] = readdirSync(join(folder, 'cache'));
      expect(statSync(join(folder, 'cache', kept)).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it('waits for silent responders only so long', async () => {
  for (const [policy, wanted] of [
    [STRICT, { valid: false, fault: { detail: 'nobody could say so within 15 seconds' } }],
    [RELAXED, { valid: true, revocationUnknown: [expect.stringMatching(/15 seconds/)] }],
  ] as const) {
    const time = new FakeClock(NOW);
    const silent: Fetcher = { fetch: () => Promise.withResolvers<Uint8Array>().promise };
    const verdict = validateGateway(
      { crypto: nodePkiCrypto, clock: time, fetcher: silent, cache: memoryCache() },
      [both.der],
      { anchors: trustAnchors([root.certificate]), policy: {}, revocation: policy },
    );
    await time.advance(15_000);
    expect(await verdict).toMatchObject(wanted);
  }
});

describe('the fetcher', () => {
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) server.closeAllConnections();
    for (const server of servers) server.close();
  });
  async function serve(answer: Parameters<typeof createServer>[1]): Promise<string> {
    const server = createServer(answer);
    servers.push(server);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    server.listen(0, '127.0.0.1', () => resolve(undefined));
    await promise;
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }
  const everywhere = (): boolean => true;
  const fetcher = httpFetcher(systemClock, { timeoutMs: 10_000, allows: everywhere });

  it('takes what comes with 200 and is not too long', async () => {
    const url = await serve((request, response) => response.end(`${request.method} 12345`));
    expect(Buffer.from((await fetcher.fetch({ url, limit: 9 })) as Uint8Array).toString()).toBe('GET 12345');
    expect(await fetcher.fetch({ url, limit: 8 })).toEqual({ failed: 'more than 8 octets' });
    const posted = await fetcher.fetch({ url, limit: 99, body: Uint8Array.of(1) });
    expect(Buffer.from(posted as Uint8Array).toString()).toBe('POST 12345');
  });

  it('follows nobody elsewhere, and speaks http only', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    );
    expect(await fetcher.fetch({ url, limit: 9 })).toEqual({ failed: 'HTTP status 302' });
    for (const other of ['https://127.0.0.1/', 'file:///etc/passwd', 'nonsense'])
      expect(await fetcher.fetch({ url: other, limit: 9 })).toEqual({ failed: 'not an http URL' });
    expect(await fetcher.fetch({ url: 'http://127.0.0.1:1/', limit: 9 })).toHaveProperty('failed');
  });

  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://0x7f000001/',
    'http://0.0.0.0/',
    'http://169.254.169.254/latest/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[fe80::1]/',
    'http://localhost/',
  ])('does not ask %s', async (url) => {
    const far = httpFetcher(systemClock, { timeoutMs: 10_000 });
    expect(await far.fetch({ url, limit: 9 })).toMatchObject({ failed: expect.stringMatching(/not asked/) });
  });

  it('asks private networks and everybody else', () => {
    const far = ['10.1.2.3', '192.168.0.1', '192.0.2.1', 'fd00::1', '2001:db8::1', '::ffff:10.0.0.1'];
    expect(far.filter((address) => !isFarAddress(address))).toEqual([]);
    expect(isFarAddress('nonsense')).toBe(false);
  });

  it('waits no longer than it was told', async () => {
    const url = await serve(() => {
      // Never answers.
    });
    const time = new FakeClock();
    const answer = httpFetcher(time, { timeoutMs: 5000, allows: everywhere }).fetch({ url, limit: 9 });
    await time.advance(5000);
    expect(await answer).toEqual({ failed: 'no answer within 5 seconds' });
  });
});

describe('a slow host', () => {
  const failure = { failed: 'no answer within 5 seconds' };
  /** Answers with `answer` after `ms`. */
  const slow = (time: FakeClock, ms: number, answer: Uint8Array | { failed: string } = failure): Asked => {
    const urls: string[] = [];
    return {
      urls,
      fetch: async ({ url }) => {
        urls.push(url);
        await time.advance(ms);
        return answer;
      },
    };
  };

  it('that fails is asked again after a minute', async () => {
    const time = new FakeClock();
    const dead = slow(time, 5000);
    const sparing = sparingSlowHosts(dead, time);
    const ask = (url: string) => sparing.fetch({ url, limit: 9 });
    expect(await ask('http://a.example/x')).toEqual(failure);
    await time.advance(20_000);
    expect(await ask('http://a.example/y')).toEqual({ failed: `${failure.failed}, 20 seconds ago` });
    expect(await ask('http://a.example:81/y')).toEqual(failure);
    expect(dead.urls).toEqual(['http://a.example/x', 'http://a.example:81/y']);
    await time.advance(35_000);
    expect(await ask('http://a.example/z')).toEqual(failure);
  });

  it.each<[string, number, Uint8Array | { failed: string }]>([
    ['fails at once', 999, { failed: 'connect ECONNREFUSED' }],
    ['answers late', 4000, Uint8Array.of(1)],
  ])('or another that %s is asked again', async (_what, ms, answer) => {
    const time = new FakeClock();
    const fetcher = slow(time, ms, answer);
    const sparing = sparingSlowHosts(fetcher, time);
    for (const _ of [1, 2])
      expect(await sparing.fetch({ url: 'http://a.example/', limit: 9 })).toEqual(answer);
    expect(fetcher.urls).toHaveLength(2);
  });

  it('is one of 64 at most', async () => {
    const time = new FakeClock();
    const urls: string[] = [];
    const release = Promise.withResolvers<{ failed: string }>();
    const fetcher: Fetcher = { fetch: ({ url }) => (urls.push(url), release.promise) };
    const sparing = sparingSlowHosts(fetcher, time);
    const ask = (i: number) => sparing.fetch({ url: `http://h${i}/`, limit: 9 });
    const first = Promise.all(Array.from({ length: 65 }, (_, i) => ask(i)));
    await time.advance(1000);
    release.resolve(failure);
    await first;
    await ask(1);
    expect(urls).toHaveLength(65);
    await ask(0);
    expect(urls).toHaveLength(66);
  });
});

describe('trust', () => {
  it('of a profile must be readable', () => {
    expect(anchorsOf([root.der]).all).toHaveLength(1);
    expect(() => anchorsOf([Uint8Array.of(1)])).toThrow(/certificate/);
  });

  it('of the system leaves out what it cannot read and what is no CA, and finds by name', () => {
    const store = systemAnchors(() => [Uint8Array.of(1), both.der, root.der]);
    expect(store.issuersOf(root.certificate.subject)).toHaveLength(1);
    expect(store.has(root.certificate)).toBe(true);
    expect(store.has(certificate)).toBe(false);
    expect(store.issuersOf(EMPTY)).toEqual([]);
  });

  it('of the system comes from the first bundle there is', () => {
    const chain = new URL('../../fixtures/pki/ec-chain.pem', import.meta.url).pathname;
    expect(systemCertificates(['/nowhere', chain])).toHaveLength(2);
  });
});
