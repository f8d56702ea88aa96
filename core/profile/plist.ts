/**
 * Apple's property lists in XML: dict, array, string, data, integer, real, date, true, false. Facts: the DTD that their
 * DOCTYPE names, which nobody fetches; Apple's reader (CFPropertyList.c), for which blanks at the ends of a `string` are part of it.
 * Called by mobileconfig.ts.
 */
import { toBase64 } from '#core/bytes/base64.ts';
import { utf8 } from '#core/bytes/bytes.ts';
import { fromLooseBase64 } from '#core/profile/blob.ts';
import { ImportError } from '#core/profile/profile.ts';
import { type Element, parseElement } from '#core/profile/xml.ts';
import { printable } from '#core/text/printable.ts';

type PlistValue = string | Uint8Array | PlistDict | readonly PlistValue[];
export type PlistDict = ReadonlyMap<string, PlistValue>;

/** `data` that is no base64 becomes no octets: whoever needs it says so. */
const SCALARS: Readonly<Record<string, (element: Element) => PlistValue>> = {
  string: ({ whole }) => whole,
  integer: ({ text }) => text,
  real: ({ text }) => text,
  date: ({ text }) => text,
  true: () => 'true',
  false: () => 'false',
  data: ({ text }) => fromLooseBase64(text) ?? new Uint8Array(0),
};

/** The top dictionary. Throws ImportError. */
export function parsePlist(name: string, text: string): PlistDict {
  const root = parseElement(name, text);
  const [top] = root.children;
  if (root.name !== 'plist' || top?.name !== 'dict') {
    throw new ImportError(`${name}: expected a property list with a dictionary in it`);
  }
  return dict(name, top);
}

function valueOf(name: string, element: Element): PlistValue {
  if (element.name === 'dict') return dict(name, element);
  if (element.name === 'array') return element.children.map((child) => valueOf(name, child));
  const scalar = Object.hasOwn(SCALARS, element.name) ? SCALARS[element.name] : undefined;
  if (!scalar)
    throw new ImportError(`${name}: <${printable(element.name, 40)}> is no part of a property list`);
  return scalar(element);
}

function dict(name: string, { children }: Element): PlistDict {
  const entries = new Map<string, PlistValue>();
  for (let i = 0; i < children.length; i += 2) {
    const [key, value] = [children[i], children[i + 1]];
    if (key?.name !== 'key' || !value) {
      throw new ImportError(`${name}: a dictionary needs a value after each <key>`);
    }
    entries.set(key.text, valueOf(name, value));
  }
  return entries;
}

export const isDict = (value: PlistValue | undefined): value is PlistDict => value instanceof Map;
export const isList = (value: PlistValue | undefined): value is readonly PlistValue[] => Array.isArray(value);
/** Without the blanks at its ends: secretOf() has them. */
export const textOf = (value: PlistValue | undefined): string | undefined =>
  typeof value === 'string' ? value.trim() : undefined;
/** Every octet counts. Sometimes data, sometimes a text, whatever the reference says. */
export const secretOf = (value: PlistValue | undefined): Uint8Array | undefined => {
  if (typeof value === 'string') return utf8(value);
  return value instanceof Uint8Array ? value : undefined;
};

/** `IKEv2.RemoteAddress` and its text for each leaf, blanks at its ends included; data as base64, a list of dictionaries as their number. */
export function leavesOf(value: PlistValue, path: string): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (value instanceof Uint8Array) return [[path, toBase64(value)]];
  if (isDict(value)) {
    return [...value].flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`));
  }
  const texts = value.map(textOf);
  const plain = texts.every((text) => text !== undefined);
  return [[path, plain ? texts.join(' ') : `${value.length} entries`]];
}
