/** The rules of a conversation, RFC 3748 §2, §4, §5: what the peer answers, and what it does not believe. */
import { describe, expect, it } from 'vitest';
import { fromHex, fromUtf8, toHex, utf8 } from '#core/bytes/bytes.ts';
import { createEapPeer, type EapPeerSettings } from '#core/eap/create-peer.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';
import { FAILURE, feed, request, responseIn, SUCCESS } from './script.ts';

const peerWith = (settings: Partial<EapPeerSettings> = {}) =>
  createEapPeer({
    random: seededRandom(1).bytes,
    user: 'alice',
    password: 'secret',
    methods: [{ type: 'GTC' }],
    ...settings,
  });

const withoutPassword = () =>
  createEapPeer({ random: seededRandom(1).bytes, user: 'alice', methods: [{ type: 'GTC' }] });

const chained = (settings: Partial<EapPeerSettings> = {}) =>
  peerWith({ methods: [{ type: 'MD5' }], chain: ['GTC'], ...settings });

const identity = request(1, EapType.Identity);
const gtc = (id: number, prompt = 'Code: ') => request(id, EapType.GTC, prompt);
const MSCHAPV2_CHALLENGE = fromHex(`0101002e10${'00'.repeat(16)}${'61'.repeat(25)}`);

describe('Identity and Notification', () => {
  it('R -> I: Identity, I -> R: Identity {user}', () => {
    expect(toHex(responseIn(peerWith().receive(identity)).data)).toBe(toHex(utf8('alice')));
  });

  it('hides the user behind an anonymous identity', () => {
    const peer = peerWith({ anonymous: 'anonymous@example.org' });
    expect(fromUtf8(responseIn(peer.receive(identity)).data)).toBe('anonymous@example.org');
  });

  it('answers a Notification and hands its text on, made harmless', () => {
    const output = peerWith().receive(request(2, EapType.Notification, 'Hello\u001b[2J'));
    expect(output).toMatchObject({ kind: 'send', notice: 'Hello\\u{1b}[2J' });
    expect(responseIn(output)).toMatchObject({ type: EapType.Notification, identifier: 2, data: utf8('') });
  });

  it.each(['Hello\0', '\r\nHello \n\0', 'Hello'])('leaves away what ends a text: %j', (text) => {
    expect(peerWith().receive(request(2, EapType.Notification, text))).toMatchObject({ notice: 'Hello' });
  });

  it('does not answer Identity in the middle of a method', () => {
    const peer = peerWith({ methods: [{ type: 'MSCHAPv2' }] });
    const end = feed(peer, request(2, EapType.MSCHAPv2, MSCHAPV2_CHALLENGE), request(3, EapType.Identity));
    expect(end).toMatchObject({ kind: 'failed', failure: { cause: 'protocol-error', method: 'MSCHAPv2' } });
  });
});

describe('Nak', () => {
  it('R -> I: MD5, I -> R: Nak {GTC}; the failure then names both', () => {
    const peer = peerWith();
    expect(responseIn(peer.receive(request(1, EapType.MD5, fromHex('0400000000'))))).toMatchObject({
      type: EapType.Nak,
      data: Uint8Array.of(EapType.GTC),
    });
    expect(peer.receive(FAILURE)).toEqual({
      kind: 'failed',
      failure: { cause: 'method-not-allowed', offered: ['MD5'], wanted: ['GTC'] },
    });
  });

  it('takes the method that the server offers instead', () => {
    const peer = peerWith();
    const end = feed(peer, request(1, EapType.MD5, fromHex('0400000000')), gtc(2), SUCCESS);
    expect(end).toMatchObject({ kind: 'finished', methods: ['GTC'] });
  });

  it('is forgotten once a method has begun', () => {
    const end = feed(peerWith(), request(1, EapType.MD5, fromHex('0400000000')), gtc(2), FAILURE);
    expect(end).toMatchObject({ failure: { cause: 'wrong-password', method: 'GTC' } });
  });

  it('answers an expanded type in its own form, with the vendor in the failure', () => {
    const peer = peerWith();
    const output = peer.receive(fromHex('0105000cfe00013700000021'));
    expect(responseIn(output)).toMatchObject({ expanded: true, type: EapType.Nak });
    expect(peer.receive(FAILURE)).toMatchObject({ failure: { offered: ['vendor 311 type 33'] } });
  });

  it('is no request', () => {
    expect(peerWith().receive(request(1, EapType.Nak))).toMatchObject({
      kind: 'failed',
      failure: { cause: 'protocol-error' },
    });
  });
});

describe('EAP-Success', () => {
  it('is not believed before any method', () => {
    expect(peerWith().receive(SUCCESS)).toEqual({ kind: 'failed', failure: { cause: 'premature-success' } });
  });

  it('is not believed after Identity alone', () => {
    expect(feed(peerWith(), identity, SUCCESS)).toMatchObject({ failure: { cause: 'premature-success' } });
  });

  it('is not believed while a question is open', () => {
    const peer = peerWith({ password: undefined });
    expect(feed(peer, gtc(1), SUCCESS)).toMatchObject({
      failure: { cause: 'premature-success', method: 'GTC' },
    });
  });

  it('is not believed before MSCHAPv2 has proved the server', () => {
    const peer = peerWith({ methods: [{ type: 'MSCHAPv2' }] });
    expect(feed(peer, request(1, EapType.MSCHAPv2, MSCHAPV2_CHALLENGE), SUCCESS)).toMatchObject({
      failure: { cause: 'premature-success', method: 'MSCHAPv2' },
    });
  });

  it('is not believed while TLS is not open', () => {
    const peer = peerWith({ methods: [{ type: 'PEAP', inner: ['MSCHAPv2'] }] });
    expect(feed(peer, request(1, EapType.PEAP, fromHex('20')), SUCCESS)).toMatchObject({
      failure: { cause: 'premature-success', method: 'PEAP' },
    });
  });

  it('ends the conversation', () => {
    const peer = peerWith();
    expect(feed(peer, gtc(1), SUCCESS)).toEqual({ kind: 'finished', keys: {}, methods: ['GTC'] });
    expect(peer.receive(gtc(2))).toMatchObject({ kind: 'ignored' });
    expect(peer.answer({ kind: 'none' })).toMatchObject({ kind: 'ignored' });
  });
});

describe('EAP-Failure', () => {
  it('after a password blames the password', () => {
    expect(feed(peerWith(), gtc(1), FAILURE)).toEqual({
      kind: 'failed',
      failure: { cause: 'wrong-password', method: 'GTC', user: 'alice', retry: false },
    });
  });

  it('out of the blue is a refusal', () => {
    expect(feed(peerWith(), identity, FAILURE)).toEqual({ kind: 'failed', failure: { cause: 'refused' } });
  });

  it('leaves the best guess for a gateway that closes without it', () => {
    const peer = peerWith();
    feed(peer, gtc(1));
    expect(peer.suspicion).toMatchObject({ cause: 'wrong-password' });
  });
});

describe('a repeated request', () => {
  it('gets the same answer and is worked on once', () => {
    const peer = peerWith({ password: undefined });
    expect(peer.receive(gtc(1))).toMatchObject({ kind: 'ask' });
    expect(peer.receive(gtc(1))).toMatchObject({ kind: 'ignored' });
    const first = peer.answer({ kind: 'one-time-code', code: '123' });
    expect(peer.receive(gtc(1))).toEqual(first);
  });
});

describe('GTC', () => {
  it('asks with the prompt of the server, without what ends it', () => {
    const output = withoutPassword().receive(gtc(1, 'Code: \0'));
    expect(output).toMatchObject({ kind: 'ask', question: { kind: 'one-time-code', prompt: 'Code:' } });
  });

  it('gives a known password once; a further prompt is for the user', () => {
    const peer = peerWith();
    expect(fromUtf8(responseIn(peer.receive(gtc(1))).data)).toBe('secret');
    expect(peer.receive(gtc(2, 'Next code: '))).toMatchObject({
      kind: 'ask',
      question: { kind: 'one-time-code', prompt: 'Next code:' },
    });
  });
});

describe('a chain of methods', () => {
  const md5 = request(1, EapType.MD5, fromHex('0400000000'));

  it('asks for the second factor and finishes with both', () => {
    const peer = chained();
    expect(feed(peer, md5, gtc(2, 'FortiToken: '))).toEqual({
      kind: 'ask',
      question: { kind: 'one-time-code', user: 'alice', prompt: 'FortiToken:' },
    });
    expect(fromUtf8(responseIn(peer.answer({ kind: 'one-time-code', code: '42' })).data)).toBe('42');
    expect(peer.receive(SUCCESS)).toMatchObject({ kind: 'finished', methods: ['MD5', 'GTC'] });
  });

  it('goes on after a Success that announces the next method', () => {
    const peer = chained();
    expect(feed(peer, md5, fromHex('0301000506'))).toEqual({ kind: 'round-finished', next: 'GTC' });
    expect(feed(peer, request(2, EapType.Identity), gtc(3))).toMatchObject({ kind: 'ask' });
  });

  it('may end early, where the user has no second factor', () => {
    expect(feed(chained(), md5, SUCCESS)).toMatchObject({ kind: 'finished', methods: ['MD5'] });
  });

  it('does not begin before the first method has done its work', () => {
    const peer = chained({ methods: [{ type: 'MSCHAPv2' }] });
    const end = feed(peer, request(1, EapType.MSCHAPv2, MSCHAPV2_CHALLENGE), gtc(2));
    expect(end).toMatchObject({ kind: 'failed', failure: { cause: 'protocol-error' } });
  });

  it('is refused where the profile has none', () => {
    const peer = peerWith({ methods: [{ type: 'MD5' }] });
    expect(responseIn(feed(peer, md5, gtc(2)))).toMatchObject({ type: EapType.Nak });
    expect(peer.receive(fromHex('0301000506'))).toMatchObject({ kind: 'finished' });
  });
});

describe('what is no request of a server', () => {
  it.each([
    ['a response', '02010006016100'],
    ['half a packet', '0101'],
  ])('%s ends the conversation with its reason', (_, hex) => {
    expect(peerWith().receive(fromHex(hex))).toMatchObject({
      kind: 'failed',
      failure: { cause: 'protocol-error' },
    });
  });

  it('never ends: after 512 requests the peer has enough', () => {
    const peer = peerWith();
    const outputs = Array.from({ length: 513 }, (_, i) => peer.receive(request(i & 0xff, 1, String(i))).kind);
    expect(outputs.at(-2)).toBe('send');
    expect(outputs.at(-1)).toBe('failed');
  });
});
