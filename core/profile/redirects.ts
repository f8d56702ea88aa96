/**
 * Where a profile lets its gateways send us (RFC 5685): `gateway.redirects`, each an address, a prefix, a name, or `*.` and a
 * name for everything below that. check.ts asks whether a text is one, helper/tunnel/redirects.ts whether a target is permitted.
 */
import { compareIp, parseIp, parsePrefix, type Prefix, prefixToRange } from '#core/net/address.ts';

/** As core/ikev2 tells it: an address in canonical text, or a name in small letters. */
interface Target {
  readonly kind: 'ipv4' | 'ipv6' | 'fqdn';
  readonly value: string;
}

type Permit =
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  /** `below`: every name that ends with a dot and this one; otherwise this name. */
  | { readonly kind: 'name'; readonly name: string; readonly below: boolean };

/** What a text permits; `undefined` where it is nothing of the kind. `isName` judges host names. */
export function readPermit(text: string, isName: (text: string) => boolean): Permit | undefined {
  const address = parseIp(text);
  const prefix = address ? { address, length: address.length * 8 } : parsePrefix(text);
  if (prefix) return { kind: 'prefix', prefix };
  const below = text.startsWith('*.');
  const name = below ? text.slice(2) : text;
  return isName(name) ? { kind: 'name', name: name.toLowerCase().replace(/\.$/, ''), below } : undefined;
}

/** Whether one of the texts permits the target. A name is not looked up: a prefix permits addresses alone. */
export function permitsRedirect(texts: readonly string[], { kind, value }: Target): boolean {
  return texts.some((text) => {
    const permit = readPermit(text, () => true);
    if (permit?.kind === 'name') {
      return kind === 'fqdn' && (permit.below ? value.endsWith(`.${permit.name}`) : value === permit.name);
    }
    const address = kind === 'fqdn' ? undefined : parseIp(value);
    return permit !== undefined && address !== undefined && contains(permit.prefix, address);
  });
}

function contains(prefix: Prefix, address: Uint8Array): boolean {
  const { start, end } = prefixToRange(prefix);
  return address.length === start.length && compareIp(start, address) <= 0 && compareIp(address, end) <= 0;
}
