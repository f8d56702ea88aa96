/** Every state a connection can be in, and everything that can be done to it: for tests of all pairs and of sequences. */
import { EMPTY, utf8 } from '#core/bytes/bytes.ts';
import type { ConnectionState } from '#core/ikev2/connection-types.ts';
import type { Ikev2Connection } from '#core/ikev2/connection.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { encodePpkId } from '#core/ikev2/ppk.ts';
import type { Answer, Question } from '#core/ikev2/questions.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { NotifyType } from '#core/registry/notify-types.ts';
import { Forge, notifyPayload } from './ikev2-forge.ts';
import { type Answerer, answersOf, proofOf } from './ikev2-login.ts';
import { esp, id, ike, Ikev2Pair, INITIATOR_ADDRESS, type PairOptions, pathTo, ts } from './ikev2-pair.ts';

export type Role = 'initiator' | 'responder';

/** A connection with a peer, brought into a state; `target` is the one that is tried. */
export interface Subject {
  readonly pair: Ikev2Pair;
  readonly forge: Forge;
  readonly role: Role;
  readonly target: Ikev2Connection;
}

const SHORT = { initialMs: 100, factor: 1.5, maxMs: 1_000, attempts: 4, jitter: 0.1 } as const;

/** What the ends have agreed on; without a word both have the pre-shared key. */
export type Login = 'certificate' | 'eap' | 'certificate-eap' | 'certificate, PPK' | 'eap, PPK';

interface StateOf {
  readonly role: Role;
  readonly state: ConnectionState;
  readonly login?: Login;
  /** In `asking`: the question that is open. */
  readonly asks?: string;
  /** Both ends want several key exchanges (RFC 9370), and this one of them is next. */
  readonly several?: 'first' | 'second' | 'ours-child' | 'ours-ike' | 'theirs-child' | 'theirs-ike';
}

/** Ways into the states; an initiator never rests in a responder's idle and the other way round. */
export const STATES: readonly StateOf[] = [
  { role: 'initiator', state: 'idle' },
  { role: 'initiator', state: 'ike-sa-init' },
  { role: 'initiator', state: 'ike-auth' },
  { role: 'initiator', state: 'established' },
  { role: 'initiator', state: 'deleting' },
  { role: 'initiator', state: 'closed' },
  { role: 'responder', state: 'idle' },
  { role: 'responder', state: 'ike-auth' },
  { role: 'responder', state: 'established' },
  { role: 'responder', state: 'deleting' },
  { role: 'responder', state: 'closed' },
  { role: 'initiator', state: 'asking', login: 'certificate', asks: 'sign' },
  { role: 'initiator', state: 'asking', login: 'certificate', asks: 'verify-peer' },
  { role: 'initiator', state: 'asking', login: 'eap', asks: 'password' },
  { role: 'initiator', state: 'ike-auth', login: 'eap' },
  { role: 'responder', state: 'asking', login: 'certificate', asks: 'verify-peer' },
  { role: 'responder', state: 'asking', login: 'certificate', asks: 'sign' },
  { role: 'responder', state: 'ike-auth', login: 'eap' },
  { role: 'responder', state: 'ike-auth', login: 'certificate-eap' },
  { role: 'initiator', state: 'asking', login: 'certificate, PPK', asks: 'sign' },
  { role: 'initiator', state: 'asking', login: 'certificate, PPK', asks: 'verify-peer' },
  { role: 'responder', state: 'asking', login: 'certificate, PPK', asks: 'verify-peer' },
  { role: 'initiator', state: 'ike-auth', login: 'eap, PPK' },
  { role: 'responder', state: 'ike-auth', login: 'eap, PPK' },
  { role: 'initiator', state: 'ike-auth', several: 'first' },
  { role: 'initiator', state: 'ike-auth', several: 'second' },
  { role: 'initiator', state: 'established', several: 'ours-child' },
  { role: 'initiator', state: 'established', several: 'theirs-ike' },
  { role: 'responder', state: 'ike-auth', several: 'first' },
  { role: 'responder', state: 'ike-auth', several: 'second' },
  { role: 'responder', state: 'established', several: 'ours-ike' },
  { role: 'responder', state: 'established', several: 'theirs-child' },
];

const CLIENT = 'alice@example.org';
const GATEWAY = 'gw.example.org';
const USERS = { find: () => ({ password: 'secret' }) };
const METHODS = [{ type: 'MSCHAPv2' }] as const;

type Ends = Pick<PairOptions, 'initiator' | 'responder'>;

const PPK = { id: utf8('ppk'), secret: utf8('a secret'), required: false } as const;
const withPpk = ({ initiator, responder }: Ends): Ends => ({
  initiator: { ...initiator, ppk: PPK },
  responder: { ...responder, findPpk: () => PPK.secret },
});

const WITHOUT_PPK: Readonly<Record<'certificate' | 'eap' | 'certificate-eap', Ends>> = {
  certificate: {
    initiator: { authentication: proofOf(CLIENT), remoteAuthentication: { method: 'certificate' } },
    responder: { authentication: proofOf(GATEWAY), remoteAuthentication: { method: 'certificate' } },
  },
  eap: {
    initiator: { authentication: { method: 'eap', eap: { user: 'alice', methods: METHODS } } },
    responder: {
      authentication: proofOf(GATEWAY),
      remoteAuthentication: { method: 'eap', eap: { users: USERS, methods: METHODS } },
    },
  },
  'certificate-eap': {
    initiator: {
      authentication: {
        method: 'certificate-eap',
        certificates: proofOf(CLIENT).certificates,
        eap: { user: 'alice', methods: METHODS },
      },
    },
    responder: {
      authentication: proofOf(GATEWAY),
      remoteAuthentication: { method: 'certificate-eap', eap: { users: USERS, methods: METHODS } },
    },
  },
};

const LOGINS: Readonly<Record<Login, Ends>> = {
  ...WITHOUT_PPK,
  'certificate, PPK': withPpk(WITHOUT_PPK.certificate),
  'eap, PPK': withPpk(WITHOUT_PPK.eap),
};

/** Fast ones: it is the exchanges that are tried, not the arithmetic. */
const SEVERAL = {
  proposals: ike('aes256gcm16-prfsha256-curve25519-ke1_mlkem512-ke2_mlkem768'),
  child: { proposals: esp('aes256gcm16-curve25519-ke1_mlkem512-ke2_mlkem768'), lifetimeSec: 100 },
} as const;

/** Begins a rekeying and stops where the first of its further key exchanges is on its way. */
function beginSeveral(pair: Ikev2Pair, role: Role, several: NonNullable<StateOf['several']>): void {
  const [whose, what] = several.split('-');
  if (what === undefined) return;
  const asker = whose === 'ours' ? role : role === 'initiator' ? 'responder' : 'initiator';
  const [spiIn = 0] = pair[asker].life.sa.children.keys();
  pair.do((now) => pair[asker].rekey(now, what === 'ike' ? { ike: true } : { spiIn })).run(25);
  const { unfinished } = pair[role].life.sa;
  if (unfinished[whose === 'ours' ? 'ours' : 'theirs'] === undefined)
    throw new Error(`nothing of ${several}`);
}

const PEOPLE = {
  initiator: answersOf({ name: CLIENT, password: 'secret' }),
  responder: answersOf({ name: GATEWAY }),
} as const;

const kindOf = (question: Question): string => (question.kind === 'eap' ? question.eap.kind : question.kind);

export function subject({ role, state, login, asks, several }: StateOf, seed = 1): Subject {
  const ends = login === undefined ? {} : LOGINS[login];
  const suites = several === undefined ? { child: { lifetimeSec: 100 } } : SEVERAL;
  const keepsOpen: Answerer = (question) => (kindOf(question) === asks ? undefined : PEOPLE[role](question));
  const pair = new Ikev2Pair({
    seed,
    initiator: {
      ...ends.initiator,
      redirect: {},
      retransmit: SHORT,
      livenessSec: 10,
      lifetimeSec: 300,
      ...suites,
    },
    responder: {
      ...ends.responder,
      retransmit: SHORT,
      livenessSec: 15,
      authLifetimeSec: 3_600,
      ...(several === undefined ? {} : SEVERAL),
    },
    answers: { ...PEOPLE, [role]: keepsOpen },
  });
  const target = pair[role];
  if (state !== 'idle') {
    pair.initiate();
    // 10 ms each way: the responder is keyed after one, the initiator after two.
    if (state === 'ike-auth') pair.run(role === 'responder' ? 12 : 22);
    if (state === 'asking') pair.run(90);
    // In the middle of several exchanges.
    if (state === 'ike-auth' && (login !== undefined || several === 'second')) pair.run(20);
    if (state === 'established' || state === 'deleting' || state === 'closed') {
      pair.run(several === undefined ? 60 : 100);
    }
    if (several !== undefined && state === 'established') beginSeveral(pair, role, several);
    if (state === 'deleting') pair.do((now) => target.delete(now));
    if (state === 'closed') pair.do((now) => target.delete(now)).run(60);
  }
  pair.drain();
  if (target.state !== state) throw new Error(`the ${role} is ${target.state} in place of ${state}`);
  return { pair, forge: new Forge(pair), role, target };
}

interface Input {
  readonly name: string;
  readonly apply: (subject: Subject) => void;
}

const spi = (value: number): Uint8Array => Uint8Array.of(0, value, 0, 0);

/** Payloads that mean something somewhere, with those that mean nothing here. */
const CONTENTS: readonly { readonly name: string; readonly payloads: readonly Payload[] }[] = [
  { name: 'nothing', payloads: [] },
  { name: 'D(IKE)', payloads: [{ kind: 'D', protocol: 1, spis: [] }] },
  { name: 'D(ESP)', payloads: [{ kind: 'D', protocol: 3, spis: [spi(9)] }] },
  { name: 'N(AUTHENTICATION_FAILED)', payloads: [notifyPayload(NotifyType.AUTHENTICATION_FAILED)] },
  { name: 'N(COOKIE)', payloads: [notifyPayload(NotifyType.COOKIE, Uint8Array.of(1))] },
  {
    name: 'N(INVALID_KE_PAYLOAD)',
    payloads: [notifyPayload(NotifyType.INVALID_KE_PAYLOAD, Uint8Array.of(0, 19))],
  },
  { name: 'N(AUTH_LIFETIME)', payloads: [notifyPayload(NotifyType.AUTH_LIFETIME, spi(60))] },
  {
    name: 'N(REDIRECT)',
    payloads: [notifyPayload(NotifyType.REDIRECT, Uint8Array.of(1, 4, 192, 0, 2, 99))],
  },
  { name: 'N(status)', payloads: [notifyPayload(50_000)] },
  { name: 'N(error)', payloads: [notifyPayload(8_000)] },
  { name: 'critical', payloads: [{ kind: 'unknown', type: 222, critical: true, body: EMPTY }] },
  {
    name: 'IKE_SA_INIT',
    payloads: [
      { kind: 'SA', proposals: ike('aes256gcm16-prfsha256-curve25519') },
      { kind: 'KE', group: 31, data: new Uint8Array(32).fill(9) },
      { kind: 'NONCE', data: new Uint8Array(32) },
    ],
  },
  {
    name: 'IKE_AUTH',
    payloads: [
      { kind: 'IDi', id: id('alice') },
      { kind: 'AUTH', method: 2, data: new Uint8Array(32) },
      { kind: 'CP', type: 1, attributes: [{ type: 1, value: EMPTY }] },
      { kind: 'SA', proposals: esp('aes256gcm16').map((proposal) => ({ ...proposal, spi: spi(7) })) },
      { kind: 'TSi', selectors: ts('0.0.0.0/0') },
      { kind: 'TSr', selectors: ts('0.0.0.0/0') },
    ],
  },
  {
    name: 'IKE_AUTH answer',
    payloads: [
      { kind: 'IDr', id: id('gw.example.org') },
      { kind: 'AUTH', method: 2, data: new Uint8Array(32) },
      { kind: 'SA', proposals: esp('aes256gcm16').map((proposal) => ({ ...proposal, spi: spi(7) })) },
      { kind: 'TSi', selectors: ts('0.0.0.0/0') },
      { kind: 'TSr', selectors: ts('0.0.0.0/0') },
    ],
  },
  { name: 'EAP-Success', payloads: [{ kind: 'EAP', message: Uint8Array.of(3, 1, 0, 4) }] },
  { name: 'EAP-Failure', payloads: [{ kind: 'EAP', message: Uint8Array.of(4, 1, 0, 4) }] },
  { name: 'EAP Identity', payloads: [{ kind: 'EAP', message: Uint8Array.of(1, 1, 0, 5, 1) }] },
  { name: 'EAP response', payloads: [{ kind: 'EAP', message: Uint8Array.of(2, 1, 0, 5, 26) }] },
  { name: 'AUTH', payloads: [{ kind: 'AUTH', method: 2, data: new Uint8Array(32) }] },
  {
    name: 'AUTH, N(PPK_IDENTITY), N(NO_PPK_AUTH)',
    payloads: [
      { kind: 'AUTH', method: 2, data: new Uint8Array(32) },
      notifyPayload(NotifyType.PPK_IDENTITY, encodePpkId(PPK.id)),
      notifyPayload(NotifyType.NO_PPK_AUTH, new Uint8Array(32)),
    ],
  },
  { name: 'N(USE_PPK)', payloads: [notifyPayload(NotifyType.USE_PPK)] },
  { name: 'IDi', payloads: [{ kind: 'IDi', id: id('alice') }] },
  { name: 'KE', payloads: [{ kind: 'KE', group: 35, data: new Uint8Array(800) }] },
  { name: 'KE of no group', payloads: [{ kind: 'KE', group: 35, data: new Uint8Array(3) }] },
  {
    name: 'KE, N(ADDITIONAL_KEY_EXCHANGE)',
    payloads: [
      { kind: 'KE', group: 35, data: new Uint8Array(800) },
      notifyPayload(NotifyType.ADDITIONAL_KEY_EXCHANGE, spi(9)),
    ],
  },
  { name: 'N(STATE_NOT_FOUND)', payloads: [notifyPayload(NotifyType.STATE_NOT_FOUND)] },
];

/** Contents that depend on what the target is waiting for: what an odd peer would say that knows it. */
const FITTING: readonly Input[] = [false, true].flatMap((linked) =>
  [false, true].map((response) => ({
    name: `the key exchange that is due, ${response ? 'answer' : 'request'}, ${linked ? 'linked' : 'alone'}`,
    apply: (subject: Subject) => {
      const { forge, role, target } = subject;
      if (!keyed(subject)) return;
      const { sa, requests } = target.life;
      const { ours, theirs } = sa.unfinished;
      const waiting = response ? ours : theirs;
      const row = (waiting?.due ?? sa.additional)[0]?.keyExchange;
      if (row === undefined) return;
      const share = response ? row.publicBytes.responder : row.publicBytes.initiator;
      const link = notifyPayload(NotifyType.ADDITIONAL_KEY_EXCHANGE, waiting?.link ?? spi(9));
      const exchange = waiting === undefined ? ExchangeType.IKE_INTERMEDIATE : ExchangeType.IKE_FOLLOWUP_KE;
      const messageId = response ? (requests.outstanding?.messageId ?? 0) : expectedRequest(target);
      const ke: Payload = { kind: 'KE', group: row.id, data: subject.pair.random.bytes(share) };
      const direction = role === 'initiator' ? 'R -> I' : 'I -> R';
      hear(subject, forge.make(direction, { exchange, response, messageId }, linked ? [ke, link] : [ke]));
    },
  })),
);

const EXCHANGES: readonly number[] = [
  ExchangeType.IKE_SA_INIT,
  ExchangeType.IKE_AUTH,
  ExchangeType.CREATE_CHILD_SA,
  ExchangeType.INFORMATIONAL,
  ExchangeType.IKE_INTERMEDIATE,
  ExchangeType.IKE_FOLLOWUP_KE,
  0,
  240,
];

const keyed = ({ pair }: Subject): boolean => pair.keyLog.responder.length > 0;

function hear({ pair, role, target }: Subject, bytes: Uint8Array): void {
  const { local, remote } = pathTo(500);
  const path = role === 'initiator' ? { local, remote } : { local: remote, remote: local };
  target.handleDatagram(pair.now, bytes, path);
  pair.world.flush();
}

/** Messages of every exchange, both ways, with every content, under the next ID, the last one and a far one. */
function messageInputs(): Input[] {
  const shapes = EXCHANGES.flatMap((exchange) =>
    [false, true].flatMap((response) => CONTENTS.map((content) => ({ exchange, response, content }))),
  );
  return shapes.flatMap(({ exchange, response, content }) =>
    (['next', 'last', 'far'] as const).flatMap((which) =>
      [false, true].map((clear) => ({
        name: `${exchange} ${response ? 'answer' : 'request'} ${which} ${clear ? 'in the clear' : 'sealed'}: ${content.name}`,
        apply: (subject: Subject) => {
          const { forge, role, target } = subject;
          if (!clear && !keyed(subject)) return;
          const next = response
            ? (target.life.requests.outstanding?.messageId ?? 0)
            : expectedRequest(target);
          const messageId = { next, last: Math.max(0, next - 1), far: next + 1_000 }[which];
          const direction = role === 'initiator' ? 'R -> I' : 'I -> R';
          hear(
            subject,
            forge.make(direction, { exchange, response, messageId }, content.payloads, { clear }),
          );
        },
      })),
    ),
  );
}

/** The message ID that the window would take. */
function expectedRequest({ life }: Ikev2Connection): number {
  for (let id = 0; id < 100; id++) if (life.answers.classify(id) === 'new') return id;
  throw new Error('no ID is expected');
}

const GARBAGE: readonly Input[] = [
  { name: 'an empty datagram', apply: (subject) => hear(subject, EMPTY) },
  { name: 'a NAT keepalive', apply: (subject) => hear(subject, Uint8Array.of(0xff)) },
  { name: '28 zeros', apply: (subject) => hear(subject, new Uint8Array(28)) },
  {
    name: 'random octets',
    apply: (subject) => hear(subject, subject.pair.random.bytes(1 + subject.pair.random.below(400))),
  },
  {
    name: 'our own last message',
    apply: (subject) => {
      const { pair, role } = subject;
      const ours = pair.world.sent.findLast(
        ({ from }) => (from === INITIATOR_ADDRESS) === (role === 'initiator'),
      );
      if (ours !== undefined) hear(subject, ours.datagram.bytes);
    },
  },
  {
    name: 'the last message of the peer, once more',
    apply: (subject) => {
      const { pair, role } = subject;
      const theirs = pair.world.sent.findLast(
        ({ from }) => (from === INITIATOR_ADDRESS) !== (role === 'initiator'),
      );
      if (theirs !== undefined) hear(subject, theirs.datagram.bytes);
    },
  },
  {
    name: 'a flipped bit in the last message of the peer',
    apply: (subject) => {
      const { pair, role } = subject;
      const theirs = pair.world.sent.findLast(
        ({ from }) => (from === INITIATOR_ADDRESS) !== (role === 'initiator'),
      );
      if (theirs === undefined) return;
      const bytes = theirs.datagram.bytes.slice();
      const at = pair.random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << pair.random.below(8));
      hear(subject, bytes);
    },
  },
  {
    name: 'a truncated message of the peer',
    apply: (subject) => {
      const { pair, role } = subject;
      const theirs = pair.world.sent.findLast(
        ({ from }) => (from === INITIATOR_ADDRESS) !== (role === 'initiator'),
      );
      if (theirs !== undefined)
        hear(subject, theirs.datagram.bytes.subarray(0, pair.random.below(theirs.datagram.bytes.length)));
    },
  },
];

const TIME: readonly Input[] = [
  { name: 'a timeout that is not due', apply: ({ pair, target }) => target.handleTimeout(pair.now) },
  {
    name: 'the next timeout',
    apply: ({ pair, target }) => {
      const at = target.pollTimeout();
      if (at !== undefined) pair.world.now = Math.max(pair.now, at);
      pair.do((now) => target.handleTimeout(now));
    },
  },
  {
    name: 'a day of sleep',
    apply: ({ pair, target }) => {
      pair.world.now += 86_400_000;
      pair.do((now) => target.handleTimeout(now));
    },
  },
  { name: 'a second with the peer', apply: ({ pair }) => void pair.run(1_000) },
];

const COMMANDS: readonly Input[] = [
  { name: 'delete', apply: ({ pair, target }) => void pair.do((now) => target.delete(now)) },
  {
    name: 'delete a child',
    apply: ({ pair, target }) =>
      void pair.do((now) => target.delete(now, [...target.life.sa.children.keys()][0] ?? 1)),
  },
  { name: 'check liveness', apply: ({ pair, target }) => void pair.do((now) => target.checkLiveness(now)) },
  {
    name: 'inbound traffic',
    apply: ({ pair, target }) => void pair.do((now) => target.noteInboundTraffic(now)),
  },
  ...[
    { name: 'in place', port: 4500 },
    { name: 'to a port of ours', port: 4501 },
    { name: 'to a port where nobody answers', port: 9 },
  ].map(({ name, port }) => ({
    name: `roam ${name}`,
    apply: ({ pair, target }: Subject) => {
      const { local, remote } = target.life.sa.path ?? pathTo(4500);
      // The link drops what goes to port 9.
      pair.link.tamper = (flying) => (flying.source.port === 9 ? [] : [flying]);
      pair.do((now) => target.roam(now, { local: { ...local, port }, remote }));
    },
  })),
  { name: 'abandon', apply: ({ pair, target }) => void pair.do((now) => target.abandon(now)) },
];

const lastId = ({ pair, role }: Subject): number => pair.events[role].of('question').at(-1)?.id ?? 1;

const ANSWERS: readonly { readonly name: string; readonly answer: Answer }[] = [
  { name: 'sign', answer: { kind: 'sign', auth: { method: 14, data: new Uint8Array(40) } } },
  { name: 'yes', answer: { kind: 'verify-peer' } },
  { name: 'no', answer: { kind: 'failed', failure: { cause: 'certificate-unusable', detail: 'x' } } },
  { name: 'a password', answer: { kind: 'eap', eap: { kind: 'password', password: 'wrong' } } },
  { name: 'a code', answer: { kind: 'eap', eap: { kind: 'one-time-code', code: '1' } } },
  { name: 'nobody', answer: { kind: 'eap', eap: { kind: 'none' } } },
];

/** Answers of every kind to the last question, the one before and one to come. */
const ANSWERING: readonly Input[] = ANSWERS.flatMap(({ name, answer }) =>
  [-1, 0, 1].map((offset) => ({
    name: `answer ${name} to question ${offset}`,
    apply: (subject: Subject) =>
      void subject.pair.do((now) => subject.target.answer(now, lastId(subject) + offset, answer)),
  })),
);

/** Authentic fragments that belong to nothing, or make a message of their own. */
const FRAGMENTS: readonly Input[] = [false, true].flatMap((response) =>
  CONTENTS.flatMap((content) =>
    [1, 2].map((count) => ({
      name: `${count} of the fragments of ${content.name}, ${response ? 'answer' : 'request'}`,
      apply: (subject: Subject) => {
        const { forge, role, target } = subject;
        if (!keyed(subject)) return;
        const messageId = response
          ? (target.life.requests.outstanding?.messageId ?? 0)
          : expectedRequest(target);
        const place = { exchange: ExchangeType.IKE_AUTH, response, messageId };
        const payloads = [...content.payloads, { kind: 'V', data: new Uint8Array(60) } as const];
        const direction = role === 'initiator' ? 'R -> I' : 'I -> R';
        const pieces = forge.makeWithin(direction, place, payloads, 110);
        for (const bytes of count === 1 ? pieces.slice(0, 1) : pieces) hear(subject, bytes);
      },
    })),
  ),
);

export const INPUTS: readonly Input[] = [
  ...messageInputs(),
  ...GARBAGE,
  ...TIME,
  ...COMMANDS,
  ...ANSWERING,
  ...FRAGMENTS,
  ...FITTING,
];

/**
 * What must hold after any input: the rules of connection-types.ts. EventLog throws for an event after `closed`, the
 * world for a deadline that stays due.
 */
export function check({ pair, target, role }: Subject): void {
  pair.drain();
  const closed = pair.events[role].of('closed').length;
  if (closed > 1) throw new Error('closed twice');
  if ((target.state === 'closed') !== (closed === 1))
    throw new Error(`${closed} closed events in ${target.state}`);
  const deadline = target.pollTimeout();
  if (deadline !== undefined && !Number.isFinite(deadline)) throw new Error(`a deadline at ${deadline}`);
  if (target.state !== 'closed') return;
  if (deadline !== undefined) throw new Error('a deadline after closed');
  const { keys, sealing, opening, children, incomplete, unfinished } = target.life.sa;
  if (incomplete.requests.bytes + incomplete.responses.bytes > 0) throw new Error('fragments after closed');
  if (unfinished.ours ?? unfinished.theirs) throw new Error('key exchanges to come after closed');
  if (keys !== undefined || sealing !== undefined || opening !== undefined || children.size > 0) {
    throw new Error('something is left after closed');
  }
}
