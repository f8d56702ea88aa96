/**
 * Configuration attributes (RFC 7296 §3.15.1, RFC 8598 §3.1) between octets and AssignedConfig: a row each, with its
 * reading. tasks/config.ts calls it for both roles.
 *
 * An attribute that we do not know is ignored (§3.15.1). One whose length is wrong is ignored as well and counted: the
 * gateway has proven itself, the others still tell what they tell, and without an address the connection fails by
 * name anyway. An empty value in a reply assigns nothing.
 */
import { concat, utf8 } from '#core/bytes/bytes.ts';
import { decodeUtf8 } from '#core/bytes/utf8.ts';
import type { IpAddress, Prefix } from '#core/net/address.ts';
import { ConfigAttributeType as Attribute } from '#core/registry/config-attributes.ts';
import type { AssignedConfig, ConfigRequest } from './connection-types.ts';
import type { ConfigAttribute } from './payload-types.ts';

const EMPTY_VALUE = new Uint8Array(0);

/** Prefix length of a netmask; `undefined` when its ones are not contiguous. */
function maskLength(mask: Uint8Array): number | undefined {
  const bits = [...mask].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  const length = bits.indexOf('0') < 0 ? bits.length : bits.indexOf('0');
  return bits.slice(length).includes('1') ? undefined : length;
}

function netmask(length: number): Uint8Array {
  return Uint8Array.from({ length: 4 }, (_, i) => {
    const ones = Math.min(8, Math.max(0, length - i * 8));
    return (0xff00 >> ones) & 0xff;
  });
}

interface Collected {
  addresses: Prefix[];
  mask4?: number;
  dns: IpAddress[];
  subnets: Prefix[];
  domains: string[];
  applicationVersion?: string;
}

/** LDH labels and the underscore of service names: what a resolver may be told. Anything else smells of a shell. */
const DOMAIN =
  /^(?=.{1,253}\.?$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$/;

/** Takes a value; `false` when it is malformed. */
type Take = (into: Collected, value: Uint8Array) => boolean;

const sized =
  (octets: number, take: (into: Collected, value: Uint8Array) => boolean | void): Take =>
  (into, value) =>
    value.length === octets && take(into, value) !== false;

const prefix6 = (value: Uint8Array): Prefix | undefined => {
  const length = value[16] as number;
  return length > 128 ? undefined : { address: value.slice(0, 16), length };
};

const push = <T>(list: T[], item: T | undefined): boolean => {
  if (item === undefined) return false;
  list.push(item);
  return true;
};

const READERS: ReadonlyMap<number, Take> = new Map<number, Take>([
  [
    Attribute.INTERNAL_IP4_ADDRESS,
    sized(4, (into, value) => push(into.addresses, { address: value.slice(), length: 32 })),
  ],
  [
    Attribute.INTERNAL_IP4_NETMASK,
    sized(4, (into, value) => {
      const length = maskLength(value);
      if (length === undefined) return false;
      into.mask4 = length;
      return true;
    }),
  ],
  [Attribute.INTERNAL_IP4_DNS, sized(4, (into, value) => push(into.dns, value.slice()))],
  [
    Attribute.INTERNAL_IP4_SUBNET,
    sized(8, (into, value) => {
      const length = maskLength(value.subarray(4));
      return length !== undefined && push(into.subnets, { address: value.slice(0, 4), length });
    }),
  ],
  // 16 octets and the prefix length (§3.15.1); without that, as IKEv1's Mode Config has it, it is a host's.
  [
    Attribute.INTERNAL_IP6_ADDRESS,
    (into, value) =>
      push(
        into.addresses,
        value.length === 16
          ? { address: value.slice(), length: 128 }
          : value.length === 17
            ? prefix6(value)
            : undefined,
      ),
  ],
  [Attribute.INTERNAL_IP6_DNS, sized(16, (into, value) => push(into.dns, value.slice()))],
  [Attribute.INTERNAL_IP6_SUBNET, sized(17, (into, value) => push(into.subnets, prefix6(value)))],
  [
    Attribute.INTERNAL_DNS_DOMAIN,
    (into, value) => {
      const text = decodeUtf8(value);
      return text !== undefined && DOMAIN.test(text) && push(into.domains, text);
    },
  ],
  [
    Attribute.APPLICATION_VERSION,
    (into, value) => {
      const text = decodeUtf8(value);
      if (text === undefined) return false;
      into.applicationVersion = text;
      return true;
    },
  ],
]);

/** What a CFG_REPLY assigns, and how many of its attributes were malformed. */
export function readAssignment(attributes: readonly ConfigAttribute[]): {
  readonly assigned: AssignedConfig;
  readonly malformed: number;
} {
  const into: Collected = { addresses: [], dns: [], subnets: [], domains: [] };
  let malformed = 0;
  for (const { type, value } of attributes) {
    const take = READERS.get(type);
    if (take !== undefined && value.length > 0 && !take(into, value)) malformed++;
  }
  const { mask4, ...assigned } = into;
  // One netmask at most, for the IPv4 address (§3.15.1).
  const addresses = assigned.addresses.map(({ address, length }) => ({
    address,
    length: address.length === 4 ? (mask4 ?? length) : length,
  }));
  return { assigned: { ...assigned, addresses }, malformed };
}

/** The value of an attribute in a request: an address that we had before may be asked for by name (§3.15.1). */
function wish(type: number, addresses: readonly IpAddress[]): Uint8Array {
  const octets = { [Attribute.INTERNAL_IP4_ADDRESS]: 4, [Attribute.INTERNAL_IP6_ADDRESS]: 16 }[type];
  const address = addresses.find(({ length }) => length === octets);
  if (address === undefined) return EMPTY_VALUE;
  return address.length === 4 ? address : concat(address, Uint8Array.of(128));
}

/** The CFG_REQUEST for what the profile wants; empty when it wants nothing. */
export function requestAttributes(request: ConfigRequest): ConfigAttribute[] {
  const { ip4, ip6, dns, subnets, domains, applicationVersion } = request;
  // Servers and subnets are wanted in the families that are asked for; without an address of ours, in both.
  const [v4, v6] = ip4 || ip6 ? [ip4, ip6] : [true, true];
  const wanted: readonly (readonly [boolean, number])[] = [
    [ip4, Attribute.INTERNAL_IP4_ADDRESS],
    [dns && v4, Attribute.INTERNAL_IP4_DNS],
    [subnets && v4, Attribute.INTERNAL_IP4_SUBNET],
    [ip6, Attribute.INTERNAL_IP6_ADDRESS],
    [dns && v6, Attribute.INTERNAL_IP6_DNS],
    [subnets && v6, Attribute.INTERNAL_IP6_SUBNET],
    [domains, Attribute.INTERNAL_DNS_DOMAIN],
  ];
  const attributes = wanted
    .filter(([asked]) => asked)
    .map(([, type]) => ({ type, value: wish(type, request.addresses ?? []) }));
  return applicationVersion === undefined
    ? attributes
    : [...attributes, { type: Attribute.APPLICATION_VERSION, value: utf8(applicationVersion) }];
}

/** What an initiator asks for. An address proposed in the request is a wish that `assign` does not hear. */
export function readRequest(attributes: readonly ConfigAttribute[]): ConfigRequest {
  const asks = (...types: readonly number[]): boolean => attributes.some(({ type }) => types.includes(type));
  const version = attributes.find(({ type }) => type === Attribute.APPLICATION_VERSION);
  const applicationVersion = version && decodeUtf8(version.value);
  return {
    ip4: asks(Attribute.INTERNAL_IP4_ADDRESS),
    ip6: asks(Attribute.INTERNAL_IP6_ADDRESS),
    dns: asks(Attribute.INTERNAL_IP4_DNS, Attribute.INTERNAL_IP6_DNS),
    subnets: asks(Attribute.INTERNAL_IP4_SUBNET, Attribute.INTERNAL_IP6_SUBNET),
    domains: asks(Attribute.INTERNAL_DNS_DOMAIN),
    ...(applicationVersion === undefined ? {} : { applicationVersion }),
  };
}

/** The CFG_REPLY for an assignment; the counterpart of readAssignment. */
export function assignmentAttributes(assigned: AssignedConfig): ConfigAttribute[] {
  const attributes: ConfigAttribute[] = [];
  for (const { address, length } of assigned.addresses) {
    if (address.length === 16) {
      attributes.push({
        type: Attribute.INTERNAL_IP6_ADDRESS,
        value: concat(address, Uint8Array.of(length)),
      });
      continue;
    }
    attributes.push({ type: Attribute.INTERNAL_IP4_ADDRESS, value: address });
    // A host prefix is what an address without a netmask means already.
    if (length < 32) attributes.push({ type: Attribute.INTERNAL_IP4_NETMASK, value: netmask(length) });
  }
  for (const server of assigned.dns) {
    const type = server.length === 4 ? Attribute.INTERNAL_IP4_DNS : Attribute.INTERNAL_IP6_DNS;
    attributes.push({ type, value: server });
  }
  for (const { address, length } of assigned.subnets) {
    attributes.push(
      address.length === 4
        ? { type: Attribute.INTERNAL_IP4_SUBNET, value: concat(address, netmask(length)) }
        : { type: Attribute.INTERNAL_IP6_SUBNET, value: concat(address, Uint8Array.of(length)) },
    );
  }
  for (const domain of assigned.domains) {
    attributes.push({ type: Attribute.INTERNAL_DNS_DOMAIN, value: utf8(domain) });
  }
  if (assigned.applicationVersion !== undefined) {
    attributes.push({ type: Attribute.APPLICATION_VERSION, value: utf8(assigned.applicationVersion) });
  }
  return attributes;
}
