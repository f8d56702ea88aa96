/** IKE_SA_INIT and IKE_AUTH as they should go (RFC 7296 §1.2): messages, events, keys. */
import { describe, expect, it } from 'vitest';
import { toHex } from '#core/bytes/bytes.ts';
import { formatTrafficSelector } from '#core/ike/traffic-selector.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import { ASSIGNED, esp, id, ike, Ikev2Pair } from '#test/harness/ikev2-pair.ts';

const childOf = (pair: Ikev2Pair, end: 'initiator' | 'responder'): ChildSa => {
  const [installed] = pair.events[end].of('child-installed');
  if (installed === undefined) throw new Error(`no child at the ${end}`);
  return installed.child;
};

const never = (): never => {
  throw new Error('is not there');
};

const texts = (selectors: ChildSa['localTs']): string[] => selectors.map((ts) => formatTrafficSelector(ts));

describe('the handshake', () => {
  it('connects in four messages', () => {
    const pair = new Ikev2Pair().connect();
    expect(pair.drawing.lines).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni',
      'R -> I: HDR, SAr1, KEr, Nr',
      'I -> R: HDR, SK {IDi, N(INITIAL_CONTACT), IDr, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}',
      'R -> I: HDR, SK {IDr, AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}',
    ]);
    expect(pair.events.initiator.types).toEqual(['path', 'ike-established', 'config', 'child-installed']);
    expect(pair.events.responder.types).toEqual(['path', 'ike-established', 'config', 'child-installed']);
    expect(pair.initiator.state).toBe('established');
    expect(pair.responder.state).toBe('established');
  });

  it('tells both ends the same SPIs, suite and peer, and the driver how far it came', () => {
    const pair = new Ikev2Pair().connect();
    const [atI] = pair.events.initiator.of('ike-established');
    const [atR] = pair.events.responder.of('ike-established');
    expect([atI?.spiI, atI?.spiR]).toEqual([atR?.spiI, atR?.spiR]);
    expect(atI?.suite).toEqual(atR?.suite);
    expect(atI?.remoteId).toEqual(id('gw.example.org'));
    expect(atR?.remoteId).toEqual(id('alice@example.org'));
    expect(pair.events.initiator.of('progress').map(({ detail }) => detail)).toEqual([
      'IKE_SA_INIT to 198.51.100.1:500',
      'IKE_AUTH to 198.51.100.1:4500',
    ]);
  });

  it('sends nonces of 32 octets and a fresh SPI', () => {
    const pair = new Ikev2Pair().connect();
    const nonces = pair.drawing.messages.flatMap(({ message }) =>
      message.payloads.filter((payload) => payload.kind === 'NONCE'),
    );
    expect(nonces.map(({ data }) => data.length)).toEqual([32, 32]);
    expect(new Ikev2Pair({ seed: 2 }).connect().initiator.spiI).not.toEqual(pair.initiator.spiI);
  });

  it('assigns what the gateway assigns', () => {
    const pair = new Ikev2Pair().connect();
    expect(pair.events.initiator.of('config')[0]?.config).toEqual(ASSIGNED);
    expect(pair.events.responder.of('config')[0]?.config).toEqual(ASSIGNED);
  });

  it('narrows 0.0.0.0/0 and ::/0 to the assigned addresses and the networks behind the gateway', () => {
    const pair = new Ikev2Pair().connect();
    const [atI, atR] = [childOf(pair, 'initiator'), childOf(pair, 'responder')];
    expect(texts(atI.localTs)).toEqual(['10.9.0.7/32', 'fd00:9::7/128']);
    expect(texts(atI.remoteTs)).toEqual(['10.1.0.0/16', 'fd00:1::/64']);
    expect([texts(atR.remoteTs), texts(atR.localTs)]).toEqual([texts(atI.localTs), texts(atI.remoteTs)]);
  });

  it('hands over a Child SA as configured', () => {
    const pair = new Ikev2Pair({
      initiator: { child: { replayWindow: 1024, hardLimit: { bytes: 1_000n }, lifetimeSec: 60 } },
    }).connect();
    const [installed] = pair.events.initiator.of('child-installed');
    expect(installed).toMatchObject({
      name: 'net',
      child: { mode: 'tunnel', replayWindow: 1024, hardLimit: { bytes: 1_000n }, encapsulation: 'none' },
    });
    expect(installed?.expiresAt).toBeGreaterThan(60_000);
    expect(installed?.expiresAt).toBeLessThan(62_000);
  });

  it('leaves all counters at zero', () => {
    const pair = new Ikev2Pair().connect();
    const zero = {
      malformed: 0,
      unauthenticated: 0,
      outOfWindow: 0,
      retransmitsReceived: 0,
      retransmitsSent: 0,
      unknownNotifies: 0,
      ignoredNotifies: 0,
    };
    expect(pair.initiator.counters).toEqual(zero);
    expect(pair.responder.counters).toEqual(zero);
  });

  it('tells each end the vendor IDs of the other', () => {
    const pair = new Ikev2Pair({
      initiator: { vendorIds: [Uint8Array.of(1, 2)] },
      responder: { vendorIds: [Uint8Array.of(3), Uint8Array.of(4)] },
    }).connect();
    expect(pair.drawing.lines.slice(0, 2)).toEqual([
      'I -> R: HDR, SAi1, KEi, Ni, V',
      'R -> I: HDR, SAr1, KEr, Nr, V, V',
    ]);
    const [atI] = pair.events.initiator.of('ike-established');
    expect(atI?.vendorIds).toEqual([Uint8Array.of(3), Uint8Array.of(4)]);
  });

  it('asks for no configuration where the profile wants none, and keeps its own addresses', () => {
    const pair = new Ikev2Pair({
      initiator: { request: { ip4: false, ip6: false, dns: false, subnets: false, domains: false } },
    }).connect();
    expect(pair.drawing.lines[2]).not.toContain('CP');
    expect(pair.events.initiator.types).toEqual(['path', 'ike-established', 'child-installed']);
    expect(formatTrafficSelector(childOf(pair, 'initiator').localTs[0] ?? never())).toBe('0.0.0.0/0');
  });

  it('leaves out IDr and INITIAL_CONTACT when told so', () => {
    const pair = new Ikev2Pair({ initiator: { sendRemoteId: false, initialContact: false } }).connect();
    expect(pair.drawing.lines[2]).toBe('I -> R: HDR, SK {IDi, AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}');
  });

  it('accepts any identity under the right key when the profile names none', () => {
    const pair = new Ikev2Pair({
      initiator: { remoteId: undefined, sendRemoteId: false },
      responder: { localId: id('198.51.100.1') },
    }).connect();
    expect(pair.events.initiator.of('ike-established')[0]?.remoteId).toEqual(id('198.51.100.1'));
  });

  it.each([
    '192.0.2.10',
    '2001:db8::1',
    'host.example.org',
    'me@example.org',
    'C=DE, O=Firm, CN=alice',
    'keyid:0x0102',
  ])('proves the identity %s', (text) => {
    const pair = new Ikev2Pair({ initiator: { localId: id(text) } }).connect();
    expect(pair.events.responder.of('ike-established')[0]?.remoteId).toEqual(id(text));
  });

  it('writes key log entries from which a capture can be decrypted', () => {
    const pair = new Ikev2Pair().connect();
    const [ikeI, childI] = pair.keyLog.initiator;
    const [ikeR, childR] = pair.keyLog.responder;
    expect(ikeI).toEqual(ikeR);
    expect(ikeI?.fields).toMatchObject({
      spiI: pair.initiator.spiI,
      spiR: pair.initiator.spiR,
      encryption: 'ENCR_AES_GCM_16',
      integrity: 'NONE',
    });
    expect(childI?.kind).toBe('child');
    expect(childI?.fields['encryptionIn']).toEqual(childR?.fields['encryptionOut']);
    expect(childI?.fields['spiIn']).toBe(childR?.fields['spiOut']);
    // Copies: the SA may wipe its own.
    pair.initiator.abandon(pair.now);
    expect(ikeI?.fields['skD']).not.toEqual(new Uint8Array(32));
    expect(ikeI?.fields['skD']).toHaveLength(32);
  });
});

describe('both ends compute the same Child SA, crosswise', () => {
  it.each([
    ['aes128gcm16-prfsha256-curve25519', 'aes128gcm16'],
    ['aes256gcm16-prfsha384-ecp256', 'aes256gcm16-esn'],
    ['aes256gcm12-prfsha512-curve25519', 'aes192gcm12'],
    ['aes128gcm8-prfsha1-curve25519', 'aes128gcm8'],
    ['aes256ccm16-prfsha256-curve25519', 'aes256ccm16'],
    ['chacha20poly1305-prfsha256-curve25519', 'chacha20poly1305'],
    ['aes128-sha1-curve25519', 'aes128-sha1'],
    ['aes256-sha256-ecp384', 'aes256-sha256'],
    ['aes192-sha384-curve25519', 'aes192-sha384-esn'],
    ['aes256-sha512-ecp521', 'aes256-sha512'],
    ['aes128ctr-sha256-curve25519', 'aes256ctr-sha256'],
    ['aes128-aesxcbc-curve25519', 'aes128-aesxcbc'],
    ['aes128-aescmac-curve25519', 'aes128-aescmac'],
    ['aes128-sha256-modp2048', 'aes128-sha256'],
    ['aes128-sha256-curve448', 'null-sha256'],
    ['3des-md5-modp1024', '3des-md5'],
  ])('%s with %s', (ikeText, espText) => {
    const pair = new Ikev2Pair({
      initiator: { proposals: ike(ikeText), child: { proposals: esp(espText) } },
      responder: { proposals: ike(ikeText), child: { proposals: esp(espText) } },
    }).connect();
    const [atI, atR] = [childOf(pair, 'initiator'), childOf(pair, 'responder')];
    expect([atI.spiIn, atI.spiOut]).toEqual([atR.spiOut, atR.spiIn]);
    expect(atI.suite).toEqual(atR.suite);
    expect(atI.keysIn).toEqual(atR.keysOut);
    expect(atI.keysOut).toEqual(atR.keysIn);
    expect(atI.keysIn).not.toEqual(atI.keysOut);
    const { encryption, integrity } = atI.suite;
    expect(atI.keysIn.encryption).toHaveLength(encryption.keyBytes + encryption.saltBytes);
    expect(atI.keysIn.integrity).toHaveLength(integrity?.keyBytes ?? 0);
    expect(toHex(atI.keysIn.encryption)).not.toMatch(/^0+$/);
  });
});
