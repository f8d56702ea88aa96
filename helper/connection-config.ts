/**
 * From a profile, its pre-shared key and the local address to the engine's configuration. Every text in a profile
 * was understood when it was imported and when the store read it (core/profile/check.ts).
 */
import type { RandomBytes } from '#core/bytes/bytes.ts';
import { defaultEspProposals, defaultIkeProposals } from '#core/crypto/defaults.ts';
import { parseProposals } from '#core/crypto/keywords.ts';
import { parseIdentification } from '#core/ike/identification.ts';
import type { Identification } from '#core/ike/identification.ts';
import { parseTrafficSelector } from '#core/ike/traffic-selector.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import type {
  ChildConfig,
  InitiatorConfig,
  KeyLogEntry,
  RetransmitPolicy,
} from '#core/ikev2/connection-types.ts';
import { parseIp, prefixToRange } from '#core/net/address.ts';
import type { Prefix } from '#core/net/address.ts';
import { gatewayAuthenticationOf } from '#core/profile/needs.ts';
import type { Profile } from '#core/profile/profile.ts';
import type { Secret } from './secret.ts';

export interface ConnectionInputs {
  readonly psk: Secret;
  readonly random: RandomBytes;
  /** APPLICATION_VERSION for the gateway's log. */
  readonly applicationVersion?: string;
  readonly keyLog?: (entry: KeyLogEntry) => void;
}

/** Silence is given up after some 27 s: 0.5, 0.9, 1.6, 2.9, 5.2, 8 and 8 s, each a little more or less. */
const RETRANSMIT: RetransmitPolicy = { initialMs: 500, factor: 1.8, maxMs: 8000, attempts: 7, jitter: 0.1 };

const METHODS: Readonly<Record<string, string>> = {
  certificate: 'a certificate',
  eap: 'a user name and password (EAP)',
  'eap-only': 'EAP alone',
  'certificate-eap': 'a certificate and then EAP',
};

/** One sentence about what the profile wants and the engine does not do yet; undefined where it can connect. */
export function unsupported(profile: Pick<Profile, 'gateway' | 'authentication'>): string | undefined {
  const wants = [profile.authentication.method, gatewayAuthenticationOf(profile).method];
  const what = wants.map((method) => METHODS[method]).find((text) => text !== undefined);
  return what === undefined
    ? undefined
    : `the profile authenticates by ${what}, which this version of Adit cannot do yet; it connects with a pre-shared key`;
}

/** Throws where a text of the profile was never checked and means nothing, or for what `unsupported` names. */
export function connectionConfig(
  profile: Profile,
  localAddress: string,
  { psk, random, applicationVersion, keyLog }: ConnectionInputs,
): InitiatorConfig {
  const { ike, gateway, authentication, request } = profile;
  const problem = unsupported(profile);
  if (problem !== undefined) throw new Error(problem);
  const remoteId = gateway.id === undefined ? undefined : identity('gateway.id', gateway.id);
  return {
    role: 'initiator',
    random,
    proposals: ike.proposals.length > 0 ? parseProposals(ike.proposals, 'IKE') : defaultIkeProposals(),
    child: childConfig(profile.child, dynamicPrefixes(request, localAddress)),
    retransmit: RETRANSMIT,
    natKeepaliveSec: ike.natKeepaliveSec,
    livenessSec: ike.livenessSec,
    encapsulation: ike.encapsulation,
    vendorIds: [],
    lifetimeSec: ike.lifetimeSec,
    localId: identity('authentication.localId', authentication.localId ?? localAddress),
    ...(remoteId ? { remoteId } : {}),
    sendRemoteId: remoteId !== undefined,
    authentication: { method: 'psk', psk: psk.reveal() },
    request: {
      ...request,
      subnets: true,
      domains: request.dns,
      ...(applicationVersion === undefined ? {} : { applicationVersion }),
    },
    initialContact: ike.initialContact,
    ...(keyLog ? { keyLog } : {}),
  };
}

function childConfig(child: Profile['child'], dynamic: readonly Prefix[]): ChildConfig {
  return {
    name: child.name,
    proposals: child.proposals.length > 0 ? parseProposals(child.proposals, 'ESP') : defaultEspProposals(),
    localTs: selectors('child.localTs', child.localTs, dynamic),
    remoteTs: selectors('child.remoteTs', child.remoteTs, []),
    replayWindow: child.replayWindow,
    hardLimit: {
      ...(child.lifetimeBytes === undefined ? {} : { bytes: BigInt(child.lifetimeBytes) }),
      ...(child.lifetimePackets === undefined ? {} : { packets: BigInt(child.lifetimePackets) }),
    },
    lifetimeSec: child.lifetimeSec,
  };
}

/**
 * Selectors as the engine offers them. `dynamic` is everything of each family that is asked for, which the engine
 * narrows to the assigned address; where none is asked for, it is the address we have.
 */
function selectors(field: string, texts: readonly string[], dynamic: readonly Prefix[]): TrafficSelector[] {
  return texts.flatMap((text) => {
    const parsed = understood(field, text, parseTrafficSelector(text));
    return parsed.kind === 'fixed'
      ? [parsed.selector]
      : dynamic.map((prefix) => ({ ...parsed.upper, ...prefixToRange(prefix) }));
  });
}

function dynamicPrefixes({ ip4, ip6 }: Profile['request'], localAddress: string): Prefix[] {
  const everything = [...(ip4 ? [4] : []), ...(ip6 ? [16] : [])];
  if (everything.length > 0)
    return everything.map((octets) => ({ address: new Uint8Array(octets), length: 0 }));
  const own = understood('the local address', localAddress, parseIp(localAddress));
  return [{ address: own, length: own.length * 8 }];
}

function identity(field: string, text: string): Identification {
  return understood(field, text, parseIdentification(text));
}

function understood<T>(field: string, text: string, parsed: T | undefined): T {
  if (parsed === undefined) throw new Error(`${field} of the profile cannot be used: "${text}"`);
  return parsed;
}
