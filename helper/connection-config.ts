/**
 * From a profile, what we prove ourselves with and the local address to the engine's configuration. Every text in a profile
 * was understood when it was imported and when the store read it (core/profile/check.ts).
 */
import { type RandomBytes, utf8 } from '#core/bytes/bytes.ts';
import { defaultEspProposals, defaultIkeProposals } from '#core/crypto/defaults.ts';
import { parseProposals } from '#core/crypto/keywords.ts';
import { postQuantumOffer } from '#core/crypto/post-quantum-offer.ts';
import { parseIdentification } from '#core/ike/identification.ts';
import type { Identification } from '#core/ike/identification.ts';
import { parseTrafficSelector } from '#core/ike/traffic-selector.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import type {
  Authentication,
  ChildConfig,
  EapCredentials,
  InitiatorConfig,
  KeyLogEntry,
  RemoteAuthentication,
  RetransmitPolicy,
} from '#core/ikev2/connection-types.ts';
import { eapMethods } from './eap-methods.ts';
import { TAKES_BURSTS } from '#core/ikev2/vendor-ids.ts';
import { parseIp, prefixToRange } from '#core/net/address.ts';
import type { IpAddress, Prefix } from '#core/net/address.ts';
import type { Certificate } from '#core/pki/certificate.ts';
import { encodeAuthorities } from '#core/pki/certreq.ts';
import { gatewayAuthenticationOf } from '#core/profile/needs.ts';
import type { Profile } from '#core/profile/profile.ts';
import { IdType } from '#core/registry/id-types.ts';
import type { Secret } from './secret.ts';
import { AWAITING_PERSON, ENDURING, PATIENT } from './tunnel/retransmission.ts';

/** What we prove ourselves with; each is there where the profile needs it (tunnel/credentials.ts). */
interface Proofs {
  readonly psk?: Secret | undefined;
  readonly ppk?: Secret | undefined;
  readonly user?: string | undefined;
  /** Absent is asked for when a method wants it. */
  readonly password?: string | undefined;
  /** Our certificate in DER with those to send along. */
  readonly own?:
    | {
        readonly certificates: readonly [Uint8Array, ...Uint8Array[]];
        /** The first of them, decoded. */
        readonly way: readonly [Certificate, ...Certificate[]];
      }
    | undefined;
  /** Those of the profile that may vouch for the gateway, decoded. */
  readonly authorities?: readonly Certificate[];
}

export interface ConnectionInputs extends Proofs {
  readonly random: RandomBytes;
  /** APPLICATION_VERSION for the gateway's log. */
  readonly applicationVersion?: string;
  readonly keyLog?: (entry: KeyLogEntry) => void;
  /** The gateway may send us elsewhere; `from` is the address of the one that has just done so (RFC 5685). */
  readonly redirect?: { readonly from?: string };
  /** Another SA of ours leads to the same gateway and is to stay: INITIAL_CONTACT could have it dropped (RFC 7296 §2.4). */
  readonly notAlone?: boolean;
  /** What is left of an earlier connection: addresses to ask for again. */
  readonly addresses?: readonly IpAddress[];
  /** For IKE_SA_INIT alone (tunnel/retransmission.ts). */
  readonly retransmitInit?: RetransmitPolicy;
}

/** Throws where a text of the profile was never checked and means nothing, or where a proof that it needs is not there. */
export function connectionConfig(
  profile: Profile,
  localAddress: string,
  inputs: ConnectionInputs,
): InitiatorConfig {
  const { random, applicationVersion, keyLog, redirect, addresses, retransmitInit } = inputs;
  const { ike, gateway, request } = profile;
  const remoteId = gateway.id === undefined ? undefined : identity('gateway.id', gateway.id);
  return {
    role: 'initiator',
    random,
    proposals: postQuantumOffer(
      ike.proposals.length > 0 ? parseProposals(ike.proposals, 'IKE') : defaultIkeProposals(),
      ike.postQuantum,
    ),
    ...childConfigs(profile.child, dynamicPrefixes(request, localAddress)),
    quirks: profile.quirks,
    retransmit: PATIENT,
    retransmitLogin: AWAITING_PERSON,
    // Where another connection is not wanted, nothing is gained by keeping one that is dead.
    ...(profile.reconnect.enabled ? { retransmitEstablished: ENDURING } : {}),
    ...(retransmitInit === undefined ? {} : { retransmitInit }),
    natKeepaliveSec: ike.natKeepaliveSec,
    livenessSec: ike.livenessSec,
    encapsulation: ike.encapsulation,
    vendorIds: [TAKES_BURSTS],
    mobike: ike.mobike,
    lifetimeSec: ike.lifetimeSec,
    ...(ike.fragmentBytes === undefined ? {} : { fragmentBytes: ike.fragmentBytes }),
    localId: localIdentity(profile, localAddress, inputs),
    ...(remoteId ? { remoteId } : {}),
    sendRemoteId: remoteId !== undefined,
    authentication: authenticationOf(profile, inputs),
    remoteAuthentication: remoteAuthenticationOf(profile, inputs),
    ...(ike.ppk ? { ppk: postQuantumKey(ike.ppk, inputs) } : {}),
    request: {
      ...request,
      subnets: true,
      domains: request.dns,
      ...(addresses === undefined ? {} : { addresses }),
      ...(applicationVersion === undefined ? {} : { applicationVersion }),
    },
    initialContact: ike.initialContact && inputs.notAlone !== true,
    ...(redirect ? { redirect } : {}),
    ...(keyLog ? { keyLog } : {}),
  };
}

/**
 * As the profile says; else our certificate's subject where it proves who we are, with EAP the user (or who speaks outside
 * of the tunnel), and our address where that is nobody.
 */
function localIdentity(
  { authentication }: Profile,
  localAddress: string,
  { own, user }: Proofs,
): Identification {
  const { localId, method } = authentication;
  const byCertificate = method === 'certificate' || method === 'certificate-eap';
  if (localId === undefined && byCertificate && own) {
    return { type: IdType.ID_DER_ASN1_DN, data: own.way[0].subject };
  }
  const speaker = 'methods' in authentication ? (authentication.anonymousIdentity ?? user) : undefined;
  const spoken = speaker === undefined ? undefined : parseIdentification(speaker);
  if (localId === undefined && spoken) return spoken;
  return identity('authentication.localId', localId ?? localAddress);
}

function authenticationOf({ authentication }: Profile, proofs: Proofs): Authentication {
  const certificates = (): readonly Uint8Array[] => needed('certificate', proofs.own).certificates;
  switch (authentication.method) {
    case 'psk':
      return { method: 'psk', psk: needed('pre-shared key', proofs.psk).reveal() };
    case 'certificate':
      return { method: 'certificate', certificates: certificates() };
    case 'eap':
      return { method: 'eap', eap: credentials(authentication, proofs) };
    default:
      return {
        method: 'certificate-eap',
        certificates: certificates(),
        eap: credentials(authentication, proofs),
      };
  }
}

type Login = Extract<Profile['authentication'], { readonly methods: unknown }>;

function credentials(login: Login, { user, password, own }: Proofs): EapCredentials {
  return {
    user: needed('user name', user),
    methods: eapMethods(login, own !== undefined),
    ...(password === undefined ? {} : { password }),
    ...(login.anonymousIdentity === undefined ? {} : { anonymous: login.anonymousIdentity }),
    ...(login.allowMethodChain ? { chain: ['GTC'] as const } : {}),
  };
}

function remoteAuthenticationOf(profile: Profile, { psk, authorities }: Proofs): RemoteAuthentication {
  const proof = gatewayAuthenticationOf(profile);
  switch (proof.method) {
    case 'psk':
      return { method: 'psk', psk: needed('pre-shared key', psk).reveal() };
    case 'eap-only':
      return { method: 'eap-only' };
    default: {
      if (!proof.sendCertreq) return { method: 'certificate' };
      const named = proof.ca.length === 0 ? [] : needed('CA of its gateway', authorities);
      return {
        method: 'certificate',
        authorities: encodeAuthorities(named),
        ocsp: proof.revocation.ocsp,
      };
    }
  }
}

/** RFC 8784 §3: the octets of the PPK_ID and of the key. */
const postQuantumKey = (
  { id, required }: NonNullable<Profile['ike']['ppk']>,
  { ppk }: Proofs,
): NonNullable<InitiatorConfig['ppk']> => ({
  id: utf8(id),
  secret: needed('post-quantum pre-shared key', ppk).reveal(),
  required,
});

function needed<T>(what: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`the profile needs a ${what}, and none is there`);
  return value;
}

/** One Child SA for all networks, or one for each pair of them; a pair of two address families could carry nothing. */
function childConfigs(
  child: Profile['child'],
  dynamic: readonly Prefix[],
): Pick<InitiatorConfig, 'child' | 'furtherChildren'> {
  const whole = childConfig(child, dynamic);
  if (!child.perSubnet) return { child: whole };
  const pairs = whole.localTs.flatMap((local) =>
    whole.remoteTs
      .filter((remote) => remote.start.length === local.start.length)
      .map((remote) => ({ localTs: [local], remoteTs: [remote] })),
  );
  const [first = whole, ...others] = pairs.map((pair, i) => ({
    ...whole,
    ...pair,
    name: i === 0 ? whole.name : `${whole.name} ${i + 1}`,
  }));
  return { child: first, furtherChildren: others };
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
