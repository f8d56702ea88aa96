/** Identities (RFC 7296 §3.5) from text and back. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, utf8 } from '#core/bytes/bytes.ts';
import {
  equalIdentification,
  formatIdentification,
  type Identification,
  parseIdentification,
} from '#core/ike/identification.ts';

const id = (text: string): Identification => {
  const parsed = parseIdentification(text);
  if (!parsed) throw new Error(`${text} is refused`);
  return parsed;
};

describe('text of identities', () => {
  it.each([
    ['10.0.0.1', 1, '0a000001', '10.0.0.1'],
    ['ipv4:10.0.0.1', 1, '0a000001', '10.0.0.1'],
    ['2001:db8::1', 5, '20010db8000000000000000000000001', '2001:db8::1'],
    ['ipv6:::1', 5, '00000000000000000000000000000001', '::1'],
    ['gw.example', 2, '67772e6578616d706c65', 'gw.example'],
    ['@gw.example', 2, '67772e6578616d706c65', 'gw.example'],
    ['fqdn:gw.example', 2, '67772e6578616d706c65', 'gw.example'],
    ['dns:gw.example', 2, '67772e6578616d706c65', 'gw.example'],
    ['FQDN:10.0.0.1', 2, '31302e302e302e31', 'fqdn:10.0.0.1'],
    ['fqdn:#6777', 2, '6777', 'gw'],
    ['my group', 2, '6d792067726f7570', 'my group'],
    ['alice@example', 3, '616c696365406578616d706c65', 'alice@example'],
    ['@@alice', 3, '616c696365', 'email:alice'],
    ['email:alice', 3, '616c696365', 'email:alice'],
    ['rfc822:a@b', 3, '614062', 'a@b'],
    ['userfqdn:a@b', 3, '614062', 'a@b'],
    ['CN=alice', 9, '3010310e300c06035504031305616c696365', 'CN=alice'],
    ['asn1dn:/CN=alice', 9, '3010310e300c06035504031305616c696365', 'CN=alice'],
    ['asn1dn:#3000', 9, '3000', 'asn1dn:#3000'],
    ['asn1gn:#8200', 10, '8200', 'asn1gn:#8200'],
    ['keyid:group 1', 11, '67726f75702031', 'keyid:group 1'],
    ['keyid:0x00ff', 11, '00ff', 'keyid:0x00ff'],
    ['keyid:0x', 11, '', 'keyid:0x'],
    ['@#00:ff', 11, '00ff', 'keyid:0x00ff'],
    ['keyid:gw.example', 11, '67772e6578616d706c65', 'keyid:gw.example'],
    ['{13}:#', 13, '', '{13}:#'],
    ['{2}:#6777', 2, '6777', 'gw'],
  ])('%s', (text, type, hex, canonical) => {
    expect(id(text)).toEqual({ type, data: fromHex(hex) });
    expect(formatIdentification(id(text))).toBe(canonical);
  });

  it.each([
    '',
    '%any',
    '@',
    '@@',
    '@#xyz',
    '@#abc',
    'fqdn:',
    'email:',
    'ipv4:::1',
    'ipv4:gw.example',
    'ipv6:10.0.0.1',
    'asn1dn:alice',
    'asn1gn:alice',
    'XX=alice',
    'keyid:0xabc',
    'keyid:',
    'fe80::1%eth0',
    '10.0.0.1:500',
    'https://gw.example',
    '{256}:#00',
  ])('"%s" is refused', (text) => {
    expect(parseIdentification(text)).toBeUndefined();
  });

  it.each([
    [2, '67770a', 'fqdn:#67770a'],
    [2, '1b5b324a', 'fqdn:#1b5b324a'],
    [2, 'e280ae6777', 'fqdn:#e280ae6777'],
    [2, 'ff', 'fqdn:#ff'],
    [2, '6777 20'.replace(' ', ''), 'fqdn:#677720'],
    [3, '614062007a', 'email:#614062007a'],
    [1, '0a0000', 'ipv4:#0a0000'],
    [11, '0a', 'keyid:0x0a'],
    [9, '1010', 'asn1dn:#1010'],
    [200, '41', '{200}:#41'],
  ])('type %i with octets %s prints as %s', (type, hex, text) => {
    expect(formatIdentification({ type, data: fromHex(hex) })).toBe(text);
  });

  const any = fc.record({
    type: fc.oneof(fc.constantFrom(1, 2, 3, 5, 9, 10, 11, 13), fc.integer({ min: 0, max: 255 })),
    data: fc.oneof(
      fc.uint8Array({ maxLength: 24 }),
      fc.string({ unit: 'binary' }).map(utf8),
      fc.string({ unit: fc.constantFrom(...Array.from('a1.:@=#/{}%x \\"')), maxLength: 12 }).map(utf8),
    ),
  });

  it('is safe to print and leads back to the same identity', () => {
    fc.assert(
      fc.property(any, (identification) => {
        const text = formatIdentification(identification);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(equalIdentification(id(text), identification)).toBe(true);
        // DNs lose their string types.
        const exact = identification.type === 9 ? id(text) : identification;
        expect(id(text)).toEqual(exact);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads what it prints, and never throws', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...Array.from('afqdnkeyi:@#=0x{}%"\\')) }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseIdentification(text);
        expect(!parsed || equalIdentification(id(formatIdentification(parsed)), parsed)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('comparison of identities', () => {
  it.each([
    ['GW.Example', 'gw.example', true],
    ['alice@GW.example', 'alice@gw.EXAMPLE', true],
    ['Alice@gw.example', 'alice@gw.example', false],
    ['keyid:A', 'keyid:a', false],
    ['C=DE, CN=Alice', 'C=DE, CN=alice', true],
    ['C=DE, CN=alice', 'CN=alice, C=DE', false],
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0.1', 'fqdn:10.0.0.1', false],
    ['gw.example', 'keyid:gw.example', false],
    ['gw.example', 'gw.example.', false],
    ['gw.example', 'gw.exampl', false],
  ])('%s and %s: %s', (a, b, same) => {
    expect(equalIdentification(id(a), id(b))).toBe(same);
    expect(equalIdentification(id(b), id(a))).toBe(same);
  });
});
