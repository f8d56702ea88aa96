/** MSCHAPv2 by octets: the numbers of RFC 2759 §9.2 and RFC 3079 §3.5.3, packets of others, and packets that are none. */
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8 } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import {
  authenticatorResponse,
  challengeHash,
  decryptNewPassword,
  decryptOldHash,
  encryptNewPassword,
  encryptOldHash,
  mschapv2Msk,
  ntPasswordHash,
  ntResponse,
} from '#core/eap/methods/mschapv2-crypto.ts';
import type { PeerStep } from '#core/eap/method.ts';
import { failureOf } from '#core/eap/methods/mschapv2-exchange.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeChallenge,
  encodeResponse,
  encodeText,
  formatFailure,
  parseFailure,
  parseSuccess,
} from '#core/eap/methods/mschapv2-packet.ts';
import { MsChapV2Peer } from '#core/eap/methods/mschapv2-peer.ts';
import { createEapPeer } from '#core/eap/create-peer.ts';
import { readCapture, readSecretLog } from '#test/harness/gold.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';
import { describeWithVectors } from '#test/harness/shared-vectors.ts';

const AUTHENTICATOR = fromHex('5b5d7c7d7b3f2f3e3c2c602132262628');
const PEER = fromHex('21402324255e262a28295f2b3a337c7e');
const challenges = { authenticator: AUTHENTICATOR, peer: PEER, user: 'User' };

describe('RFC 2759 §9.2 and RFC 3079 §3.5.3', () => {
  const hash = ntPasswordHash('clientPass');
  const response = ntResponse(challenges, hash);

  it('hashes and responds', () => {
    expect(toHex(challengeHash(challenges))).toBe('d02e4386bce91226');
    expect(toHex(hash)).toBe('44ebba8d5312b8d611474411f56989ae');
    expect(toHex(response)).toBe('82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df');
  });

  it('does not hash the domain', () => {
    expect(toHex(challengeHash({ ...challenges, user: 'BIGCO\\User' }))).toBe('d02e4386bce91226');
  });

  it('proves the authenticator', () => {
    expect(authenticatorResponse(challenges, hash, response)).toBe(
      'S=407A5589115FD0D6209F510FE9C04566932CDA56',
    );
  });

  it('has a MSK of the key the peer sends with, the one it receives with, and zeros', () => {
    const keys = 'd5f0e9521e3ea9589645e86051c822268b7cdc149b993a1ba118cb153f56dccb';
    expect(toHex(mschapv2Msk(hash, response))).toBe(keys + '00'.repeat(32));
  });
});

describe('a new password', () => {
  const oldHash = ntPasswordHash('old');

  it('survives its encryption, at every length there is', () => {
    const { bytes } = seededRandom(5);
    for (const length of [0, 1, 20, 255, 256]) {
      const encrypted = encryptNewPassword('ü'.repeat(length), oldHash, bytes);
      expect(encrypted).toHaveLength(516);
      expect(decryptNewPassword(encrypted, oldHash)).toBe('ü'.repeat(length));
    }
    expect(() => encryptNewPassword('x'.repeat(257), oldHash, bytes)).toThrow(RangeError);
  });

  it('is nothing under another old password', () => {
    const encrypted = encryptNewPassword('new', oldHash, seededRandom(6).bytes);
    expect(decryptNewPassword(encrypted, ntPasswordHash('older'))).toBeUndefined();
  });

  it('encrypts the hash of the old one (RFC 2759 §8.12)', () => {
    const newHash = ntPasswordHash('new');
    expect(toHex(decryptOldHash(encryptOldHash(oldHash, newHash), newHash))).toBe(toHex(oldHash));
  });
});

describe('MS-CHAPv2-ID of the answer to a Failure', () => {
  const challenge = fromHex('000102030405060708090a0b0c0d0e0f');
  const refused = (id: number, code: number) => {
    const peer = new MsChapV2Peer('alice', 'old', seededRandom(7).bytes);
    peer.request(encodeChallenge(1, challenge, 'server'));
    peer.request(encodeText('failure', id, formatFailure({ code, retry: true, challenge, version: 3 })));
    return peer;
  };
  const head = (step: PeerStep): number[] => (step.do === 'respond' ? [...step.data.subarray(0, 2)] : []);

  it('is the next one in Change-Password (RFC 2759 §7)', () => {
    const answer = { kind: 'new-password', newPassword: 'new' } as const;
    expect(head(refused(2, 648).answer(answer))).toEqual([7, 3]);
    expect(head(refused(255, 648).answer(answer))).toEqual([7, 0]);
  });

  it('is the same in another Response', () => {
    expect(head(refused(2, 691).answer({ kind: 'password', password: 'new' }))).toEqual([2, 2]);
  });
});

describe('a change of the password that was refused', () => {
  const challenge = fromHex('000102030405060708090a0b0c0d0e0f');
  const failure = (code: number) =>
    encodeText('failure', 2, formatFailure({ code, retry: true, challenge, version: 3 }));
  const responseIn = (step: PeerStep) => {
    if (step.do !== 'respond') throw new Error(`no response: ${step.do}`);
    return decodeResponse(step.data);
  };
  /** Expired, and the first new password is not taken. */
  const refused = () => {
    const peer = new MsChapV2Peer('alice', 'old', seededRandom(8).bytes);
    peer.request(encodeChallenge(1, challenge, 'server'));
    peer.request(failure(648));
    peer.answer({ kind: 'new-password', newPassword: 'weak' });
    return peer;
  };

  it('is tried again with the password that still counts', () => {
    const peer = refused();
    peer.request(failure(648));
    const change = responseIn(peer.answer({ kind: 'new-password', newPassword: 'strong' }));
    if (change.op !== 'change-password') throw new Error(change.op);
    expect(decryptNewPassword(change.encryptedPassword, ntPasswordHash('old'))).toBe('strong');
  });

  it('is not told as one that succeeded, where another password lets us in', () => {
    const peer = refused();
    peer.request(failure(691));
    const response = responseIn(peer.answer({ kind: 'password', password: 'other' }));
    if (response.op !== 'response') throw new Error(response.op);
    const both = { authenticator: challenge, peer: response.peerChallenge, user: 'alice' };
    const proof = authenticatorResponse(both, ntPasswordHash('other'), response.ntResponse);
    peer.request(encodeText('success', 3, `${proof} M=Welcome`));
    expect([peer.satisfied, peer.changedPassword]).toEqual([true, undefined]);
  });
});

describe('the text of a Failure', () => {
  const challenge = '000102030405060708090A0B0C0D0E0F';

  it('has its fields', () => {
    expect(parseFailure(`E=691 R=1 C=${challenge} V=3 M=Try again`)).toEqual({
      code: 691,
      retry: true,
      challenge: fromHex(challenge),
      version: 3,
      message: 'Try again',
    });
  });

  it('needs no more than a code', () => {
    expect(parseFailure('E=648')).toEqual({ code: 648, retry: false, version: 0 });
  });

  it('may lack the blanks, and hold a field of its own and signs of equality in the message', () => {
    expect(parseFailure(`E=647C=${challenge}N=12M=a E=1 C=x`)).toMatchObject({
      code: 647,
      challenge: fromHex(challenge),
      message: 'a E=1 C=x',
    });
  });

  it('loses the NUL that strongSwan ends it with', () => {
    expect(parseFailure(`E=691 R=1 C=${challenge} V=3 M=Try again\0`)).toMatchObject({
      message: 'Try again',
    });
    expect(parseFailure(`E=648 R=0 C=${challenge} V=3\0`)).toMatchObject({ code: 648, version: 3 });
  });

  it('survives a round', () => {
    const text = { code: 691, retry: true, challenge: fromHex(challenge), version: 3, message: 'No' };
    expect(parseFailure(formatFailure(text))).toEqual(text);
  });

  it.each([
    ['nothing', ''],
    ['no code', 'R=1 M=no'],
    ['a code of letters', 'E=abc R=0'],
    ['a short challenge', 'E=691 R=1 C=0011 V=3'],
    ['a challenge of other letters', 'E=691 C=zzzz M=no'],
  ])('is refused: %s', (_, text) => {
    expect(() => parseFailure(text)).toThrow(DecodeError);
  });

  it.each([
    [646, { cause: 'account-restricted', restriction: 'logon-hours', user: 'alice' }],
    [647, { cause: 'account-restricted', restriction: 'disabled', user: 'alice' }],
    [648, { cause: 'password-expired', user: 'alice' }],
    [649, { cause: 'account-restricted', restriction: 'no-dialin', user: 'alice' }],
    [691, { cause: 'wrong-password', method: 'MSCHAPv2', user: 'alice', retry: false }],
    [709, { cause: 'password-not-changed', user: 'alice' }],
    [700, { cause: 'refused', method: 'MSCHAPv2', message: 'MS-CHAPv2 error(700)' }],
  ])('%i has its own cause', (code, failure) => {
    expect(failureOf({ code, retry: false, version: 3 }, 'alice')).toEqual(failure);
  });
});

describe('the text of a Success', () => {
  const proof = '407A5589115FD0D6209F510FE9C04566932CDA56';
  it('has a proof, and maybe a message', () => {
    expect(parseSuccess(`S=${proof} M=Welcome`)).toEqual({ proof: `S=${proof}`, message: 'Welcome' });
    expect(parseSuccess(`S=${proof} M=Welcome\0`)).toMatchObject({ message: 'Welcome' });
    expect(parseSuccess(`S=${proof.toLowerCase()}`)).toEqual({ proof: `S=${proof}` });
  });

  it.each(['', 'M=x', `S=${proof.slice(1)}`, `S=${proof.slice(2)}zz`])('is refused: %j', (text) => {
    expect(() => parseSuccess(text)).toThrow(DecodeError);
  });
});

describe('a packet of a server is refused', () => {
  it.each([
    ['a Failure shorter than its header', '0400'],
    ['a Failure whose length is shorter than its header', '04000003'],
    ['a Failure longer than what came', '04000010453d363931'],
    ['a challenge of six octets', '010024240600112233445561'],
    ['a challenge cut short', '01010010100011'],
    ['a Response', '02010005'],
    ['nothing', ''],
  ])('%s', (_, hex) => {
    expect(() => decodeRequest(fromHex(hex))).toThrow(DecodeError);
    const peer = createEapPeer({
      random: seededRandom(1).bytes,
      user: 'alice',
      password: 'x',
      methods: [{ type: 'MSCHAPv2' }],
    });
    const length = (hex.length / 2 + 5).toString(16).padStart(4, '0');
    expect(peer.receive(fromHex(`0101${length}1a${hex}`))).toMatchObject({
      kind: 'failed',
      failure: { cause: 'protocol-error', method: 'MSCHAPv2' },
    });
  });
});

/** A peer whose response is out. */
const challenged = () => {
  const peer = new MsChapV2Peer('alice', 'secret', seededRandom(2).bytes);
  peer.request(fromHex(`0101001510${'00'.repeat(16)}`));
  return peer;
};

describe('a server that does not know the password', () => {
  it('is not authenticated', () => {
    const peer = challenged();
    expect(peer.request(concatText(`S=${'A'.repeat(40)} M=OK`))).toMatchObject({
      do: 'fail',
      failure: { cause: 'server-not-authenticated', method: 'MSCHAPv2' },
    });
    expect(peer.satisfied).toBe(false);
  });

  it('does not succeed before it was answered', () => {
    const peer = new MsChapV2Peer('alice', 'secret', seededRandom(2).bytes);
    expect(() => peer.request(concatText(`S=${'A'.repeat(40)}`))).toThrow(DecodeError);
  });

  it('has to prove itself anew after a new challenge', () => {
    const peer = challenged();
    peer.satisfied = true;
    peer.request(fromHex(`0102001510${'11'.repeat(16)}`));
    expect(peer.satisfied).toBe(false);
  });

  it('cannot use the proof of an attempt that it has refused', () => {
    const peer = challenged();
    peer.request(fromHex('0402000a453d363931205231'));
    expect(() => peer.request(concatText(`S=${'A'.repeat(40)}`))).toThrow(DecodeError);
  });
});

/** A Success request. */
function concatText(text: string): Uint8Array {
  return Uint8Array.from([3, 1, 0, text.length + 4, ...utf8(text)]);
}

describe('a packet of a peer', () => {
  it('survives a round', () => {
    const value = { peerChallenge: PEER, ntResponse: new Uint8Array(24).fill(7) };
    const bytes = encodeResponse(9, value, 'alice');
    expect(decodeResponse(bytes)).toEqual({ op: 'response', id: 9, ...value, name: 'alice' });
  });

  it.each([
    ['a response of another size', '0200000a3000'],
    ['half a change of a password', '07000008000000'],
    ['a challenge', '01000005'],
    ['nothing', ''],
  ])('is refused: %s', (_, hex) => {
    expect(() => decodeResponse(fromHex(hex))).toThrow(DecodeError);
  });
});

const hexOf = (from: Record<string, string>, name: string): Uint8Array => fromHex(from[name] ?? 'absent');

describeWithVectors('aosp', (readJson) => {
  const test = (readJson('unit/EapMsChapV2Test.json') as { constants: Record<string, string> }).constants;
  const packets = (
    readJson('unit/EapMsChapV2PacketDefinitions.json') as { constants: Record<string, string> }
  ).constants;

  it('its challenge is answered with the same octets', () => {
    const peer = createEapPeer({
      random: () => hexOf(test, 'PEER_CHALLENGE'),
      user: 'User',
      password: 'clientPass',
      methods: [{ type: 'MSCHAPv2' }],
    });
    const output = peer.receive(hexOf(test, 'EAP_MSCHAP_V2_CHALLENGE_REQUEST'));
    expect(output.kind === 'send' && toHex(output.packet)).toBe(test['EAP_MSCHAP_V2_CHALLENGE_RESPONSE']);
  });

  // Success and Failure stand there without their blanks, so that their lengths are wrong: only challenges are usable.
  const named = Object.entries(packets).filter(([name]) => name.includes('CHALLENGE_REQUEST'));
  const broken = named.filter(([name]) => /SHORT|LONG/.test(name));

  it.each(named.filter((packet) => !broken.includes(packet)))('%s', (_, hex) => {
    const challenge = hexOf(packets, 'CHALLENGE');
    expect(decodeRequest(fromHex(`01${hex}`))).toMatchObject({ op: 'challenge', challenge });
  });

  it.each(broken)('%s is refused', (_, hex) => {
    expect(() => decodeRequest(fromHex(`01${hex}`))).toThrow(DecodeError);
  });
});

describeWithVectors('gold', () => {
  it('the captured conversation with strongSwan: the same response, its proof accepted, the same MSK', () => {
    const { messages } = readCapture('eap-mschapv2');
    const packets = messages.flatMap(({ message }) =>
      message.payloads.flatMap((payload) => (payload.kind === 'EAP' ? [payload.message] : [])),
    );
    // Behind EAP header, type, opcode, ID, MS-Length and value size.
    const captured = packets.find((packet) => packet[0] === 2 && packet[4] === 26 && packet[5] === 2);
    const peer = createEapPeer({
      random: () => captured?.slice(10, 26) ?? new Uint8Array(),
      user: 'alice@example.org',
      password: 'alice pässword',
      methods: [{ type: 'MSCHAPv2' }],
    });
    const responses = packets.filter((packet) => packet[0] === 2);
    for (const packet of packets.filter(([code]) => code === 1)) {
      const output = peer.receive(packet);
      expect(output.kind === 'send' && toHex(output.packet)).toBe(
        toHex(responses.shift() ?? new Uint8Array()),
      );
    }
    const end = peer.receive(packets.at(-1) ?? new Uint8Array());
    const [secret] = readSecretLog('eap-mschapv2').all('secret');
    expect(end.kind === 'finished' && toHex(end.keys.msk ?? new Uint8Array())).toBe(
      toHex(secret ?? new Uint8Array()),
    );
  });

  it('the captured MD5 with strongSwan', () => {
    const packets = readCapture('eap-md5').messages.flatMap(({ message }) =>
      message.payloads.flatMap((payload) => (payload.kind === 'EAP' ? [payload.message] : [])),
    );
    const peer = createEapPeer({
      random: seededRandom(1).bytes,
      user: 'alice@example.org',
      password: 'alice pässword',
      methods: [{ type: 'MD5' }],
    });
    const outputs = packets.filter(([code]) => code !== 2).map((packet) => peer.receive(packet));
    const sent = outputs.flatMap((output) => (output.kind === 'send' ? [toHex(output.packet)] : []));
    expect(sent).toEqual(packets.filter(([code]) => code === 2).map(toHex));
    expect(outputs.at(-1)).toMatchObject({ kind: 'finished', keys: {} });
  });
});
