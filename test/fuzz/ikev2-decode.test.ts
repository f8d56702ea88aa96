/**
 * Whatever arrives, decoding answers with one of its outcomes and never throws: octets from anyone, and octets under the
 * right key. Each property stops after its share of ten seconds; the counts that are printed tell how far it came.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, equal, utf8 } from '#core/bytes/bytes.ts';
import { encryptionKeyBytes, encryptionRow } from '#core/crypto/encryption.ts';
import { integrityRow } from '#core/crypto/integrity.ts';
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import { keyExchangeRow } from '#core/crypto/key-exchange.ts';
import { prfRow } from '#core/crypto/prf.ts';
import { encodeChain } from '#core/ikev2/chain.ts';
import { Reassembly } from '#core/ikev2/fragments.ts';
import { IntAuth } from '#core/ikev2/int-auth.ts';
import { decodeMessage, encodeIkeHeader, encodeMessage } from '#core/ikev2/message.ts';
import { violation } from '#core/ikev2/message-rules.ts';
import { encodeBody } from '#core/ikev2/payload-table.ts';
import type { Decoded, Sealed } from '#core/ikev2/payload-types.ts';
import { createProtection, type ProtectionKeys } from '#core/ikev2/protection.ts';
import { decodeTarget, encodeTarget, redirectTarget } from '#core/ikev2/redirect-target.ts';
import { encryptionAlgorithms } from '#core/registry/encryption-algorithms.ts';
import { integrityAlgorithms } from '#core/registry/integrity-algorithms.ts';
import { keyExchangeMethods } from '#core/registry/key-exchange-methods.ts';
import { payloadTypes } from '#core/registry/payload-types.ts';
import { prfs } from '#core/registry/prfs.ts';
import { header, payload } from '#test/harness/ikev2-arbitraries.ts';
import { sealOctets } from '#test/harness/ikev2-seal.ts';
import { seededRandom } from '#test/unit/crypto/fixed-random.ts';

const SHARE_MS = 1500;

/** The outcomes that came up, sorted. Runs for its share of time; a failure prints the seed to run it again. */
function outcomesOf<T>(inputs: fc.Arbitrary<T>, check: (input: T) => string): string[] {
  const counts = new Map<string, number>();
  const property = fc.property(inputs, (input) => {
    const outcome = check(input);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  });
  fc.assert(property, { numRuns: 1_000_000, interruptAfterTimeLimit: SHARE_MS });
  const told = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  console.log(`${expect.getState().currentTestName}: ${told}`);
  return [...counts.keys()].sort();
}

/** What every outcome promises, whoever sent the octets. */
function inspect(decoded: Decoded | Sealed): string {
  if (decoded.outcome === 'ok') {
    const { message } = decoded;
    violation(message, decoded.protected);
    // Selectors of unknown types are left out, so a TS payload may end up empty; all else can be sent again.
    const empty = message.payloads.filter((one) => 'selectors' in one && one.selectors.length === 0);
    for (const one of message.payloads.filter((each) => !empty.includes(each))) encodeBody(one);
  }
  return decoded.outcome;
}

const datagram = fc
  .tuple(header, fc.array(payload, { maxLength: 6 }))
  .map(([head, payloads]) => encodeMessage(head, payloads));

/** Cuts, inserts, repeats and changes octets. */
const edit = fc.record({
  at: fc.nat(600),
  remove: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(40)),
  insert: fc.oneof({ weight: 5, arbitrary: fc.constant(new Uint8Array()) }, fc.uint8Array({ maxLength: 40 })),
  set: fc.option(fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 3, 4, 0x7f, 0x80, 0xff)), { nil: undefined }),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function apply(octets: Uint8Array, edits: readonly Edit[]): Uint8Array {
  return edits.reduce((bytes, { at, remove, insert, set }) => {
    const position = bytes.length === 0 ? 0 : at % bytes.length;
    const edited = concat(bytes.subarray(0, position), insert, bytes.subarray(position + remove));
    if (set !== undefined && position < edited.length) edited[position] = set;
    return edited;
  }, octets);
}

const edits = fc.array(edit, { minLength: 1, maxLength: 4 });

/** The header says the true length again, so that what lies behind that check is reached. */
function fixLength(bytes: Uint8Array): Uint8Array {
  const fixed = bytes.slice();
  if (fixed.length >= 28) new DataView(fixed.buffer).setUint32(24, fixed.length);
  return fixed;
}

const anyType = fc.oneof(fc.constantFrom(...payloadTypes.rows.map(({ id }) => id)), fc.nat(255));
/** Generic headers whose lengths fit, around bodies that need not. */
const chain = fc
  .array(fc.tuple(anyType, fc.nat(255), fc.uint8Array({ maxLength: 60 })), { maxLength: 5 })
  .map((links) => ({
    first: links[0]?.[0] ?? 0,
    bytes: concat(
      ...links.map(([, flags, body], i) =>
        concat(Uint8Array.of(links[i + 1]?.[0] ?? 0, flags, 0, body.length + 4), body),
      ),
    ),
  }));

const receive = (bytes: Uint8Array): string => inspect(decodeMessage(bytes));

describe('octets from anyone', () => {
  it('random', () => {
    expect(outcomesOf(fc.uint8Array({ maxLength: 200 }), receive)).toEqual(['unprotected-error']);
  });

  it('a header with payloads of random content', () => {
    const bytes = fc
      .tuple(header, chain)
      .map(([head, { first, bytes: body }]) => concat(encodeIkeHeader(head, first, body.length), body));
    expect(outcomesOf(bytes, receive)).toEqual(['ok', 'sealed', 'unprotected-error']);
  });

  it('edited messages', () => {
    const bytes = fc.tuple(datagram, edits, fc.boolean()).map(([whole, list, fix]) => {
      const edited = apply(whole, list);
      return fix ? fixLength(edited) : edited;
    });
    expect(outcomesOf(bytes, receive)).toEqual(expect.arrayContaining(['ok', 'unprotected-error']));
  });
});

const must = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('a row is missing');
  return value;
};

const common = {
  prf: must(prfRow(prfs.byName.PRF_HMAC_SHA2_256)),
  keyExchange: must(keyExchangeRow(keyExchangeMethods.byName.Curve25519)),
};
const suites: readonly IkeSuite[] = [
  { ...common, encryption: must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_GCM_16, 128)) },
  {
    ...common,
    encryption: must(encryptionRow(encryptionAlgorithms.byName.ENCR_AES_CBC, 128)),
    integrity: must(integrityRow(integrityAlgorithms.byName.AUTH_HMAC_SHA2_256_128)),
  },
];
const keyed = suites.map((suite) => {
  const keys: ProtectionKeys = {
    encryption: seededRandom('encryption')(encryptionKeyBytes(suite.encryption)),
    integrity: seededRandom('integrity')(suite.integrity?.keyBytes ?? 0),
  };
  return { suite, keys, protection: createProtection(suite, keys, seededRandom('iv')) };
});
const end = fc.constantFrom(...keyed);

/** What the message says, and what AUTH would cover of it: the same in fragments and whole (RFC 9242 §3.3.2). */
function read(decoded: Decoded | undefined) {
  if (decoded?.outcome !== 'ok') return decoded;
  const { header: head, payloads, inside } = decoded.message;
  const intAuth = new IntAuth();
  const keys = { skPi: Uint8Array.of(1), skPr: Uint8Array.of(2) };
  intAuth.add(common.prf, keys, must(inside), must(inside));
  return { head, payloads, content: inside?.content, signed: intAuth.signed };
}

describe('octets for a key', () => {
  it('edited sealed messages get silence', () => {
    const inputs = fc.tuple(end, header, fc.array(payload, { maxLength: 3 }), edits);
    const outcomes = outcomesOf(inputs, ([{ protection }, head, payloads, list]) => {
      const sealed = protection.seal(head, payloads);
      const edited = apply(sealed, list);
      return `${equal(edited, sealed) ? 'same' : 'edited'}: ${protection.open(edited).outcome}`;
    });
    expect(outcomes).toEqual(['edited: unprotected-error', 'same: ok']);
  });

  it('edited fragments get silence', () => {
    const filler = { kind: 'V', data: new Uint8Array(150) } as const;
    const inputs = fc.tuple(end, header, fc.array(payload, { maxLength: 3 }), fc.nat(50), edits);
    const outcomes = outcomesOf(inputs, ([{ protection }, head, payloads, at, list]) => {
      const pieces = protection.sealWithin(head, [...payloads, filler], 120);
      const piece = must(pieces[at % pieces.length]);
      const edited = apply(piece, list);
      return `${equal(edited, piece) ? 'same' : 'edited'}: ${protection.openFragment(edited).outcome}`;
    });
    expect(outcomes).toEqual(['edited: unprotected-error', 'same: fragment']);
  });

  it('fragments in any order are the message that was cut', () => {
    const inputs = fc.tuple(
      end,
      header,
      fc.array(payload, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 90, max: 200 }),
      fc.integer(),
    );
    const outcomes = outcomesOf(inputs, ([{ protection }, head, payloads, size, seed]) => {
      const pieces = protection.sealWithin(head, payloads, size);
      if (pieces.length === 1) return 'whole';
      const reassembly = new Reassembly();
      const order = pieces.toSorted(
        (a, b) => ((must(a.at(-1)) ^ seed) & 0xff) - ((must(b.at(-1)) ^ seed) & 0xff),
      );
      const results = order.flatMap((piece) => {
        const opened = protection.openFragment(piece);
        if (opened.outcome !== 'fragment') throw new Error(opened.outcome);
        return reassembly.take(opened.header, opened.fragment, piece) ?? [];
      });
      const [result] = results;
      const alone = protection.open(protection.seal(head, payloads));
      expect(read(result?.decoded)).toEqual(read(alone));
      expect(result?.first).toEqual(pieces[0]);
      return 'put together';
    });
    expect(outcomes).toContain('put together');
  });

  it('authentic garbage is answered', () => {
    const inputs = fc.tuple(end, header, anyType, fc.uint8Array({ minLength: 1, maxLength: 100 }));
    const outcomes = outcomesOf(inputs, ([{ suite, keys, protection }, head, first, plaintext]) =>
      inspect(protection.open(sealOctets(suite, keys, { header: head, first, plaintext }))),
    );
    expect(['ok', 'protected-error']).toEqual(expect.arrayContaining(outcomes));
    expect(outcomes).toContain('protected-error');
  });

  it('authentic messages with edited payloads are taken or answered', () => {
    const chains = fc.oneof(chain, fc.array(payload, { maxLength: 4 }).map(encodeChain));
    const inputs = fc.tuple(end, header, chains, fc.option(edits, { nil: [] }));
    const outcomes = outcomesOf(inputs, ([{ suite, keys, protection }, head, { first, bytes }, list]) => {
      const payloads = apply(bytes, list);
      const block = suite.encryption.blockBytes;
      const padLength = (block - ((payloads.length + 1) % block)) % block;
      const plaintext = concat(payloads, new Uint8Array(padLength), Uint8Array.of(padLength));
      return inspect(protection.open(sealOctets(suite, keys, { header: head, first, plaintext })));
    });
    expect(outcomes).toEqual(['ok', 'protected-error']);
  });
});

describe('the target of a redirect', () => {
  const identity = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.constantFrom(...['a.example', 'a\nb', '-x', '1.2.3.4', ''].map((text) => utf8(text))),
  );
  const data = fc
    .tuple(
      fc.integer({ min: 0, max: 5 }),
      identity,
      fc.integer({ min: -2, max: 2 }),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([type, octets, off, nonce]) => concat(Uint8Array.of(type, octets.length + off), octets, nonce));

  it('is garbage, or a text that says the same and can be sent again', () => {
    const outcomes = outcomesOf(data, (octets) => {
      const read = decodeTarget(octets);
      if (read === undefined) return 'garbage';
      expect(redirectTarget(read.target.value)).toEqual(read.target);
      expect(decodeTarget(encodeTarget(read.target, read.nonce))).toEqual(read);
      return read.target.kind;
    });
    expect(outcomes).toEqual(['fqdn', 'garbage', 'ipv4', 'ipv6']);
  });
});
