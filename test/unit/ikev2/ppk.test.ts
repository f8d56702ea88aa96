/** Post-quantum pre-shared keys (RFC 8784), both roles: who uses one, who does without, and what an attacker gets. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, EMPTY, toHex, utf8 } from '#core/bytes/bytes.ts';
import type { KeyLogEntry, PostQuantumKey, ResponderConfig } from '#core/ikev2/connection-types.ts';
import { findNotify } from '#core/ikev2/payload-access.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { decodePpkId, encodePpkId } from '#core/ikev2/ppk.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import type { Direction } from '#test/harness/ikev2-drawing.ts';
import { ALICE, GATEWAY, login, type Method, users } from '#test/harness/ikev2-eap.ts';
import { Forge, notifyPayload } from '#test/harness/ikev2-forge.ts';
import { answersOf, proofOf } from '#test/harness/ikev2-login.ts';
import { id, ike, Ikev2Pair, type PairOptions } from '#test/harness/ikev2-pair.ts';

const { USE_PPK, PPK_IDENTITY, NO_PPK_AUTH } = NotifyType;
const { IKE_SA_INIT, IKE_AUTH } = ExchangeType;

const NAME = utf8('alice-2026');
const SECRET = utf8('thirty-two octets that nobody has');
const REQUIRED: PostQuantumKey = { id: NAME, secret: SECRET, required: true };
const OPTIONAL: PostQuantumKey = { ...REQUIRED, required: false };

type Gateway = Pick<ResponderConfig, 'findPpk' | 'ppkRequired'>;
const KNOWS: Gateway = { findPpk: (name) => (toHex(name) === toHex(NAME) ? SECRET : undefined) };
const KNOWS_OTHERS: Gateway = { findPpk: () => undefined };
const INSISTS: Gateway = { ...KNOWS, ppkRequired: true };

const certificate: PairOptions = {
  initiator: { authentication: proofOf(ALICE), remoteAuthentication: { method: 'certificate' } },
  responder: { authentication: proofOf(GATEWAY), remoteAuthentication: { method: 'certificate' } },
  answers: { initiator: answersOf({ name: ALICE }), responder: answersOf({ name: GATEWAY }) },
};

const eapOnly = (): PairOptions => {
  const options = login({ method: 'TLS' });
  return {
    ...options,
    initiator: { ...options.initiator, remoteAuthentication: { method: 'eap-only' } },
    responder: { ...options.responder, authentication: { method: 'eap-only' } },
  };
};

const twice = (method: Method): PairOptions => ({
  initiator: {
    authentication: {
      method: 'certificate-eap',
      certificates: proofOf(ALICE).certificates,
      eap: { user: 'alice', password: 'secret', methods: [{ type: method }] },
      eapId: id('alice'),
    },
  },
  responder: {
    authentication: proofOf(GATEWAY),
    remoteAuthentication: {
      method: 'certificate-eap',
      eap: { users: users(), methods: [{ type: method }] },
    },
  },
  answers: { initiator: answersOf({ name: ALICE }), responder: answersOf({ name: GATEWAY }) },
});

const LOGINS: Readonly<Record<string, PairOptions>> = {
  'a pre-shared key': {},
  certificates: certificate,
  'EAP with an MSK': login({ method: 'MSCHAPv2' }),
  'EAP without an MSK': login({ method: 'MD5' }),
  'EAP alone': eapOnly(),
  'a certificate, then EAP with an MSK': twice('MSCHAPv2'),
  'a certificate, then EAP without an MSK': twice('MD5'),
};
const EACH = Object.entries(LOGINS);

function pairOf(options: PairOptions, ppk: PostQuantumKey | undefined, gateway: Gateway): Ikev2Pair {
  return new Ikev2Pair({
    ...options,
    initiator: { ...options.initiator, ...(ppk && { ppk }) },
    responder: { ...options.responder, ...gateway },
  });
}

const ENDS = ['initiator', 'responder'] as const;
const statesOf = (pair: Ikev2Pair) => ENDS.map((end) => pair[end].state);
/** What each end says of the PPK when it stands. */
const toldOf = (pair: Ikev2Pair) => ENDS.map((end) => pair.events[end].of('ike-established')[0]?.ppk);
const keptOf = (pair: Ikev2Pair) => ENDS.map((end) => pair[end].life.sa.ppk);

const octets = (entry: KeyLogEntry | undefined, name: string): Uint8Array => {
  const value = entry?.fields[name];
  if (!(value instanceof Uint8Array)) throw new Error(`no ${name}`);
  return value;
};
const loggedBy = (pair: Ikev2Pair, kind: KeyLogEntry['kind']) =>
  ENDS.map((end) => pair.keyLog[end].filter((entry) => entry.kind === kind));

/** Both ends have the same Child SA, and it descends from this SK_d: the first 32 octets of KEYMAT by Node's own HMAC. */
function expectChildrenFrom(pair: Ikev2Pair, skD: Uint8Array, nonces: readonly [Uint8Array, Uint8Array]) {
  const [[atI], [atR]] = loggedBy(pair, 'child') as [KeyLogEntry[], KeyLogEntry[]];
  expect(octets(atI, 'encryptionOut')).toEqual(octets(atR, 'encryptionIn'));
  expect(octets(atI, 'encryptionIn')).toEqual(octets(atR, 'encryptionOut'));
  const first = createHmac('sha256', skD)
    .update(concat(...nonces, Uint8Array.of(1)))
    .digest();
  expect(toHex(octets(atI, 'encryptionOut')).slice(0, 64)).toBe(first.toString('hex'));
}

const noncesOf = (pair: Ikev2Pair): [Uint8Array, Uint8Array] => {
  const { nonceI, nonceR } = pair.initiator.life.sa;
  return [nonceI, nonceR];
};

const linesWith = (pair: Ikev2Pair, notify: string): string[] =>
  pair.drawing.lines.filter((line) => line.includes(`N(${notify})`));

/** Payloads of one kind of message, rewritten on the way. */
function tamper(
  pair: Ikev2Pair,
  where: Direction,
  exchange: number,
  change: (payloads: readonly Payload[]) => readonly Payload[],
): Ikev2Pair {
  new Forge(pair).rewrite((message, direction) =>
    direction === where && message.header.exchange === exchange ? change(message.payloads) : undefined,
  );
  return pair;
}
const without =
  (type: number) =>
  (payloads: readonly Payload[]): readonly Payload[] =>
    payloads.filter((payload) => payload.kind !== 'N' || payload.type !== type);

describe.each(EACH)('a PPK with %s', (_name, options) => {
  it('is in the keys of both ends where both insist on it', () => {
    const pair = pairOf(options, REQUIRED, INSISTS).connect();
    expect(statesOf(pair)).toEqual(['established', 'established']);
    expect(toldOf(pair)).toEqual([true, true]);
    expect(linesWith(pair, 'USE_PPK')).toHaveLength(2);
    expect(linesWith(pair, 'PPK_IDENTITY').map((line) => line.slice(0, 6))).toEqual(['I -> R', 'R -> I']);
    expect(linesWith(pair, 'NO_PPK_AUTH')).toEqual([]);
    expect(ENDS.map((end) => pair[end].counters.unknownNotifies)).toEqual([0, 0]);

    const [[plain], [plainR]] = loggedBy(pair, 'ike') as [KeyLogEntry[], KeyLogEntry[]];
    const [mixed, mixedR] = loggedBy(pair, 'ppk') as [KeyLogEntry[], KeyLogEntry[]];
    expect([plain, mixed]).toEqual([plainR, mixedR]);
    expect(mixed).toHaveLength(1);
    for (const key of ['skD', 'skPi', 'skPr']) {
      const expected = createHmac('sha256', SECRET)
        .update(concat(octets(plain, key), Uint8Array.of(1)))
        .digest();
      expect(toHex(octets(mixed[0], key))).toBe(expected.toString('hex'));
    }
    expectChildrenFrom(pair, octets(mixed[0], 'skD'), noncesOf(pair));
  });

  it('comes with an AUTH that does without where we do not insist', () => {
    const pair = pairOf(options, OPTIONAL, KNOWS).connect();
    expect(toldOf(pair)).toEqual([true, true]);
    expect(linesWith(pair, 'NO_PPK_AUTH')).toEqual([
      expect.stringMatching(/^I -> R: HDR, SK .*AUTH, N\(PPK_IDENTITY\), N\(NO_PPK_AUTH\)/),
    ]);
    expect(keptOf(pair)).toEqual(['used', 'used']);
    expect(ENDS.map((end) => pair[end].life.sa.unmixed)).toEqual([undefined, undefined]);
  });

  it('is left out where the gateway does not know it and neither insists', () => {
    const pair = pairOf(options, OPTIONAL, KNOWS_OTHERS).connect();
    expect(statesOf(pair)).toEqual(['established', 'established']);
    expect(toldOf(pair)).toEqual([undefined, undefined]);
    expect(keptOf(pair)).toEqual(['declined', 'declined']);
    expect(linesWith(pair, 'PPK_IDENTITY')).toHaveLength(1);
    expect(loggedBy(pair, 'ppk')).toEqual([[], []]);
    const [[plain]] = loggedBy(pair, 'ike') as [KeyLogEntry[], KeyLogEntry[]];
    expectChildrenFrom(pair, octets(plain, 'skD'), noncesOf(pair));
    expect(ENDS.map((end) => pair[end].life.sa.unmixed)).toEqual([undefined, undefined]);
  });

  it('is left out where the gateway has none at all and we do not insist', () => {
    const pair = pairOf(options, OPTIONAL, {}).connect();
    expect(statesOf(pair)).toEqual(['established', 'established']);
    expect(toldOf(pair)).toEqual([undefined, undefined]);
    expect(keptOf(pair)).toEqual(['none', 'none']);
    expect(linesWith(pair, 'USE_PPK')).toHaveLength(1);
    expect(linesWith(pair, 'PPK_IDENTITY')).toEqual([]);
    expect(linesWith(pair, 'NO_PPK_AUTH')).toEqual([]);
  });

  it('is not spoken of where we have none', () => {
    const pair = pairOf(options, undefined, KNOWS).connect();
    expect(toldOf(pair)).toEqual([undefined, undefined]);
    expect(linesWith(pair, 'USE_PPK')).toEqual([]);
  });

  it('ends the connection before it tells who we are where we insist and the gateway has none', () => {
    const pair = pairOf(options, REQUIRED, {}).connect();
    expect(pair.events.initiator.failure).toEqual({ cause: 'ppk-unsupported' });
    expect(pair.drawing.lines.filter((line) => line.includes('SK'))).toEqual([]);
  });

  it.each([
    ['we insist and the gateway does not know it', REQUIRED, KNOWS_OTHERS],
    ['the gateway insists and does not know it', OPTIONAL, { ...KNOWS_OTHERS, ppkRequired: true }],
    ['the secrets differ', REQUIRED, { findPpk: () => utf8('another one') }],
    ['the secrets differ, whoever insists', OPTIONAL, { findPpk: () => utf8('another one') }],
  ] as const)('is refused where %s', (_what, ppk, gateway) => {
    const pair = pairOf(options, ppk, gateway).connect();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'authentication-refused', ppk: true });
    expect(pair.responder.state).toBe('closed');
    expect(ENDS.map((end) => pair.events[end].of('ike-established'))).toEqual([[], []]);
  });

  it('is asked for by a gateway that insists', () => {
    const pair = pairOf(options, undefined, INSISTS).connect();
    expect(pair.events.initiator.failure?.cause).toBe('authentication-refused');
    expect(pair.events.initiator.failure).not.toHaveProperty('ppk');
    expect(pair.events.responder.failure).toMatchObject({
      cause: 'protocol-error',
      detail: 'IKE_SA_INIT without USE_PPK (a PPK is wanted)',
    });
  });

  it('cannot be taken out of IKE_SA_INIT, not by both ends’ leave to do without', () => {
    const pair = pairOf(options, OPTIONAL, KNOWS);
    new Forge(pair).rewrite(({ header, payloads }) =>
      header.exchange === IKE_SA_INIT ? without(USE_PPK)(payloads) : undefined,
    );
    pair.connect();
    expect(keptOf(pair)).toEqual(['none', 'none']);
    // With EAP the gateway's proof is the first, and covers the answer that it has really sent.
    expect(['authentication-refused', 'certificate-rejected']).toContain(
      pair.events.initiator.failure?.cause,
    );
    expect(ENDS.map((end) => pair.events[end].of('ike-established'))).toEqual([[], []]);
  });

  it('goes into a rekeyed IKE SA by SK_d, and is not spoken of again', () => {
    const pair = pairOf(options, REQUIRED, KNOWS).connect();
    const before = pair.drawing.lines.length;
    pair.do((now) => pair.initiator.rekey(now, { ike: true })).run(1_000);
    pair.do((now) => pair.responder.rekey(now, { ike: true })).run(1_000);
    expect(statesOf(pair)).toEqual(['established', 'established']);
    for (const end of ENDS) {
      expect(pair.events[end].of('ike-rekeyed').map(({ ppk }) => ppk)).toEqual([true, true]);
    }
    expect(pair.drawing.lines.slice(before).join('\n')).not.toContain('PPK');
    expect(loggedBy(pair, 'ppk').map(({ length }) => length)).toEqual([1, 1]);
    const [[, second, third], atR] = loggedBy(pair, 'ike') as [KeyLogEntry[], KeyLogEntry[]];
    expect([second, third]).toEqual(atR.slice(1));
  });
});

it('says nothing of a PPK when an IKE SA without one is rekeyed', () => {
  const pair = pairOf({}, OPTIONAL, KNOWS_OTHERS).connect();
  pair.do((now) => pair.initiator.rekey(now, { ike: true })).run(1_000);
  expect(pair.events.initiator.of('ike-rekeyed').map(({ ppk }) => ppk)).toEqual([undefined]);
});

describe('the messages', () => {
  it('are those of RFC 8784 §3', () => {
    expect(pairOf({}, OPTIONAL, KNOWS).connect().drawing.lines).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni, N(USE_PPK)',
      'R -> I: HDR, SAr1, KEr, Nr, N(USE_PPK)',
      'I -> R: HDR, SK {IDi, N(INITIAL_CONTACT), IDr, AUTH, N(PPK_IDENTITY), N(NO_PPK_AUTH), CP(CFG_REQUEST), SAi2, TSi, TSr}',
      'R -> I: HDR, SK {IDr, AUTH, N(PPK_IDENTITY), CP(CFG_REPLY), SAr2, TSi, TSr}',
    ]);
  });

  it('have it beside the AUTH after EAP, whose first answer is without', () => {
    const { lines } = pairOf(login(), OPTIONAL, KNOWS).connect().drawing;
    expect(lines[3]).toBe('R -> I: HDR, SK {IDr, CERT, CERT, AUTH, EAP}');
    expect(lines.slice(-2)).toEqual([
      'I -> R: HDR, SK {AUTH, N(PPK_IDENTITY), N(NO_PPK_AUTH)}',
      'R -> I: HDR, SK {AUTH, N(PPK_IDENTITY), CP(CFG_REPLY), SAr2, TSi, TSr}',
    ]);
  });

  it('have it in the first of two authentications', () => {
    const { lines } = pairOf(twice('MSCHAPv2'), OPTIONAL, KNOWS).connect().drawing;
    expect(lines[2]).toContain('AUTH, N(PPK_IDENTITY), N(NO_PPK_AUTH), N(MULTIPLE_AUTH_SUPPORTED)');
    expect(lines[3]).toBe('R -> I: HDR, SK {IDr, CERT, CERT, AUTH, N(PPK_IDENTITY)}');
    expect(lines.at(-2)).toBe('I -> R: HDR, SK {AUTH}');
  });

  it('carry the name as PPK_ID_FIXED, and an answer without data', () => {
    const pair = pairOf({}, OPTIONAL, KNOWS).initiate();
    const seen: Uint8Array[] = [];
    new Forge(pair).rewrite(({ payloads }) => {
      const data = findNotify(payloads, PPK_IDENTITY)?.data;
      if (data !== undefined) seen.push(data.slice());
      return undefined;
    });
    pair.run(1_000);
    expect(seen).toEqual([concat(Uint8Array.of(2), NAME), EMPTY]);
  });

  it('say USE_PPK again with a cookie', () => {
    const pair = pairOf({}, REQUIRED, INSISTS).initiate();
    const forge = new Forge(pair);
    forge.send('R -> I', { exchange: IKE_SA_INIT, response: true, messageId: 0 }, [
      notifyPayload(NotifyType.COOKIE, Uint8Array.of(1, 2, 3)),
    ]);
    expect(linesWith(pair, 'COOKIE').at(-1)).toMatch(/^I -> R: .*N\(USE_PPK\)/);
  });

  it('name a key by one or more octets of the one type that is known', () => {
    expect(decodePpkId(encodePpkId(NAME))).toEqual(NAME);
    expect(decodePpkId(EMPTY)).toBeUndefined();
    expect(decodePpkId(Uint8Array.of(2))).toBeUndefined();
    expect(decodePpkId(Uint8Array.of(1, 65))).toBeUndefined();
    expect(decodePpkId(Uint8Array.of(200, 65))).toBeUndefined();
  });
});

it.each([
  'aes128-sha1-prfsha1-curve25519',
  'aes256gcm16-prfsha384-curve25519',
  'aes256gcm16-prfsha512-curve25519',
  'aes128-aesxcbc-prfaesxcbc-curve25519',
  'aes128-aescmac-prfaescmac-curve25519',
])('a PPK of any length goes through the PRF of %s', (proposal) => {
  for (const length of [1, 16, 32, 200]) {
    const secret = new Uint8Array(length).fill(7);
    const pair = pairOf(
      { initiator: { proposals: ike(proposal) }, responder: { proposals: ike(proposal) } },
      { ...REQUIRED, secret },
      { findPpk: () => secret },
    ).connect();
    expect(toldOf(pair)).toEqual([true, true]);
  }
});

describe('a gateway that answers oddly', () => {
  const answer = (pair: Ikev2Pair, change: (payloads: readonly Payload[]) => readonly Payload[]) =>
    tamper(pair, 'R -> I', IKE_AUTH, change).connect();

  it.each(EACH)('is left where it goes on without the PPK that we insist on: %s', (_name, options) => {
    const pair = answer(pairOf(options, REQUIRED, KNOWS), without(PPK_IDENTITY));
    expect(pair.events.initiator.failure).toEqual({ cause: 'ppk-declined' });
    expect(pair.drawing.lines).toContain('I -> R: HDR, SK {N(AUTHENTICATION_FAILED)}');
    expect(pair.events.initiator.of('ike-established')).toEqual([]);
  });

  it.each(EACH)('is not believed that it goes on without: %s', (_name, options) => {
    const pair = answer(pairOf(options, OPTIONAL, KNOWS), without(PPK_IDENTITY));
    expect(['peer-authentication-failed', 'certificate-rejected']).toContain(
      pair.events.initiator.failure?.cause,
    );
    expect(pair.events.initiator.of('ike-established')).toEqual([]);
  });

  it.each(EACH)('is not believed that it uses what it does not know: %s', (_name, options) => {
    const pair = answer(pairOf(options, OPTIONAL, KNOWS_OTHERS), (payloads) =>
      payloads.some(({ kind }) => kind === 'AUTH') ? [...payloads, notifyPayload(PPK_IDENTITY)] : payloads,
    );
    expect(['peer-authentication-failed', 'certificate-rejected']).toContain(
      pair.events.initiator.failure?.cause,
    );
  });

  it('may write anything into its PPK_IDENTITY', () => {
    const pair = answer(pairOf({}, REQUIRED, KNOWS), (payloads) => [
      ...without(PPK_IDENTITY)(payloads),
      notifyPayload(PPK_IDENTITY, utf8('whatever')),
    ]);
    expect(toldOf(pair)).toEqual([true, true]);
  });

  it('may speak of a PPK that nobody has', () => {
    const pair = answer(pairOf({}, undefined, {}), (payloads) => [...payloads, notifyPayload(PPK_IDENTITY)]);
    expect(toldOf(pair)).toEqual([undefined, undefined]);
    expect(pair.initiator.counters.unknownNotifies).toBe(0);
  });

  it('is heard again after an answer without USE_PPK that anybody may have sent', () => {
    const pair = pairOf({}, REQUIRED, KNOWS);
    let first = true;
    const strip = (payloads: readonly Payload[]): readonly Payload[] => {
      if (!first) return payloads;
      first = false;
      return without(USE_PPK)(payloads);
    };
    tamper(pair, 'R -> I', IKE_SA_INIT, strip).connect();
    expect(toldOf(pair)).toEqual([true, true]);
  });

  it('refuses us for another reason than the PPK where that has been taken', () => {
    const pair = pairOf(twice('MSCHAPv2'), OPTIONAL, KNOWS);
    tamper(pair, 'R -> I', IKE_AUTH, (payloads) =>
      payloads.some(({ kind }) => kind === 'TSi')
        ? [notifyPayload(NotifyType.AUTHENTICATION_FAILED)]
        : payloads,
    ).connect();
    expect(pair.events.initiator.failure).toMatchObject({
      cause: 'authentication-refused',
      afterLogin: true,
    });
    expect(pair.events.initiator.failure).not.toHaveProperty('ppk');
  });
});

describe('a client that asks oddly', () => {
  const ask = (change: (payloads: readonly Payload[]) => readonly Payload[], gateway: Gateway = KNOWS) =>
    tamper(pairOf({}, OPTIONAL, gateway), 'I -> R', IKE_AUTH, change).connect();

  it('is refused where it announces a PPK and names none', () => {
    const pair = ask(without(PPK_IDENTITY));
    expect(pair.events.responder.failure).toMatchObject({ detail: 'IKE_AUTH without PPK_IDENTITY' });
    expect(pair.events.initiator.failure?.cause).toBe('authentication-refused');
  });

  it.each([
    ['nothing', EMPTY],
    ['a type alone', Uint8Array.of(2)],
    ['a type that is agreed on elsewhere', concat(Uint8Array.of(1), NAME)],
    ['another name', concat(Uint8Array.of(2), NAME, NAME)],
  ])('is served without the PPK where it names %s', (_what, data) => {
    const named = (payloads: readonly Payload[]): readonly Payload[] => [
      ...without(PPK_IDENTITY)(payloads),
      notifyPayload(PPK_IDENTITY, data),
    ];
    expect(keptOf(ask(named))).toEqual(['declined', 'declined']);
    const neither = ask((payloads) => without(NO_PPK_AUTH)(named(payloads)));
    expect(neither.events.responder.failure).toMatchObject({
      detail: 'IKE_AUTH with a PPK_IDENTITY that is not known',
    });
  });

  it('is not taken for somebody by an AUTH that does without and is wrong', () => {
    const pair = ask(
      (payloads) => [...without(NO_PPK_AUTH)(payloads), notifyPayload(NO_PPK_AUTH, new Uint8Array(32))],
      KNOWS_OTHERS,
    );
    expect(pair.events.responder.failure?.cause).toBe('peer-authentication-failed');
  });

  it('is not taken for somebody by the AUTH without where the PPK is known', () => {
    const swap = (payloads: readonly Payload[]): readonly Payload[] => {
      const plain = findNotify(payloads, NO_PPK_AUTH)?.data ?? EMPTY;
      return payloads.map((payload) => (payload.kind === 'AUTH' ? { ...payload, data: plain } : payload));
    };
    expect(ask(swap).events.responder.failure?.cause).toBe('peer-authentication-failed');
  });

  it('cannot name a PPK that it has not announced', () => {
    const pair = pairOf({}, undefined, KNOWS);
    tamper(pair, 'I -> R', IKE_AUTH, (payloads) => [
      ...payloads,
      notifyPayload(PPK_IDENTITY, encodePpkId(NAME)),
    ]).connect();
    expect(statesOf(pair)).toEqual(['established', 'established']);
    expect(toldOf(pair)).toEqual([undefined, undefined]);
  });
});

describe('signatures', () => {
  const asked = (pair: Ikev2Pair) =>
    pair.events.initiator
      .of('question')
      .flatMap(({ question }) => (question.kind === 'sign' ? [toHex(question.octets)] : []));

  it('are two, over different octets, where the gateway may do without the PPK', () => {
    const octetsSigned = asked(pairOf(certificate, OPTIONAL, KNOWS).connect());
    expect(octetsSigned).toHaveLength(2);
    expect(octetsSigned[0]).not.toBe(octetsSigned[1]);
  });

  it.each([
    ['we insist', REQUIRED, KNOWS],
    ['the gateway has none', OPTIONAL, {}],
  ] as const)('are one where %s', (_what, ppk, gateway) => {
    expect(asked(pairOf(certificate, ppk, gateway).connect())).toHaveLength(1);
  });

  it('that fail end the connection, whichever it is', () => {
    for (const fails of [1, 2]) {
      let signed = 0;
      const sign = answersOf({ name: ALICE });
      const keyless = answersOf({});
      const pair = pairOf(
        {
          ...certificate,
          answers: {
            ...certificate.answers,
            initiator: (question) =>
              (question.kind === 'sign' && ++signed === fails ? keyless : sign)(question),
          },
        },
        OPTIONAL,
        KNOWS,
      ).connect();
      expect(pair.events.initiator.failure).toMatchObject({ cause: 'certificate-unusable' });
      expect(signed).toBe(fails);
    }
  });
});

describe('secrets', () => {
  /** An initiator that waits for its signature: the first is the one without the PPK. */
  const waiting = (answers: number, ppk = OPTIONAL) => {
    let signed = 0;
    const sign = answersOf({ name: ALICE });
    const pair = pairOf(
      {
        ...certificate,
        answers: {
          ...certificate.answers,
          initiator: (question) =>
            question.kind === 'sign' && ++signed > answers ? undefined : sign(question),
        },
      },
      ppk,
      KNOWS,
    )
      .initiate()
      .run(200);
    expect(pair.initiator.state).toBe('asking');
    return pair;
  };
  const isWiped = (key: Uint8Array) => key.every((octet) => octet === 0);

  it('without the PPK are wiped when it is chosen, and those with it when it is not', () => {
    for (const [gateway, wiped] of [
      [KNOWS, [true, false]],
      [KNOWS_OTHERS, [false, true]],
    ] as const) {
      const pair = pairOf({}, OPTIONAL, gateway).initiate();
      // The answer to IKE_SA_INIT has come, that to IKE_AUTH has not.
      pair.run(25);
      const { unmixed, keys } = pair.initiator.life.sa;
      if (unmixed === undefined || keys === undefined) throw new Error('nothing is open');
      const open = [unmixed, { skD: keys.skD, skPi: keys.skPi, skPr: keys.skPr }];
      pair.run(100);
      expect(pair.initiator.state).toBe('established');
      expect(open.map((set) => Object.values(set).every(isWiped))).toEqual(wiped);
    }
  });

  it('of both kinds are wiped when the connection ends in between', () => {
    const pair = waiting(1);
    const { unmixed, keys } = pair.initiator.life.sa;
    const all = [...Object.values(unmixed ?? {}), ...Object.values(keys ?? {})];
    expect(all).toHaveLength(10);
    pair.do((now) => pair.initiator.abandon(now));
    expect(all.every(isWiped)).toBe(true);
    expect(pair.initiator.life.sa.unmixed).toBeUndefined();
  });

  it('without the PPK are wiped at once where nobody may choose them', () => {
    const pair = waiting(0, REQUIRED);
    expect(pair.initiator.life.sa.unmixed).toBeUndefined();
    expect(isWiped(pair.initiator.life.sa.keys?.skD ?? EMPTY)).toBe(false);
  });
});
