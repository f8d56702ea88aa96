/**
 * Captures of real gateways with the secrets of one side: every message decrypted, decoded and encoded again to the
 * same octets; keys, AUTH and the keys of Child SAs recomputed, also behind IKE_INTERMEDIATE (RFC 9242, RFC 9370).
 */
import { verify, X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concat, equal, toHex } from '#core/bytes/bytes.ts';
import { espSuiteOf, ikeSuiteOf } from '#core/crypto/suite.ts';
import type { Proposal } from '#core/ike/proposal.ts';
import { verifySelection } from '#core/ike/select-proposal.ts';
import { encodeChain } from '#core/ikev2/chain.ts';
import {
  deriveChildKeys,
  deriveIkeKeys,
  type IkeKeys,
  initialSkeyseed,
  pskAuth,
  rekeyedSkeyseed,
  signedOctets,
} from '#core/ikev2/key-material.ts';
import { IntAuth } from '#core/ikev2/int-auth.ts';
import { encodeMessage } from '#core/ikev2/message.ts';
import { violation } from '#core/ikev2/message-rules.ts';
import type { Inside, Message, PayloadKind, PayloadOf } from '#core/ikev2/payload-types.ts';
import { AuthMethod } from '#core/registry/auth-methods.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { SecurityProtocol } from '#core/registry/security-protocols.ts';
import {
  type Derivation,
  GOLD,
  must,
  payloadOf,
  readCapture,
  readEspKeys,
  readSecretLog,
  type Seen,
} from '#test/harness/gold.ts';
import { describeWithVectors } from '#test/harness/shared-vectors.ts';

/** What each capture holds, so that none shrinks in silence: messages, fragments, rekeyed IKE SAs, AUTHs, Child SAs without PFS. */
const CONTENT: Readonly<
  Record<
    string,
    readonly [messages: number, fragments: number, rekeyed: number, auths: number, children: number]
  >
> = {
  'cert-p256': [8, 0, 1, 2, 1],
  'cert-rsa': [8, 4, 1, 2, 1],
  'cert-rsa-fragments-576': [4, 7, 0, 2, 1],
  cookie: [4, 0, 0, 2, 1],
  'eap-md5': [14, 2, 1, 3, 1],
  'eap-mschapv2': [16, 2, 1, 3, 1],
  'invalid-ke-payload': [16, 0, 1, 2, 1],
  'openiked-psk-gcm-ecp256': [14, 0, 1, 2, 2],
  'psk-aes128-sha256-x25519': [12, 0, 1, 2, 1],
  'psk-aes256-sha1-modp2048': [12, 0, 1, 2, 1],
  'psk-aes256gcm16-prfsha384-ecp384': [12, 0, 1, 2, 1],
  'x25519-ke1-mlkem768': [18, 6, 1, 2, 1],
};

/** Request and response of one exchange. */
interface Exchange {
  readonly request: Seen;
  readonly response: Seen;
}

const need = <K extends PayloadKind>(seen: Seen, kind: K): PayloadOf<K> =>
  must(payloadOf(seen.message, kind), kind);
const chosen = (seen: Seen): Proposal => must(need(seen, 'SA').proposals[0], 'proposal');
const sameSa = (a: Message, b: Message): boolean => equal(a.header.spiI, b.header.spiI);

function exchanges(messages: readonly Seen[], type: number): Exchange[] {
  const of = (response: boolean): Seen[] =>
    messages.filter(({ message: { header } }) => header.exchange === type && header.response === response);
  return of(false).flatMap((request) => {
    const { messageId } = request.message.header;
    // IKE_SA_INIT is repeated after COOKIE or INVALID_KE_PAYLOAD: its answer has no SA then, and the next one counts.
    const response = of(true).find(
      ({ message }) =>
        message.header.messageId === messageId &&
        sameSa(message, request.message) &&
        (messageId > 0 || type !== ExchangeType.IKE_SA_INIT || payloadOf(message, 'SA')),
    );
    return response ? [{ request, response }] : [];
  });
}

const initExchange = (messages: readonly Seen[]): Exchange =>
  must(exchanges(messages, ExchangeType.IKE_SA_INIT).at(-1), 'IKE_SA_INIT');

const noncesOf = ({ request, response }: Exchange): { nonceI: Uint8Array; nonceR: Uint8Array } => ({
  nonceI: need(request, 'NONCE').data,
  nonceR: need(response, 'NONCE').data,
});

const value = (derivation: Derivation, what: string): Uint8Array => must(derivation[what], what);

const KEY_NAMES: readonly (readonly [keyof IkeKeys, string])[] = [
  ['skD', 'Sk_d secret'],
  ['skAi', 'Sk_ai secret'],
  ['skAr', 'Sk_ar secret'],
  ['skEi', 'Sk_ei secret'],
  ['skEr', 'Sk_er secret'],
  ['skPi', 'Sk_pi secret'],
  ['skPr', 'Sk_pr secret'],
];

/** The keys as they were logged; an AEAD logs no SK_a. */
const loggedKeys = (derivation: Derivation): Record<string, string> =>
  Object.fromEntries(KEY_NAMES.map(([name, what]) => [name, toHex(derivation[what] ?? new Uint8Array())]));

const hexOf = (keys: IkeKeys): Record<string, string> =>
  Object.fromEntries(Object.entries(keys).map(([name, octets]) => [name, toHex(octets as Uint8Array)]));

/** Of a message of IKE_INTERMEDIATE, whole or in fragments. */
const insideOfSeen = ({ message }: Seen): Inside => must(message.inside, 'inside');

describeWithVectors('gold', () => {
  const names = readdirSync(GOLD).filter((name) => !name.startsWith('v1-'));

  it('has the captures that are described here', () => {
    expect(names.sort()).toEqual(Object.keys(CONTENT).sort());
  });

  describe.each(names)('%s', (name) => {
    const { messages, fragments } = readCapture(name);
    const log = readSecretLog(name);
    const init = initExchange(messages);
    const suite = must(ikeSuiteOf(chosen(init.response).transforms), 'suite');
    const { spiI, spiR } = init.response.message.header;
    const nonces = noncesOf(init);
    const [first, ...others] = log.derivations as [Derivation, ...Derivation[]];
    const intermediates = exchanges(messages, ExchangeType.IKE_INTERMEDIATE);
    /** Of IKE_SA_INIT, and of each IKE_INTERMEDIATE. */
    const stages = [first, ...others.slice(0, intermediates.length)];
    const later = others.slice(intermediates.length);
    const initKeys = deriveIkeKeys({
      suite,
      secret: value(first, 'key exchange secret'),
      ...nonces,
      spiI,
      spiR,
    });
    /** By stage. */
    const allKeys = stages.slice(1).reduce(
      (sofar, stage) => {
        const replaces = { prf: suite.prf, skD: must(sofar.at(-1), 'keys').skD };
        const secret = value(stage, 'key exchange secret');
        return [...sofar, deriveIkeKeys({ suite, secret, ...nonces, spiI, spiR, replaces })];
      },
      [initKeys],
    );
    const keys = must(allKeys.at(-1), 'keys');
    const intAuth = new IntAuth();
    for (const [i, { request, response }] of intermediates.entries()) {
      intAuth.add(suite.prf, must(allKeys[i], 'keys'), insideOfSeen(request), insideOfSeen(response));
    }
    const [messageCount, fragmentCount, rekeyCount, authCount, childCount] = must(CONTENT[name], name);

    it('decodes, fragments put together', () => {
      expect([messages.length, fragments]).toEqual([messageCount, fragmentCount]);
    });

    it('is encoded again to the same octets', () => {
      for (const { bytes, message, plaintext } of messages) {
        const again = plaintext
          ? encodeChain(message.payloads).bytes
          : encodeMessage(message.header, message.payloads);
        const padding = plaintext ? must(plaintext.at(-1), 'pad length') + 1 : 0;
        const original = plaintext ? plaintext.subarray(0, plaintext.length - padding) : bytes;
        expect(toHex(again)).toBe(toHex(original));
      }
    });

    it('follows the rules of its exchanges', () => {
      expect(messages.map(({ message, plaintext }) => violation(message, plaintext !== undefined))).toEqual(
        messages.map(() => undefined),
      );
    });

    it('answers what was offered', () => {
      const answered = [ExchangeType.IKE_SA_INIT, ExchangeType.IKE_AUTH, ExchangeType.CREATE_CHILD_SA]
        .flatMap((type) => exchanges(messages, type))
        .filter(
          ({ request, response }) => payloadOf(request.message, 'SA') && payloadOf(response.message, 'SA'),
        );
      for (const { request, response } of answered) {
        const answer = need(response, 'SA').proposals;
        expect(verifySelection(need(request, 'SA').proposals, answer)).toBe(answer[0]);
      }
    });

    it('has the keys of its IKE SA', () => {
      expect(toHex(concat(nonces.nonceI, nonces.nonceR))).toBe(toHex(value(first, 'nonces')));
      const skeyseed = initialSkeyseed(suite.prf, nonces, value(first, 'key exchange secret'));
      expect(toHex(skeyseed)).toBe(toHex(value(first, 'SKEYSEED')));
      expect(allKeys.map(hexOf)).toEqual(stages.map(loggedKeys));
    });

    it('has the keys of its rekeyed IKE SAs', () => {
      const rekeys = exchanges(messages, ExchangeType.CREATE_CHILD_SA).filter(
        ({ response }) =>
          payloadOf(response.message, 'SA') && chosen(response).protocol === SecurityProtocol.IKE,
      );
      expect(rekeys).toHaveLength(rekeyCount);
      for (const [i, rekey] of rekeys.entries()) {
        const derivation = must(later[i], 'derivation');
        const secret = value(derivation, 'key exchange secret');
        const additional = value(derivation, 'additional key exchange secret');
        const further = additional.length > 0 ? [additional] : [];
        const replaces = { prf: suite.prf, skD: keys.skD };
        expect(toHex(rekeyedSkeyseed(replaces, noncesOf(rekey), secret, further))).toBe(
          toHex(value(derivation, 'SKEYSEED')),
        );
        const rekeyed = deriveIkeKeys({
          suite: must(ikeSuiteOf(chosen(rekey.response).transforms), 'suite'),
          secret,
          further,
          ...noncesOf(rekey),
          spiI: chosen(rekey.request).spi,
          spiR: chosen(rekey.response).spi,
          replaces,
        });
        expect(hexOf(rekeyed)).toEqual(loggedKeys(derivation));
      }
    });

    it('has the octets and the AUTH of both sides', () => {
      const auths = exchanges(messages, ExchangeType.IKE_AUTH);
      const idOf = (kind: 'IDi' | 'IDr') =>
        messages
          .filter(({ message }) => message.header.response === (kind === 'IDr'))
          .map(({ message }) => payloadOf(message, kind)?.id)
          .find((id) => id !== undefined);
      const sides = [
        {
          side: 'request',
          id: idOf('IDi'),
          message: init.request.bytes,
          nonce: nonces.nonceR,
          skP: keys.skPi,
        },
        {
          side: 'response',
          id: idOf('IDr'),
          message: init.response.bytes,
          nonce: nonces.nonceI,
          skP: keys.skPr,
        },
      ] as const;
      const octetsLogged = log.all("octets = message + nonce + prf(Sk_px, IDx') + IntAuth").map(toHex);
      const authsLogged = log.all('AUTH = prf(prf(secret, keypad), octets)').map(toHex);
      // One a side: the same PSK twice, or what EAP left.
      const secrets = log.all('secret');
      const macOf = (side: 'request' | 'response', octets: Uint8Array): string =>
        toHex(pskAuth(suite.prf, must(secrets[side === 'request' ? 0 : 1], 'secret'), octets));
      let checked = 0;
      for (const { side, id, ...inputs } of sides) {
        if (!id) continue;
        const octets = signedOctets({ prf: suite.prf, id, ...inputs, intAuth: intAuth.signed });
        expect(octetsLogged).toContain(toHex(octets));
        // With EAP the gateway proves itself twice: by its certificate first, by what EAP left at the end.
        for (const { message } of auths.map((exchange) => exchange[side])) {
          const auth = payloadOf(message, 'AUTH');
          if (auth === undefined) continue;
          checked++;
          const proven =
            auth.method === AuthMethod.SHARED_KEY_MIC
              ? toHex(auth.data) === macOf(side, octets) && authsLogged.includes(macOf(side, octets))
              : isSignature(must(payloadOf(message, 'CERT'), 'CERT').data, auth, octets);
          expect(proven).toBe(true);
        }
      }
      expect(checked).toBe(authCount);
    });

    it('has the keys of its Child SAs', () => {
      const espKeys = readEspKeys(name);
      const offer = messages.find(({ message }) => payloadOf(message, 'IDi')) ?? init.request;
      const made = [
        // In EAP the request that offered and the response that chose are far apart.
        ...exchanges(messages, ExchangeType.IKE_AUTH).map(({ response }) => ({
          request: offer,
          response,
          ...nonces,
        })),
        ...exchanges(messages, ExchangeType.CREATE_CHILD_SA)
          .filter(({ response }) => payloadOf(response.message, 'NONCE'))
          .map((exchange) => ({ ...exchange, ...noncesOf(exchange) })),
      ].filter(
        ({ response }) =>
          payloadOf(response.message, 'SA') &&
          chosen(response).protocol === SecurityProtocol.ESP &&
          // Its own key exchange, whose secret the client does not log.
          !payloadOf(response.message, 'KE'),
      );
      expect(made).toHaveLength(childCount);
      for (const { request, response, nonceI, nonceR } of made) {
        const esp = must(espSuiteOf(chosen(response).transforms), 'suite');
        const { skD } = keys;
        const { fromInitiator, fromResponder } = deriveChildKeys({
          prf: suite.prf,
          skD,
          suite: esp,
          nonceI,
          nonceR,
        });
        const expected = (spi: Uint8Array) => must(espKeys.get(toHex(spi)), toHex(spi));
        for (const [spi, ours] of [
          [spiOf(request, response), fromResponder],
          [chosen(response).spi, fromInitiator],
        ] as const) {
          expect({ encryption: toHex(ours.encryption), integrity: toHex(ours.integrity) }).toEqual(
            expected(spi),
          );
        }
      }
    });
  });
});

/** Hashes by the OID of their signature algorithm, as far as the captures have them (RFC 7427 appendix A). */
const HASHES: Readonly<Record<string, string>> = {
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
};

/** Checked by OpenSSL, which has no part in the engine: AUTH method 14, or 9 with its raw form of ECDSA (RFC 4754). */
function isSignature(
  certificate: Uint8Array,
  { method, data }: PayloadOf<'AUTH'>,
  octets: Uint8Array,
): boolean {
  const key = new X509Certificate(certificate).publicKey;
  if (method === AuthMethod.ECDSA_SHA256_P256)
    return verify('sha256', octets, { key, dsaEncoding: 'ieee-p1363' }, data);
  const algorithm = toHex(data.subarray(1, 1 + must(data[0], 'ASN.1 length')));
  const [oid = ''] = Object.keys(HASHES).filter((one) => algorithm.includes(one));
  return verify(must(HASHES[oid], algorithm), octets, key, data.subarray(1 + must(data[0], 'ASN.1 length')));
}

/** The initiator's SPI: that of the proposal which was chosen. */
function spiOf(request: Seen, response: Seen): Uint8Array {
  const { number } = chosen(response);
  return must(
    payloadOf(request.message, 'SA')?.proposals.find((proposal) => proposal.number === number)?.spi,
    'the initiator’s SPI',
  );
}
