/**
 * Octets that other implementations made or that were captured from them: AOSP, free5GC, ike-scan, scapy, Wireshark,
 * tcpdump; and the malformed ones of libreswan's and tcpdump's tests.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { concat, fromHex, toHex } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { encryptionRow } from '#core/crypto/encryption.ts';
import { integrityRow } from '#core/crypto/integrity.ts';
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import { prfRow } from '#core/crypto/prf.ts';
import { formatIdentification, parseIdentification } from '#core/ike/identification.ts';
import { natDetectionHash } from '#core/ike/nat-detection.ts';
import { encodeChain } from '#core/ikev2/chain.ts';
import { decodeMessage, encodeMessage } from '#core/ikev2/message.ts';
import { violation } from '#core/ikev2/message-rules.ts';
import { encodeBody, payloadRow } from '#core/ikev2/payload-table.ts';
import type { Payload } from '#core/ikev2/payload-types.ts';
import { createProtection } from '#core/ikev2/protection.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { integrityAlgorithms } from '#core/registry/integrity-algorithms.ts';
import { PayloadType } from '#core/registry/payload-types.ts';
import { prfs } from '#core/registry/prfs.ts';
import { must, openWith, type TableRow } from '#test/harness/gold.ts';
import { readFrames, readIke } from '#test/harness/pcap.ts';
import { describeWithVectors } from '#test/harness/shared-vectors.ts';

const VECTORS = '/work/shared/vectors';

type KnownType = keyof typeof PayloadType;
const decodeBody = (type: KnownType, hex: string): Payload =>
  must(payloadRow(PayloadType[type]), type).decode(fromHex(hex.toLowerCase()));

function tryDecode(type: KnownType, hex: string): Payload | 'refused' {
  try {
    return decodeBody(type, hex);
  } catch (error) {
    if (error instanceof DecodeError) return 'refused';
    throw error;
  }
}

const sha1 = must(integrityRow(integrityAlgorithms.byName.AUTH_HMAC_SHA1_96), 'HMAC-SHA1-96');
const aes128 = must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_CBC, 128), 'AES-CBC-128');
const tripleDes = must(encryptionRow(encryptionAlgorithms.byName.ENCR_3DES), '3DES');
const gcm256 = must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_GCM_16, 256), 'AES-GCM-256');

type Constants = Readonly<Record<string, string>>;

describeWithVectors('aosp/unit', (readJson) => {
  const constants = (file: string): Constants =>
    (readJson(`${file}.json`) as { readonly constants: Constants }).constants;
  const constant = (file: string, name: string): string => must(constants(file)[name], name).toLowerCase();

  it.each<[KnownType, string, string, number]>([
    // Payload type, file, constant, octets of a generic header in front of the body.
    ['IDr', 'IkeIdPayloadTest', 'IPV4_ADDR_ID_PAYLOAD_RESPONDER_BODY_HEX_STRING', 0],
    ['IDr', 'IkeIdPayloadTest', 'IPV6_ADDR_ID_PAYLOAD_RESPONDER_BODY_HEX_STRING', 0],
    ['IDi', 'IkeIdPayloadTest', 'FQDN_ID_PAYLOAD_BODY_HEX_STRING', 0],
    ['IDi', 'IkeIdPayloadTest', 'RFC822_ADDR_ID_PAYLOAD_BODY_HEX_STRING', 0],
    ['IDi', 'IkeIdPayloadTest', 'KEY_ID_PAYLOAD_BODY_HEX_STRING', 0],
    ['IDi', 'IkeIdPayloadTest', 'ASN1_DN_PAYLOAD_BODY_HEX_STRING', 0],
    ['CERTREQ', 'IkeCertReqPayloadTest', 'CERT_REQ_PAYLOAD', 4],
    ['CERT', 'IkeCertX509CertPayloadTest', 'CERT_PAYLOAD_BODY_HEX_STRING', 0],
    ['KE', 'IkeKePayloadTest', 'KE_PAYLOAD_RAW_PACKET', 0],
    ['NONCE', 'IkeNoncePayloadTest', 'NONCE_PAYLOAD_RAW_HEX_STRING', 4],
    ['N', 'IkeNotifyPayloadTest', 'NOTIFY_NAT_DETECTION_PAYLOAD_BODY_HEX_STRING', 0],
    ['N', 'IkeNotifyPayloadTest', 'NOTIFY_REKEY_PAYLOAD_BODY_HEX_STRING', 0],
    ['D', 'IkeDeletePayloadTest', 'DELETE_IKE_PAYLOAD_HEX_STRING', 4],
    ['D', 'IkeDeletePayloadTest', 'DELETE_CHILD_PAYLOAD_HEX_STRING', 4],
    ['TSi', 'IkeTsPayloadTest', 'TS_INITIATOR_PAYLOAD_HEX_STRING', 4],
    ['CP', 'IkeConfigPayloadTest', 'CONFIG_REQ_PAYLOAD_HEX', 4],
    ['CP', 'IkeConfigPayloadTest', 'CONFIG_RESP_PAYLOAD_HEX', 4],
    ['EAP', 'IkeEapPayloadTest', 'IKE_EAP_PAYLOAD', 4],
    ['SA', 'IkeSaPayloadTest', 'INBOUND_PROPOSAL_RAW_PACKET', 0],
    ['SA', 'IkeSaPayloadTest', 'INBOUND_TWO_PROPOSAL_RAW_PACKET', 0],
    ['SA', 'IkeSaPayloadTest', 'INBOUND_CHILD_PROPOSAL_RAW_PACKET', 0],
    ['SA', 'IkeSaPayloadTest', 'INBOUND_CHILD_TWO_PROPOSAL_RAW_PACKET', 0],
    ['SA', 'IkeSaPayloadTest', 'saPayloadBodyHex', 0],
  ])('%s of %s: %s', (type, file, name, header) => {
    const hex = constant(file, name).slice(2 * header);
    expect(toHex(encodeBody(decodeBody(type, hex)))).toBe(hex);
  });

  it.each<[KnownType, string, string, string]>([
    ['TSi', 'IkeTrafficSelectorTest', 'TX_IPV4_INVALID_PORT_RANGE_HEX_STRING', '01000000'],
    ['TSi', 'IkeTrafficSelectorTest', 'TX_IPV4_INVALID_ADDRESS_RANGE_HEX_STRING', '01000000'],
    // Two SPIs of two octets.
    ['D', 'IkeDeletePayloadTest', 'DELETE_MULTIPLE_CHILD_PAYLOAD_HEX_STRING', ''],
  ])('%s of %s: %s is refused', (type, file, name, front) => {
    const hex = constant(file, name)
      .slice(name.startsWith('DELETE') ? 8 : 0)
      .replace(/^03040002/, '03020002');
    expect(() => decodeBody(type, front + hex)).toThrow(DecodeError);
  });

  it('an identity that is no name is kept, and printed as hex', () => {
    const payload = decodeBody(
      'IDi',
      constant('IkeIdPayloadTest', 'ASN1_DN_INVALID_PAYLOAD_BODY_HEX_STRING'),
    );
    expect(payload.kind === 'IDi' && formatIdentification(payload.id)).toBe('asn1dn:#1010101010');
  });

  it('an identity that is a name is printed as one', () => {
    const payload = decodeBody('IDi', constant('IkeIdPayloadTest', 'ASN1_DN_PAYLOAD_BODY_HEX_STRING'));
    expect(payload.kind === 'IDi' && formatIdentification(payload.id)).toBe(
      'C=US, O=Android, CN=small.server.test.android.net',
    );
  });

  it('NAT detection', () => {
    const spi = (name: string): Uint8Array => fromHex(constant('IkeNotifyPayloadTest', name));
    const hash = natDetectionHash(spi('IKE_INITIATOR_SPI_HEX_STRING'), spi('IKE_RESPODNER_SPI_HEX_STRING'), {
      address: '10.80.80.13',
      port: 500,
    });
    expect(toHex(hash)).toBe(constant('IkeNotifyPayloadTest', 'NAT_DETECTION_DATA_HEX_STRING'));
  });

  it('IKE_SA_INIT', () => {
    const hex = constant('IkeHeaderTest', 'IKE_SA_INIT_RAW_PACKET');
    const decoded = decodeMessage(fromHex(hex));
    expect(decoded.outcome).toBe('ok');
    expect(
      decoded.outcome === 'ok' && toHex(encodeMessage(decoded.message.header, decoded.message.payloads)),
    ).toBe(hex);
    expect(decoded.outcome === 'ok' && decoded.message.payloads.map(({ kind }) => kind)).toEqual([
      'SA',
      'KE',
      'NONCE',
      'N',
      'N',
      'V',
    ]);
  });

  const body = 'IkeEncryptedPayloadBodyTest';
  it.each([
    [
      'AES-CBC and HMAC-SHA1',
      { encryption: aes128, integrity: sha1 },
      [
        'IKE_AUTH_INIT_REQUEST_HEADER',
        'IKE_AUTH_INIT_REQUEST_SK_HEADER',
        'IKE_AUTH_INIT_REQUEST_IV',
        'IKE_AUTH_INIT_REQUEST_ENCRYPT_PADDED_DATA',
        'IKE_AUTH_INIT_REQUEST_CHECKSUM',
      ],
      'ENCR_KEY_FROM_INIT_TO_RESP',
      'INTE_KEY_FROM_INIT_TO_RESP',
      'IKE_AUTH_INIT_REQUEST_UNENCRYPTED_DATA',
    ],
    [
      '3DES and HMAC-SHA1',
      { encryption: tripleDes, integrity: sha1 },
      ['HMAC_SHA1_3DES_MSG_HEX_STRING'],
      'HMAC_SHA1_3DES_MSG_ENCR_KEY',
      'HMAC_SHA1_3DES_MSG_INTE_KEY',
      'HMAC_SHA1_3DES_DECRYPTED_BODY_HEX_STRING',
    ],
    [
      'AES-GCM',
      { encryption: gcm256 },
      ['AES_GCM_MSG_HEX_STRING'],
      'AES_GCM_MSG_ENCR_KEY',
      undefined,
      'AES_GCM_MSG_DECRYPTED_BODY_HEX_STRING',
    ],
  ] as const)('SK with %s', (_, suite, parts, encryptionKey, integrityKey, plaintext) => {
    const bytes = concat(...parts.map((part) => fromHex(constant(body, part))));
    const keys = {
      encryption: fromHex(constant(body, encryptionKey)),
      integrity: integrityKey ? fromHex(constant(body, integrityKey)) : new Uint8Array(),
    };
    const decoded = createProtection(suite as IkeSuite, keys, () => bytes).open(bytes);
    expect(decoded.outcome).toBe('ok');
    expect(decoded.outcome === 'ok' && toHex(encodeChain(decoded.message.payloads).bytes)).toBe(
      constant(body, plaintext),
    );
  });
});

describeWithVectors('free5gc-ike', (readJson) => {
  const entries = (file: string): { readonly name: string; readonly hex: string }[] =>
    (readJson(file) as { readonly entries: { name: string; hex: string }[] }).entries;
  const named = (file: string, pattern: RegExp): string[] =>
    entries(file)
      .filter(({ name }) => pattern.test(name))
      .map(({ hex }) => hex);

  it.each<[KnownType, string]>([
    ['AUTH', 'payload_authentication.json'],
    ['CERT', 'payload_certificate.json'],
    ['CERTREQ', 'payload_certificaterequest.json'],
    ['D', 'payload_delete.json'],
    ['IDi', 'payload_identificationinitiator.json'],
    ['IDr', 'payload_identificationresponder.json'],
    ['KE', 'payload_keyexchange.json'],
    ['NONCE', 'payload_nonce.json'],
    ['N', 'payload_notification.json'],
    ['CP', 'payload_onfiguration.json'],
    ['TSi', 'payload_trafficselectorinitiator.json'],
    ['TSr', 'payload_trafficselectorresponder.json'],
    ['V', 'payload_vendorid.json'],
  ])('%s, from %s', (type, file) => {
    const valid = named(file, /^(valid|expMarshal)/);
    expect(valid.length).toBeGreaterThan(0);
    for (const hex of valid) {
      expect(toHex(encodeBody(decodeBody(type, hex)))).toBe(hex);
    }
  });

  it('what their tests call broken is refused', () => {
    const files = [
      ['SA', 'payload_securityassociation.json'],
      ['TSi', 'payload_trafficselectorinitiator.json'],
      ['CP', 'payload_onfiguration.json'],
    ] as const;
    const broken = files.flatMap(([type, file]) =>
      named(file, /^b$/).map((hex) => ({ type, hex, decoded: tryDecode(type, hex) })),
    );
    // A CP without attributes is proper to us; its reserved octets mean nothing.
    const taken = broken.filter(({ decoded }) => decoded !== 'refused').map(({ hex }) => hex);
    expect(taken).toEqual(['01020304']);
    expect(broken.length).toBeGreaterThan(10);
  });

  it('their IKE proposals have SPIs of impossible sizes, which we refuse', () => {
    for (const hex of named('payload_securityassociation.json', /^valid/)) {
      expect(() => decodeBody('SA', hex)).toThrow(/SPI size/);
    }
  });

  it('a whole IKE_SA_INIT goes there and back', () => {
    const [hex = ''] = named('message.json', /^data$/);
    const decoded = decodeMessage(fromHex(hex));
    expect(
      decoded.outcome === 'ok' && toHex(encodeMessage(decoded.message.header, decoded.message.payloads)),
    ).toBe(hex);
  });
});

const packet = (file: string): Uint8Array => new Uint8Array(readFileSync(`${VECTORS}/ike-scan/${file}`));

describeWithVectors('ike-scan', () => {
  it('its IKEv2 request goes there and back', () => {
    const bytes = packet('pkt-ikev2.dat');
    const decoded = decodeMessage(bytes);
    expect(decoded.outcome === 'ok' && decoded.message.payloads.map(({ kind }) => kind)).toEqual([
      'SA',
      'KE',
      'NONCE',
    ]);
    expect(
      decoded.outcome === 'ok' && toHex(encodeMessage(decoded.message.header, decoded.message.payloads)),
    ).toBe(toHex(bytes));
  });

  it('its IKEv2 answer is NO_PROPOSAL_CHOSEN', () => {
    expect(decodeMessage(packet('pkt-v2-notify-response.dat'))).toMatchObject({
      outcome: 'ok',
      message: { header: { response: true }, payloads: [{ kind: 'N', type: 14 }] },
    });
  });

  it.each([
    'pkt-aggressive.dat',
    'pkt-default-proposal.dat',
    'pkt-main-mode-response.dat',
    'pkt-notify-response.dat',
  ])('%s is IKEv1', (file) => {
    expect(decodeMessage(packet(file))).toMatchObject({
      outcome: 'unprotected-error',
      detail: 'major version 1',
    });
  });
});

describeWithVectors('scapy', () => {
  it('its capture behind a NAT goes there and back', () => {
    const messages = readIke(readFileSync(`${VECTORS}/scapy/ikev2_nat_t.pcapng`));
    expect(messages).toHaveLength(30);
    for (const { payload: bytes } of messages) {
      const decoded = decodeMessage(bytes);
      const again =
        decoded.outcome === 'ok' ? encodeMessage(decoded.message.header, decoded.message.payloads) : bytes;
      expect(['ok', 'sealed']).toContain(decoded.outcome);
      expect(toHex(again)).toBe(toHex(bytes));
    }
  });
});

interface WiresharkKeys {
  readonly spii: string;
  readonly spir: string;
  readonly sk_ei: string;
  readonly sk_er: string;
  readonly sk_ai: string;
  readonly sk_ar: string;
}

describeWithVectors('wireshark', (readJson) => {
  const keys = readJson('ikev2_keys.json') as WiresharkKeys[];
  const sha1Prf = must(prfRow(prfs.byName.PRF_HMAC_SHA1), 'HMAC-SHA1');
  const sha256 = must(integrityRow(integrityAlgorithms.byName.AUTH_HMAC_SHA2_256_128), 'HMAC-SHA2-256-128');
  const aes256 = must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_CBC, 256), 'AES-CBC-256');
  const algorithms: readonly Pick<TableRow, 'encryption' | 'integrity'>[] = [
    // HMAC_SHA1_160 (RFC 4595) is for Fibre Channel only; the capture has it all the same.
    {
      encryption: tripleDes,
      integrity: { ...sha1, icvBytes: 20, mac: (key, ...parts) => sha1Prf.compute(key, ...parts) },
    },
    { encryption: aes256, integrity: sha256 },
    { encryption: gcm256 },
  ];
  const rows = keys.map((row, i) => ({
    spis: row.spii + row.spir,
    ...must(algorithms[i], 'algorithms'),
    fromInitiator: { encryption: fromHex(row.sk_ei), integrity: fromHex(row.sk_ai) },
    fromResponder: { encryption: fromHex(row.sk_er), integrity: fromHex(row.sk_ar) },
  }));

  it.each([
    'ikev2-decrypt-3des-sha1_160.pcap',
    'ikev2-decrypt-aes256cbc.pcapng',
    'ikev2-decrypt-aes256gcm16.pcap',
  ])('%s', (file) => {
    const expected = readJson(`${file}.expect.json`) as { readonly decrypted_field_must_contain: string };
    const plaintexts: string[] = [];
    for (const { payload: bytes } of readIke(readFileSync(`${VECTORS}/wireshark/${file}`))) {
      const decoded = decodeMessage(bytes);
      if (decoded.outcome !== 'sealed') continue;
      const { message, plaintext = new Uint8Array() } = openWith(rows, decoded.header, bytes);
      expect(toHex(plaintext).startsWith(toHex(encodeChain(message.payloads).bytes))).toBe(true);
      plaintexts.push(toHex(plaintext));
    }
    expect(plaintexts.join()).toContain(expected.decrypted_field_must_contain);
  });
});

describeWithVectors('malformed', (readJson) => {
  const { packets } = readJson('libreswan-cve-packets.json') as {
    readonly packets: readonly { readonly origin: string; readonly hex: string }[];
  };

  const reasons = [
    /^major version 0/,
    /^major version 1/,
    /^major version 1/,
    /^Exchange Type\(0\) request: an exchange that is not known/,
    /^last payload: 156 octets too many/,
    /^last payload: 156 octets too many/,
    /^IKE_SA_INIT request: no NONCE/,
    /^key exchange data: is empty/,
  ];

  it('has a reason for every packet', () => {
    expect(packets).toHaveLength(reasons.length);
  });

  it.each(packets.map(({ origin, hex }, i) => [i, origin, hex, must(reasons[i], 'reason')] as const))(
    '%i: %s',
    (_, __, hex, why) => {
      const decoded = decodeMessage(fromHex(hex));
      // Some are well formed and say too little; the rules of their exchange refuse those.
      const refusal =
        decoded.outcome === 'ok' ? violation(decoded.message, false) : 'detail' in decoded && decoded.detail;
      expect(refusal).toMatch(why);
    },
  );

  it('strongSwan: every text of its corpus is an identity that prints safely, or none', () => {
    const folder = `${VECTORS}/malformed/strongswan-corpora/ids`;
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      const id = parseIdentification(readFileSync(`${folder}/${file}`, 'latin1'));
      expect(id ? formatIdentification(id) : '').not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it('tcpdump: every datagram gets a typed outcome', () => {
    const folder = `${VECTORS}/malformed/tcpdump`;
    let count = 0;
    for (const file of readdirSync(folder)) {
      for (const { bytes } of readFrames(readFileSync(`${folder}/${file}`))) {
        // Whatever the link below: every offset where a message might begin.
        for (let at = 0; at < Math.min(bytes.length, 64); at++) {
          expect(['ok', 'sealed', 'unprotected-error']).toContain(decodeMessage(bytes.subarray(at)).outcome);
          count++;
        }
      }
    }
    expect(count).toBeGreaterThan(100);
  });
});
