/**
 * Name constraints of CAs (RFC 5280 §4.2.1.10): which names the certificates under one may carry. Read for
 * certificate.ts, applied by path.ts.
 */
import { equal, fromUtf8 } from '#core/bytes/bytes.ts';
import { DecodeError } from '#core/bytes/reader.ts';
import { equalDistinguishedName } from '#core/ike/distinguished-name.ts';
import { writeTlv } from '#core/ike/distinguished-name-der.ts';
import { DER, readAll, readContent, type Tlv } from './der.ts';
import { type GeneralName, generalName } from './general-name.ts';

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/** Throws DecodeError. */
export function readNameConstraints(der: Uint8Array): NameConstraints {
  const field = 'nameConstraints';
  const parts = readAll(readContent(der, DER.SEQUENCE, field), field);
  const subtrees = (tag: number): GeneralName[] =>
    parts.filter((part) => part.tag === tag).flatMap(({ content }) => readAll(content, field).map(subtree));
  if (parts.length === 0 || parts.some(({ tag }) => tag !== 0xa0 && tag !== 0xa1))
    throw new DecodeError(field, 'has neither permitted nor excluded names alone');
  return { permitted: subtrees(0xa0), excluded: subtrees(0xa1) };
}

function subtree({ tag, content }: Tlv): GeneralName {
  const [base, ...more] = readAll(content, 'general subtree');
  // minimum and maximum must be 0 and absent (RFC 5280 §4.2.1.10).
  if (tag !== DER.SEQUENCE || base === undefined || more.length > 0)
    throw new DecodeError('general subtree', 'is not one name');
  const name = generalName(base);
  if (name.type === 'address' && name.value.length !== 8 && name.value.length !== 32)
    throw new DecodeError('general subtree', `has an address with mask of ${name.value.length} octets`);
  return name;
}

/** The first of `names` that the constraints forbid. */
export function forbiddenName(
  constraints: NameConstraints,
  names: readonly GeneralName[],
): GeneralName | undefined {
  return names.find((name) => {
    const permitted = constraints.permitted.filter(({ type }) => type === name.type);
    if (permitted.length > 0 && !permitted.some((base) => isWithin(name, base))) return true;
    return constraints.excluded.some((base) => base.type === name.type && isWithinExcluded(name, base));
  });
}

type Within = (name: Uint8Array, base: Uint8Array) => boolean;

const text = (value: Uint8Array): string => fromUtf8(value).toLowerCase();

/** `example.com` holds itself and everything under it; a leading dot, which practice knows, only what is under it. */
function isHostWithin(host: string, base: string): boolean {
  if (base === '') return true;
  return base.startsWith('.') ? host.endsWith(base) : host === base || host.endsWith(`.${base}`);
}

/** RFC 5280 §4.2.1.10: a mailbox, a host, or with a leading dot all hosts of a domain. */
const isMailWithin: Within = (name, base) => {
  const [mail, wanted] = [fromUtf8(name), fromUtf8(base)];
  const at = mail.lastIndexOf('@');
  const host = mail.slice(at + 1).toLowerCase();
  const wantedAt = wanted.lastIndexOf('@');
  if (wantedAt >= 0)
    return (
      mail.slice(0, at) === wanted.slice(0, wantedAt) && host === wanted.slice(wantedAt + 1).toLowerCase()
    );
  return wanted.startsWith('.') ? host.endsWith(wanted.toLowerCase()) : host === wanted.toLowerCase();
};

/** The host of a URI; one without is under no base. */
const isUriWithin: Within = (name, base) => {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:]+)/.exec(text(name))?.[1];
  const wanted = text(base);
  if (host === undefined) return false;
  return wanted.startsWith('.') ? host.endsWith(wanted) : host === wanted;
};

const isAddressWithin: Within = (name, base) => {
  const half = base.length / 2;
  return (
    name.length === half &&
    name.every((octet, i) => (octet & (base[half + i] ?? 0)) === ((base[i] ?? 0) & (base[half + i] ?? 0)))
  );
};

/** The name begins with the relative names of the base. */
const isDirectoryWithin: Within = (name, base) => {
  const wanted = readAll(readContent(base, DER.SEQUENCE, 'name'), 'name');
  const parts = readAll(readContent(name, DER.SEQUENCE, 'name'), 'name').slice(0, wanted.length);
  const joined = (items: readonly Tlv[]): Uint8Array =>
    writeTlv(DER.SEQUENCE, Uint8Array.from(items.flatMap(({ tag, content }) => [...writeTlv(tag, content)])));
  return parts.length === wanted.length && equalDistinguishedName(joined(parts), joined(wanted));
};

const WITHIN: Readonly<Record<GeneralName['type'], Within>> = {
  dns: (name, base) => isHostWithin(text(name), text(base)),
  email: isMailWithin,
  uri: isUriWithin,
  address: isAddressWithin,
  directory: isDirectoryWithin,
  // Nobody here knows the form: only the very same name is surely inside.
  other: equal,
};

const isWithin = (name: GeneralName, base: GeneralName): boolean => WITHIN[name.type](name.value, base.value);

/** `*.example.com` could stand for an excluded host below, and a form nobody knows for an excluded name. */
function isWithinExcluded(name: GeneralName, base: GeneralName): boolean {
  if (name.type === 'other' || isWithin(name, base)) return true;
  const wildcard = name.type === 'dns' ? text(name.value) : '';
  return wildcard.startsWith('*.') && isHostWithin(text(base.value), wildcard.slice(2));
}
