/** Questions of the engine: one at a time, answered or not, while the peer repeats itself, while the user changes their mind. */
import { describe, expect, it } from 'vitest';
import { EMPTY } from '#core/bytes/bytes.ts';
import type { Answer, Question } from '#core/ikev2/questions.ts';
import { ExchangeType } from '#core/registry/exchange-types.ts';
import { Forge } from '#test/harness/ikev2-forge.ts';
import { EndpointScene } from '#test/harness/ikev2-endpoint.ts';
import { type Answerer, answersOf, proofOf } from '#test/harness/ikev2-login.ts';
import { Ikev2Pair, type PairOptions } from '#test/harness/ikev2-pair.ts';

const ALICE = 'alice@example.org';
const GATEWAY = 'gw.example.org';
const ask = {
  initiator: answersOf({ name: ALICE, password: 'secret' }),
  responder: answersOf({ name: GATEWAY }),
};

const certificates: PairOptions = {
  initiator: { authentication: proofOf(ALICE), remoteAuthentication: { method: 'certificate' } },
  responder: { authentication: proofOf(GATEWAY), remoteAuthentication: { method: 'certificate' } },
};
const login: PairOptions = {
  initiator: {
    authentication: { method: 'eap', eap: { user: 'alice', methods: [{ type: 'MSCHAPv2' }] } },
  },
  responder: {
    authentication: proofOf(GATEWAY),
    remoteAuthentication: {
      method: 'eap',
      eap: {
        users: { find: () => ({ password: 'secret' }) },
        methods: [{ type: 'MSCHAPv2' }],
      },
    },
  },
};

/** Leaves questions of these kinds open. */
const except =
  (answerer: Answerer, ...kinds: readonly string[]): Answerer =>
  (question) =>
    kinds.includes(question.kind === 'eap' ? question.eap.kind : question.kind)
      ? undefined
      : answerer(question);

const openOf = (pair: Ikev2Pair, end: 'initiator' | 'responder'): { id: number; question: Question } => {
  const last = pair.events[end].of('question').at(-1);
  if (last === undefined || pair[end].state !== 'asking') throw new Error(`the ${end} asks nothing`);
  return last;
};

function answerOpen(pair: Ikev2Pair, end: 'initiator' | 'responder'): { id: number; answer: Answer } {
  const { id, question } = openOf(pair, end);
  const answer = ask[end](question);
  if (answer === undefined) throw new Error('no answer');
  pair.do((now) => expect(pair[end].answer(now, id, answer)).toBe(true));
  return { id, answer };
}

const sentBy = (pair: Ikev2Pair, address: string): number =>
  pair.world.sent.filter(({ from, datagram }) => from === address && datagram.keepalive !== true).length;

/** The gateway waits longer than people take. */
const patient = (options: PairOptions): PairOptions => ({
  ...options,
  initiator: { ...options.initiator, livenessSec: 0 },
});

describe('an open question of the initiator', () => {
  it('sends nothing, and goes on with the answer', () => {
    const pair = new Ikev2Pair({
      ...login,
      answers: { ...ask, initiator: except(ask.initiator, 'password') },
    });
    pair.initiate().run(5_000);
    expect(pair.initiator.state).toBe('asking');
    const before = sentBy(pair, '192.0.2.10');
    pair.run(20_000);
    expect(sentBy(pair, '192.0.2.10')).toBe(before);
    pair.answers = ask;
    answerOpen(pair, 'initiator');
    pair.run(1_000);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['established', 'established']);
  });

  it('keeps the NAT open meanwhile', () => {
    const pair = new Ikev2Pair({
      ...login,
      answers: { ...ask, initiator: except(ask.initiator, 'password') },
      nat: { inside: '192.0.2.10', outside: '203.0.113.9' },
    });
    pair.initiate().run(61_000);
    expect(pair.world.sent.filter(({ datagram }) => datagram.keepalive === true)).toHaveLength(3);
  });

  it('that nobody answers ends with what is missing, and tells the gateway', () => {
    const pair = new Ikev2Pair({
      ...login,
      answers: { ...ask, initiator: except(ask.initiator, 'password') },
    });
    pair.initiate().runToEnd();
    expect(pair.events.initiator.failure).toEqual({ cause: 'secret-missing', what: 'password' });
    expect(pair.drawing.lines.at(-1)).toBe('I -> R: HDR, SK {D}');
  });

  it('of a machine that does not answer ends sooner', () => {
    const pair = new Ikev2Pair({
      ...certificates,
      answers: { ...ask, initiator: except(ask.initiator, 'sign') },
    });
    pair.initiate().runToEnd();
    expect(pair.events.initiator.failure).toEqual({ cause: 'timeout', seconds: 60 });
    expect(pair.drawing.lines).toHaveLength(2);
  });

  it('about a gateway that has let us in already: giving up deletes what it made', () => {
    const options = { ...certificates, answers: { ...ask, initiator: except(ask.initiator, 'verify-peer') } };
    const pair = new Ikev2Pair(options).initiate().run(1_000);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['asking', 'established']);
    pair.do((now) => pair.initiator.delete(now)).run(1_000);
    expect(pair.drawing.lines.slice(-2)).toEqual(['I -> R: HDR, SK {D}', 'R -> I: HDR, SK {}']);
    expect([pair.initiator.state, pair.responder.state]).toEqual(['closed', 'closed']);
    expect(pair.events.initiator.types).not.toContain('child-installed');
  });

  it('before IKE_AUTH: a user who changes their mind leaves without a word', () => {
    const options = { ...certificates, answers: { ...ask, initiator: except(ask.initiator, 'sign') } };
    const pair = new Ikev2Pair(options).initiate().run(1_000);
    const before = sentBy(pair, '192.0.2.10');
    pair.do((now) => pair.initiator.delete(now)).run(1_000);
    expect(pair.initiator.state).toBe('closed');
    expect(sentBy(pair, '192.0.2.10')).toBe(before);
  });
});

describe('answers that are not wanted', () => {
  it('late, double, early and to other questions do nothing', () => {
    const pair = new Ikev2Pair(patient({ ...certificates, answers: { responder: ask.responder } }));
    expect(pair.initiator.answer(pair.now, 1, { kind: 'verify-peer' })).toBe(false);
    pair.initiate().run(1_000);
    const { id } = openOf(pair, 'initiator');
    expect(pair.initiator.answer(pair.now, id + 1, { kind: 'verify-peer' })).toBe(false);
    const { answer } = answerOpen(pair, 'initiator');
    expect(pair.initiator.answer(pair.now, id, answer)).toBe(false);
    pair.run(1_000);
    const second = answerOpen(pair, 'initiator');
    expect(pair.initiator.answer(pair.now, second.id, second.answer)).toBe(false);
    expect(pair.initiator.state).toBe('established');
    pair.do((now) => pair.initiator.abandon(now));
    expect(pair.initiator.answer(pair.now, second.id, second.answer)).toBe(false);
  });

  it('of another kind leave the question open', () => {
    const pair = new Ikev2Pair(
      patient({ ...login, answers: { ...ask, initiator: except(ask.initiator, 'password') } }),
    );
    pair.initiate().run(1_000);
    const { id } = openOf(pair, 'initiator');
    const wrong: readonly Answer[] = [
      { kind: 'verify-peer' },
      { kind: 'sign', auth: { method: 14, data: EMPTY } },
      { kind: 'eap', eap: { kind: 'one-time-code', code: '123' } },
      { kind: 'failed', failure: { cause: 'timeout', seconds: 1 } },
    ];
    for (const answer of wrong) expect(pair.initiator.answer(pair.now, id, answer)).toBe(false);
    pair.answers = ask;
    answerOpen(pair, 'initiator');
    pair.run(1_000);
    expect(pair.initiator.state).toBe('established');
  });
});

describe('a peer that repeats itself while we ask', () => {
  it('gets silence from the responder until there is an answer, then that one, once', () => {
    const options = {
      ...certificates,
      answers: { ...ask, responder: except(ask.responder, 'verify-peer', 'sign') },
    };
    const pair = new Ikev2Pair(options).initiate().run(4_000);
    expect(pair.responder.state).toBe('asking');
    expect(pair.initiator.counters.retransmitsSent).toBeGreaterThan(1);
    expect(pair.responder.counters.retransmitsReceived).toBe(pair.initiator.counters.retransmitsSent);
    expect(sentBy(pair, '198.51.100.1')).toBe(1);
    answerOpen(pair, 'responder');
    expect(sentBy(pair, '198.51.100.1')).toBe(1);
    answerOpen(pair, 'responder');
    expect(sentBy(pair, '198.51.100.1')).toBe(2);
    // It was lost: the next repetition gets the same octets from the cache.
    const [lost] = pair.world.link.arrivals(pair.now + 1_000);
    expect(lost?.to).toBe('192.0.2.10');
    pair.run(12_000);
    expect(pair.initiator.state).toBe('established');
    const answers = pair.world.sent.filter(({ from }) => from === '198.51.100.1').slice(1, 3);
    expect(answers[0]?.datagram.bytes).toEqual(answers[1]?.datagram.bytes);
  });

  it('does not disturb the initiator', () => {
    const options = { ...certificates, answers: { ...ask, initiator: except(ask.initiator, 'verify-peer') } };
    const pair = new Ikev2Pair(options);
    const seen: Uint8Array[] = [];
    pair.link.tamper = (flying) => {
      if (flying.source.address === '198.51.100.1') seen.push(flying.bytes.slice());
      return [flying];
    };
    pair.initiate().run(1_000);
    const forge = new Forge(pair);
    for (const bytes of seen) forge.deliver('R -> I', bytes);
    const place = { exchange: ExchangeType.INFORMATIONAL, response: false, messageId: 0 };
    forge.send('R -> I', place, [{ kind: 'D', protocol: 1, spis: [] }]);
    expect(pair.initiator.state).toBe('asking');
    expect(pair.events.initiator.of('question')).toHaveLength(2);
    answerOpen(pair, 'initiator');
    expect(pair.initiator.state).toBe('established');
  });
});

describe('a receive buffer that is used again while we ask', () => {
  it('does not spoil what recognises the request later', () => {
    const options = {
      ...certificates,
      answers: { ...ask, responder: except(ask.responder, 'verify-peer', 'sign') },
    };
    const pair = new Ikev2Pair(options);
    const requests: Uint8Array[] = [];
    const hear = pair.responder.handleDatagram.bind(pair.responder);
    pair.responder.handleDatagram = (now, bytes, path) => {
      requests.push(bytes.slice());
      hear(now, bytes, path);
      bytes.fill(0xee);
    };
    pair.initiate().run(100);
    answerOpen(pair, 'responder');
    answerOpen(pair, 'responder');
    const [, request = EMPTY] = requests;
    expect(pair.responder.life.answers.hasAnswered(request)).toBe(true);
  });
});

describe('a responder whose question nobody answers', () => {
  it('counts as half-open meanwhile, and hears the answer through its endpoint', () => {
    const scene = new EndpointScene({
      responder: { ...certificates.responder },
      initiators: [{ ...certificates.initiator }],
    });
    scene.initiate(0).run(100);
    const client = scene.client(0);
    const [sign] = client.events.of('question');
    client.connection.answer(scene.world.now, sign?.id ?? 0, {
      kind: 'sign',
      auth: { method: 14, data: EMPTY },
    });
    scene.run(100);
    const [asked] = scene.eventsOf('question');
    expect([asked?.connection.state, scene.endpoint.halfOpen]).toEqual(['asking', 1]);
    if (asked?.event.type !== 'question') throw new Error('nothing was asked');
    const { id } = asked.event;
    scene.endpoint.command(scene.world.now, asked.connection, (connection) => {
      connection.answer(scene.world.now, id, { kind: 'failed', failure: { cause: 'timeout', seconds: 1 } });
    });
    scene.run(100);
    expect([scene.endpoint.halfOpen, client.events.failure?.cause]).toEqual([0, 'authentication-refused']);
  });

  it('forgets the half-open SA', () => {
    const options = { ...certificates, answers: { ...ask, responder: except(ask.responder, 'verify-peer') } };
    const pair = new Ikev2Pair(options).initiate().run(60_000);
    expect(pair.events.responder.failure).toEqual({ cause: 'timeout', seconds: 30 });
    pair.runToEnd();
    expect(pair.events.initiator.failure).toMatchObject({ cause: 'no-answer', exchange: 'IKE_AUTH' });
  });
});
