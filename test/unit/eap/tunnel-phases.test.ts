/** What happens inside TTLS, PEAP and EAP-TLS once the tunnel is open, with servers that break the rules. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, EMPTY, fromHex, toHex, utf8 } from '#core/bytes/bytes.ts';
import { createEapPeer, type EapMethodSettings, type EapPeerSettings } from '#core/eap/create-peer.ts';
import { tlvPacket } from '#core/eap/methods/peap-header.ts';
import { bind, compoundKeys, compoundMsk, encodeTlvs, type Tlvs } from '#core/eap/methods/peap-tlv.ts';
import { decodeAvps, encodeAvps } from '#core/eap/methods/ttls-avp.ts';
import type { TlsOpened } from '#core/eap/tls-tunnel.ts';
import { EapType } from '#core/registry/eap-types.ts';
import { CHALLENGE, KEY_MATERIAL, ScriptedTunnel } from '#test/harness/scripted-tunnel.ts';
import { seededRandom } from '#test/harness/seeded-random.ts';
import { FAILURE, responseIn, SUCCESS } from './script.ts';

function subject(
  method: EapMethodSettings,
  settings: Partial<EapPeerSettings> = {},
  version: TlsOpened['version'] = 'TLSv1.2',
) {
  const peer = createEapPeer({
    random: seededRandom(1).bytes,
    user: 'alice',
    password: 'secret',
    methods: [method],
    ...settings,
  });
  return { peer, tunnel: new ScriptedTunnel(peer, EapType[method.type], version) };
}

const MSK = toHex(KEY_MATERIAL.subarray(0, 64));
const EMSK = toHex(KEY_MATERIAL.subarray(64));

describe('the keys of a tunnel', () => {
  const shared = 'EXPORTER_EAP_TLS_Key_Material';

  it.each<readonly [EapMethodSettings, string]>([
    [{ type: 'TLS' }, 'client EAP encryption'],
    [{ type: 'TTLS', inner: 'PAP' }, 'ttls keying material'],
    [{ type: 'PEAP', inner: ['GTC'] }, 'client EAP encryption'],
  ])('%j: RFC 5216 §2.3, RFC 5281 §8, RFC 9190 §2.3, RFC 9427 §2', (method, label) => {
    const { tunnel } = subject(method);
    tunnel.begin();
    expect(tunnel.open?.role).toBe('client');
    expect(tunnel.open?.exports[0]).toEqual({
      length: 128,
      upTo12: { label },
      from13: { label: shared, context: Uint8Array.of(EapType[method.type]) },
    });
  });

  it('TTLS has a challenge too, without a context', () => {
    const { tunnel } = subject({ type: 'TTLS', inner: 'CHAP' });
    tunnel.begin();
    expect(tunnel.open?.exports[1]).toEqual({
      length: 17,
      upTo12: { label: 'ttls challenge' },
      from13: { label: 'ttls challenge', context: EMPTY },
    });
  });
});

describe('EAP-TLS', () => {
  it('is done with the handshake up to TLS 1.2', () => {
    const { peer, tunnel } = subject({ type: 'TLS' });
    tunnel.begin();
    const end = peer.receive(SUCCESS);
    expect(end).toMatchObject({ kind: 'finished', methods: ['TLS'] });
    const { msk, emsk } = end.kind === 'finished' ? end.keys : {};
    expect([toHex(msk ?? EMPTY), toHex(emsk ?? EMPTY)]).toEqual([MSK, EMSK]);
  });

  it('wants the commitment of the server with TLS 1.3', () => {
    const early = subject({ type: 'TLS' }, {}, 'TLSv1.3');
    early.tunnel.begin();
    expect(early.peer.receive(SUCCESS)).toMatchObject({ failure: { cause: 'premature-success' } });
    const { peer, tunnel } = subject({ type: 'TLS' }, {}, 'TLSv1.3');
    tunnel.begin();
    expect(toHex(responseIn(tunnel.send(Uint8Array.of(0))).data)).toBe('00');
    expect(peer.receive(SUCCESS)).toMatchObject({ kind: 'finished' });
  });

  it.each([
    ['another octet', 'TLSv1.3', '01'],
    ['two octets', 'TLSv1.3', '0000'],
    ['any octet before TLS 1.3', 'TLSv1.2', '00'],
  ] as const)('refuses %s', (_, version, hex) => {
    const { tunnel } = subject({ type: 'TLS' }, {}, version);
    tunnel.begin();
    expect(tunnel.send(fromHex(hex))).toMatchObject({ failure: { cause: 'protocol-error', method: 'TLS' } });
  });

  it('says the length of its messages during the handshake and not after', () => {
    const { tunnel } = subject({ type: 'PEAP', inner: ['GTC'] });
    expect(toHex(responseIn(tunnel.begin()).data)).toBe('00170303');
    expect(toHex(responseIn(tunnel.send(fromHex('01'))).data)).toBe('00170303');
  });
});

describe('the start of a tunnel', () => {
  it('is a packet that says so', () => {
    const { peer, tunnel } = subject({ type: 'TLS' });
    expect(peer.receive(tunnel.request(0, fromHex('160301')))).toMatchObject({
      failure: { cause: 'protocol-error', detail: expect.stringContaining('Start') as string },
    });
  });

  it('needs somebody who speaks TLS', () => {
    const { peer, tunnel } = subject({ type: 'TLS' });
    peer.receive(tunnel.request(0x20));
    expect(peer.answer({ kind: 'none' })).toMatchObject({ failure: { cause: 'protocol-error' } });
  });
});

describe('PEAP', () => {
  const GTC = { type: 'PEAP', inner: ['GTC'] } as const;
  const identity = fromHex('01');
  const gtc = concat(Uint8Array.of(EapType.GTC), utf8('Code: '));
  const result = (tlvs: Tlvs) => tlvPacket('request', 77, encodeTlvs(tlvs));

  /** The inner method has done its work. */
  function authenticated(method: EapMethodSettings, settings: Partial<EapPeerSettings> = {}) {
    const { peer, tunnel } = subject(method, settings);
    tunnel.begin();
    tunnel.send(identity);
    tunnel.send(gtc);
    return { peer, tunnel };
  }

  it('S: 01 P: 01 user, S: 06 prompt P: 06 password: inside without headers, the user not outside', () => {
    const { peer, tunnel } = authenticated(GTC, { anonymous: 'nobody' });
    expect(tunnel.written.map(toHex)).toEqual([`01${toHex(utf8('alice'))}`, `06${toHex(utf8('secret'))}`]);
    tunnel.send(result({ result: 'success' }));
    expect(toHex(tunnel.written.at(-1) ?? EMPTY)).toBe('024d000b21800300020001');
    const end = peer.receive(SUCCESS);
    expect(end.kind === 'finished' && toHex(end.keys.msk ?? EMPTY)).toBe(MSK);
  });

  it('does not believe a result before the inner method', () => {
    const { tunnel } = subject(GTC);
    tunnel.begin();
    tunnel.send(identity);
    expect(tunnel.send(result({ result: 'success' }))).toEqual({
      kind: 'failed',
      failure: { cause: 'premature-success', method: 'PEAP' },
    });
  });

  it('does not believe EAP-Success before the result', () => {
    const { peer } = authenticated(GTC);
    expect(peer.receive(SUCCESS)).toMatchObject({ failure: { cause: 'premature-success', method: 'PEAP' } });
  });

  it('confirms a failure, whose cause is that of the inner method', () => {
    const { peer, tunnel } = authenticated(GTC);
    tunnel.send(result({ result: 'failure' }));
    expect(toHex(tunnel.written.at(-1) ?? EMPTY)).toBe('024d000b21800300020002');
    expect(peer.receive(FAILURE)).toMatchObject({ failure: { cause: 'wrong-password', method: 'GTC' } });
  });

  describe('with a cryptobinding', () => {
    const keys = compoundKeys(KEY_MATERIAL.subarray(0, 64), EMPTY);
    const nonce = new Uint8Array(32).fill(9);
    const required = { ...GTC, requireCryptobinding: true };

    it('answers it and takes its keys', () => {
      const { peer, tunnel } = authenticated(required);
      tunnel.send(result({ result: 'success', cryptobinding: bind(keys, 'request', nonce) }));
      const answer = encodeTlvs({ result: 'success', cryptobinding: bind(keys, 'response', nonce) });
      expect(toHex(tunnel.written.at(-1) ?? EMPTY)).toBe(toHex(tlvPacket('response', 77, answer)));
      const end = peer.receive(SUCCESS);
      expect(end.kind === 'finished' && toHex(end.keys.msk ?? EMPTY)).toBe(toHex(compoundMsk(keys)));
    });

    it('refuses a wrong one, even where none is required', () => {
      const { tunnel } = authenticated(GTC);
      const wrong = bind(compoundKeys(new Uint8Array(64), EMPTY), 'request', nonce);
      expect(tunnel.send(result({ result: 'success', cryptobinding: wrong }))).toMatchObject({
        failure: { cause: 'server-not-authenticated', method: 'PEAP' },
      });
    });

    it('refuses a server that sends none where it is required', () => {
      const { tunnel } = authenticated(required);
      expect(tunnel.send(result({ result: 'success' }))).toMatchObject({
        failure: { cause: 'server-not-authenticated', method: 'PEAP' },
      });
    });
  });

  it('refuses the extensions of NPS with a legacy Nak', () => {
    const { tunnel } = subject(GTC);
    tunnel.begin();
    tunnel.send(identity);
    tunnel.send(fromHex('fe0001370000002100'));
    expect(toHex(tunnel.written.at(-1) ?? EMPTY)).toBe('0306');
  });

  it('passes over the commitment of a TLS 1.3 server that sends one', () => {
    const { tunnel } = subject(GTC, {}, 'TLSv1.3');
    tunnel.begin();
    expect(toHex(responseIn(tunnel.send(fromHex('00'))).data)).toBe('00');
    expect(tunnel.written).toEqual([]);
  });
});

describe('TTLS', () => {
  it('writes PAP in blocks of sixteen octets', () => {
    const { tunnel } = subject({ type: 'TTLS', inner: 'PAP' });
    tunnel.begin();
    const avps = decodeAvps(tunnel.written[0] ?? EMPTY);
    expect(toHex(avps.get('userName') ?? EMPTY)).toBe(toHex(utf8('alice')));
    expect(toHex(avps.get('userPassword') ?? EMPTY)).toBe(`${toHex(utf8('secret'))}${'00'.repeat(10)}`);
  });

  it('writes CHAP with the challenge of the tunnel', () => {
    const { tunnel } = subject({ type: 'TTLS', inner: 'CHAP' });
    tunnel.begin();
    const avps = decodeAvps(tunnel.written[0] ?? EMPTY);
    expect(avps.get('chapChallenge')).toEqual(CHALLENGE.subarray(0, 16));
    // MD5 over the identifier, the password and the challenge.
    expect(toHex(avps.get('chapPassword') ?? EMPTY)).toBe(
      `c4${createHash('md5')
        .update(concat(CHALLENGE.subarray(16), utf8('secret'), CHALLENGE.subarray(0, 16)))
        .digest('hex')}`,
    );
  });

  it('asks for a password inside', () => {
    const { tunnel } = subject({ type: 'TTLS', inner: 'PAP' }, { password: undefined });
    expect(tunnel.begin()).toMatchObject({ kind: 'ask', question: { kind: 'password', method: 'TTLS/PAP' } });
    expect(responseIn(tunnel.answer({ kind: 'password', password: 'secret' })).type).toBe(EapType.TTLS);
    expect(tunnel.written).toHaveLength(1);
  });

  it('shows what the server says', () => {
    const { tunnel } = subject({ type: 'TTLS', inner: 'PAP' });
    tunnel.begin();
    expect(tunnel.send(encodeAvps([['replyMessage', utf8('Hello\0')]]))).toMatchObject({ notice: 'Hello' });
  });

  it('does not believe EAP-Success before MS-CHAPv2 has proved the server', () => {
    const { peer, tunnel } = subject({ type: 'TTLS', inner: 'MSCHAPv2' });
    tunnel.begin();
    expect(peer.receive(SUCCESS)).toMatchObject({ failure: { cause: 'premature-success', method: 'TTLS' } });
  });

  it('does not believe a proof that is none', () => {
    const { tunnel } = subject({ type: 'TTLS', inner: 'MSCHAPv2' });
    tunnel.begin();
    expect(tunnel.send(encodeAvps([['msChap2Success', utf8(`\u0001S=${'A'.repeat(40)}`)]]))).toMatchObject({
      failure: { cause: 'server-not-authenticated' },
    });
  });

  it('names the cause that MS-CHAP-Error gives', () => {
    const { peer, tunnel } = subject({ type: 'TTLS', inner: 'MSCHAPv2' });
    tunnel.begin();
    tunnel.send(encodeAvps([['msChapError', utf8('\u0001E=647 R=0 V=3')]]));
    expect(peer.receive(FAILURE)).toMatchObject({
      failure: { cause: 'account-restricted', restriction: 'disabled' },
    });
  });

  it.each([
    ['an AVP shorter than its header', '0000004f40000007'],
    ['an AVP longer than what came', '0000004f4000001000'],
    ['a mandatory AVP that nobody knows', '000003e74000000c00000000'],
    ['half an EAP packet inside', '0000004f4000000a01020000'],
  ])('refuses %s', (_, hex) => {
    const { tunnel } = subject({ type: 'TTLS', inner: { eap: ['GTC'] } });
    tunnel.begin();
    expect(tunnel.send(fromHex(hex))).toMatchObject({ kind: 'failed', failure: { cause: 'protocol-error' } });
  });
});
