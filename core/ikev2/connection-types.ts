/**
 * What goes into an IKEv2 connection and what comes out of it. connection.ts implements it; the driver (helper/),
 * the pair tests and the embedded gateway use it. Times are milliseconds of a monotonic clock that the caller owns.
 */
import type { RandomBytes } from '#core/bytes/bytes.ts';
import type { IkeSuite } from '#core/crypto/interfaces.ts';
import type { EapAuthenticatorSettings } from '#core/eap/create-authenticator.ts';
import type { EapPeerSettings } from '#core/eap/create-peer.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { Identification } from '#core/ike/identification.ts';
import type { Proposal } from '#core/ike/proposal.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import type { IpAddress, Path, Prefix } from '#core/net/address.ts';
import type { Answer, Question } from './questions.ts';
import type { SwitchedQuirk } from './quirks.ts';
import type { RedirectTarget } from './redirect-target.ts';

/** A datagram of IKE, without the non-ESP marker: whoever owns the socket adds and removes it (RFC 3948 §2.2). */
export interface Datagram {
  readonly path: Path;
  readonly bytes: Uint8Array;
  /** A one-octet NAT keepalive (RFC 3948 §2.3): goes out as it is, without a marker. */
  readonly keepalive?: true;
}

export interface RetransmitPolicy {
  /** First wait in ms, factor per attempt, ceiling in ms, attempts in all, jitter as a share (0.1 = ±10 %). */
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly attempts: number;
  readonly jitter: number;
}

export interface ChildConfig {
  readonly name: string;
  readonly proposals: readonly Proposal[];
  /** Initiator: what to ask for; 0.0.0.0/0 and ::/0 are narrowed to the assigned addresses. Responder: what to allow. */
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
  readonly replayWindow: number;
  readonly hardLimit: ChildSa['hardLimit'];
  /** Hard lifetime in seconds. It ends the SA whatever became of the rekeying before it. */
  readonly lifetimeSec?: number;
}

/** When SAs are replaced before their lifetime or another hard limit ends them, and how often that is tried (RFC 7296 §2.8). */
export interface RekeyPolicy {
  /** The share of a limit that is left when rekeying begins at the latest. */
  readonly margin: number;
  /** The share by which it begins earlier at random, so that two ends with equal limits seldom begin together. */
  readonly jitter: number;
  /** First wait in ms after a refusal, and the ceiling: each wait is twice the last, give or take a quarter. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
}

/** What the initiator asks for in CFG_REQUEST (RFC 7296 §3.15). */
export interface ConfigRequest {
  readonly ip4: boolean;
  readonly ip6: boolean;
  readonly dns: boolean;
  readonly subnets: boolean;
  readonly domains: boolean;
  /** Addresses of an earlier connection that we would like to have again, one a family. */
  readonly addresses?: readonly IpAddress[];
  /** APPLICATION_VERSION to send; absent sends none. */
  readonly applicationVersion?: string;
}

/** What a CFG_REPLY assigns; unknown attributes are counted, never an error. */
export interface AssignedConfig {
  readonly addresses: readonly Prefix[];
  readonly dns: readonly IpAddress[];
  readonly subnets: readonly Prefix[];
  readonly domains: readonly string[];
  readonly applicationVersion?: string;
}

interface CommonConfig {
  readonly random: RandomBytes;
  readonly proposals: readonly Proposal[];
  readonly child: ChildConfig;
  readonly retransmit: RetransmitPolicy;
  /** For IKE_SA_INIT, where another address of the gateway may do better; `retransmit` where absent. */
  readonly retransmitInit?: RetransmitPolicy;
  /** For the rounds of EAP, where the server may ask a person elsewhere before it answers; `retransmit` where absent. */
  readonly retransmitLogin?: RetransmitPolicy;
  /** For what is asked of a peer that has authenticated; `retransmit` where absent. */
  readonly retransmitEstablished?: RetransmitPolicy;
  /** Seconds between NAT keepalives when a NAT stands on our side. */
  readonly natKeepaliveSec: number;
  /** Seconds without anything from the peer before it is asked for life; 0 never asks. */
  readonly livenessSec: number;
  /** `force` claims a NAT in NAT_DETECTION_SOURCE_IP so that ESP always travels in UDP. */
  readonly encapsulation: 'auto' | 'force';
  readonly vendorIds: readonly Uint8Array[];
  /** MOBIKE (RFC 4555): absent is offered and accepted. */
  readonly mobike?: boolean;
  /** Where else we can be reached; told to a peer with MOBIKE. */
  readonly additionalAddresses?: readonly IpAddress[];
  /**
   * The largest IP datagram in octets that a message may need before it goes out in fragments (RFC 7383): 1280 where
   * absent. 0 neither sends fragments nor takes any.
   */
  readonly fragmentBytes?: number;
  /** Hard lifetime of the IKE SA in seconds. */
  readonly lifetimeSec?: number;
  /** REKEY_DEFAULTS of lifetimes.ts where absent; `never` leaves it to the peer. */
  readonly rekey?: RekeyPolicy | 'never';
  /** So many Child SAs may stand at once at the peer's wish (16); one beyond is answered NO_ADDITIONAL_SAS. */
  readonly maxChildSas?: number;
  /** Habits of this peer that are not tolerated everywhere. */
  readonly quirks?: readonly SwitchedQuirk[];
  /**
   * Where key material may be written for tests and captures (an exported key table). Absent in production.
   */
  readonly keyLog?: (entry: KeyLogEntry) => void;
}

export interface KeyLogEntry {
  /** `ppk`: SK_d, SK_pi and SK_pr of an IKE SA that was told before, now that a PPK is in them. */
  readonly kind: 'ike' | 'ppk' | 'child';
  readonly fields: Readonly<Record<string, Uint8Array | string | number>>;
}

/** Certificates in DER: our own first, then the intermediates that go along. The key stays outside: see `sign` questions. */
export interface CertificateProof {
  readonly method: 'certificate';
  readonly certificates: readonly Uint8Array[];
}

/** A shared secret. */
interface PskProof {
  readonly method: 'psk';
  readonly psk: Uint8Array;
}

/** A post-quantum pre-shared key (RFC 8784). */
export interface PostQuantumKey {
  /** Its name at the gateway, sent as PPK_ID_FIXED. */
  readonly id: Uint8Array;
  /** 256 bits of chance at least (§6). */
  readonly secret: Uint8Array;
  /** Whether a gateway that does not use it is left. Otherwise `ike-established` says whether it does. */
  readonly required: boolean;
}

/** The peer's side of EAP (core/eap/create-peer.ts). */
export type EapCredentials = Omit<EapPeerSettings, 'random'>;

/** How we prove who we are. */
export type Authentication =
  | PskProof
  | CertificateProof
  | { readonly method: 'eap'; readonly eap: EapCredentials }
  /** First by certificate, then by EAP (RFC 4739). `eapId` is IDi of the second round; absent is `localId`. */
  | {
      readonly method: 'certificate-eap';
      readonly certificates: readonly Uint8Array[];
      readonly eap: EapCredentials;
      readonly eapId?: Identification;
    };

/** What goes into CERTREQ (RFC 7296 §3.7). */
export interface CertificateRequest {
  /** SHA-1 of the CAs' public keys, joined (encodeAuthorities). Empty asks for whatever there is; absent does not ask. */
  readonly authorities?: Uint8Array;
  /** Ask for OCSP responses as well (RFC 4806). */
  readonly ocsp?: boolean;
}

/** How the gateway has to prove who it is. Its certificate is judged outside: see `verify-peer` questions. */
export type RemoteAuthentication =
  | PskProof
  | ({ readonly method: 'certificate' } & CertificateRequest)
  /** By a mutual EAP method alone, TLS or one inside TLS (RFC 5998). */
  | { readonly method: 'eap-only' };

export interface InitiatorConfig extends CommonConfig {
  readonly role: 'initiator';
  readonly localId: Identification;
  /** The identity the gateway must prove; absent accepts whatever it presents under the right key. */
  readonly remoteId?: Identification;
  /** Send remoteId as IDr too, so that a gateway with several identities picks it. */
  readonly sendRemoteId: boolean;
  readonly authentication: Authentication;
  /** Absent: by the same pre-shared key, or by certificate where we have none. */
  readonly remoteAuthentication?: RemoteAuthentication;
  readonly ppk?: PostQuantumKey;
  readonly request: ConfigRequest;
  readonly initialContact: boolean;
  /**
   * More Child SAs, asked for when the first one stands; a refusal is told by `refused` and changes nothing else. One in whose
   * address family nothing was assigned is left out.
   */
  readonly furtherChildren?: readonly ChildConfig[];
  /**
   * Present: the gateway may send us elsewhere (RFC 5685). `from` is the address of the gateway that has just done so. Absent:
   * whatever it says about that is ignored.
   */
  readonly redirect?: { readonly from?: string };
}

/** How a client has to prove who it is. */
export type ClientAuthentication =
  /** By the key of `findPsk`. */
  | { readonly method: 'psk' }
  | ({ readonly method: 'certificate' } & CertificateRequest)
  | { readonly method: 'eap'; readonly eap: EapService }
  | ({ readonly method: 'certificate-eap'; readonly eap: EapService } & CertificateRequest);

/** The authenticator's side of EAP (core/eap/create-authenticator.ts). */
export type EapService = Omit<EapAuthenticatorSettings, 'random' | 'identity'>;

export interface ResponderConfig extends CommonConfig {
  readonly role: 'responder';
  readonly localId: Identification;
  /**
   * How the gateway proves itself; absent is the key of `findPsk`, which EAP does not have. `eap-only` leaves it to EAP for
   * clients that ask for that and refuses others (RFC 5998).
   */
  readonly authentication?: CertificateProof | PskProof | { readonly method: 'eap-only' };
  /** Absent is by pre-shared key. */
  readonly remoteAuthentication?: ClientAuthentication;
  /** The key for a peer; `undefined` refuses it with AUTHENTICATION_FAILED (an unknown identity looks like a wrong key). */
  readonly findPsk: (peer: Identification) => Uint8Array | undefined;
  /** The post-quantum pre-shared key of a name; absent: clients hear of no such keys (RFC 8784). */
  readonly findPpk?: (id: Uint8Array) => Uint8Array | undefined;
  /** Clients that do without it are refused. */
  readonly ppkRequired?: boolean;
  /** Addresses and more for an authenticated peer; `undefined` answers INTERNAL_ADDRESS_FAILURE. */
  readonly assign: (peer: Identification, request: ConfigRequest) => AssignedConfig | undefined;
  /** Seconds until the client has to authenticate again (RFC 4478): it is told so, and after them the IKE SA is deleted. */
  readonly authLifetimeSec?: number;
  /**
   * Where clients are sent that take a redirect (RFC 5685), and when: in the answer to IKE_SA_INIT, when they are
   * authenticated, or when their tunnel stands. Others are served here.
   */
  readonly redirectTo?: { readonly target: RedirectTarget; readonly when: RedirectedDuring };
  /** Whether a client may move to this path; absent lets it. `false` answers UNACCEPTABLE_ADDRESSES (RFC 4555 §3.5). */
  readonly acceptsPath?: (path: Path) => boolean;
  /** Whether Child SAs wait for proof that a client hears us at its new address (RFC 4555 §3.7); absent is yes. */
  readonly returnRoutability?: boolean;
}

/** In which of its three places a redirect came (RFC 5685 §3, §5, §6). */
export type RedirectedDuring = 'init' | 'auth' | 'established';

export type ConnectionConfig = InitiatorConfig | ResponderConfig;

export type ConnectionState =
  | 'idle'
  | 'ike-sa-init'
  | 'ike-auth'
  /** Within IKE_AUTH: a question waits for its answer. */
  | 'asking'
  | 'established'
  | 'deleting'
  | 'closed';

/** `rekeyed`: another SA has its place, or it lost a race against one (RFC 7296 §2.8.1). */
export type ChildRemovedReason = 'deleted-by-peer' | 'deleted-by-us' | 'expired' | 'rekeyed' | 'ike-closed';

/**
 * `rekeyed`: another IKE SA has its place, or it lost a race against one. `failed`: the peer fell silent or broke the protocol;
 * `closed` says more.
 */
export type IkeRemovedReason = 'deleted-by-peer' | 'deleted-by-us' | 'expired' | 'rekeyed' | 'failed';

/** What `rekey` renews. */
export type RekeyTarget = { readonly ike: true } | { readonly spiIn: number };

/** What a Child SA has carried, by the direction that has carried more. */
export interface Usage {
  readonly bytes: bigint;
  readonly packets: bigint;
}

/** What happened. The driver drains pollEvent after each handle*, before pollTransmit. */
export type ConnectionEvent =
  /** For progress: which exchange is under way, and where to. */
  | { readonly type: 'progress'; readonly state: ConnectionState; readonly detail: string }
  /**
   * Packets of all Child SAs take this path from now on; `nat` is who stands behind one, and so whether ESP travels in UDP. At
   * first when NAT detection and the switch of ports are done, then whenever something of it changes.
   */
  | {
      readonly type: 'path';
      readonly path: Path;
      readonly nat: { readonly local: boolean; readonly remote: boolean };
      /** After `roam`: the peer has not answered over this path yet, and `nat` is as it was on the last one. */
      readonly pending?: true;
    }
  /**
   * The peer refuses the path of `roam` (`path` with the last one comes after this), or nothing answers over it. The IKE SA is
   * still there and waits: `roam` over another path, or over the same again, goes on.
   */
  | { readonly type: 'roam-failed'; readonly failure: Failure }
  /**
   * The gateway has acknowledged UPDATE_SA_ADDRESSES (RFC 4555 §3.5): what it sends goes where it sees us now. After `roam`, and
   * where a NAT gave us another mapping, of which `path` says nothing.
   */
  | { readonly type: 'addresses-updated' }
  /**
   * An answer in the clear to a request under way says INVALID_IKE_SPI: a peer that has started again, or somebody who wants us to
   * believe that (RFC 7296 §2.21.4). Nothing changes by it; the request goes on being repeated.
   */
  | { readonly type: 'disowned' }
  /** Where else the peer can be reached, besides the address of the path (RFC 4555 §3.4, §3.6): the whole list. */
  | { readonly type: 'peer-addresses'; readonly addresses: readonly IpAddress[] }
  /** Come back with `answer(now, id, …)`. One question is open at a time; it lapses when the connection moves on. */
  | { readonly type: 'question'; readonly id: number; readonly question: Question }
  /** A text of the gateway for the user. */
  | { readonly type: 'notice'; readonly text: string }
  /** The gateway has taken over this password: whoever keeps passwords keeps it now. */
  | { readonly type: 'password-changed'; readonly password: string }
  | {
      readonly type: 'ike-established';
      readonly spiI: Uint8Array;
      readonly spiR: Uint8Array;
      readonly suite: IkeSuite;
      /** A post-quantum pre-shared key is in its keys (RFC 8784). */
      readonly ppk?: true;
      readonly remoteId: Identification;
      readonly vendorIds: readonly Uint8Array[];
      readonly rekeyAt?: number;
      readonly expiresAt?: number;
    }
  /** The IKE SA was replaced by one with these SPIs; its Child SAs go on under it. */
  | {
      readonly type: 'ike-rekeyed';
      readonly spiI: Uint8Array;
      readonly spiR: Uint8Array;
      readonly suite: IkeSuite;
      /** Its keys descend from those of an IKE SA with a post-quantum pre-shared key. */
      readonly ppk?: true;
      readonly rekeyAt?: number;
      readonly expiresAt?: number;
    }
  /** An IKE SA that stood is no more, and its keys are wiped: the replaced one some time after `ike-rekeyed`. `at`: when. */
  | {
      readonly type: 'ike-removed';
      readonly spiI: Uint8Array;
      readonly spiR: Uint8Array;
      readonly at: number;
      readonly reason: IkeRemovedReason;
    }
  /** The gateway wants us to authenticate again (RFC 4478); it ends the IKE SA some time after `reauthenticateAt`. */
  | { readonly type: 'auth-lifetime'; readonly reauthenticateAt: number }
  /**
   * The gateway sends us elsewhere (RFC 5685). `init` and `auth`: `closed` follows, without a failure. `established`: this
   * connection goes on until its owner has another one and deletes it, or the gateway does.
   */
  | { readonly type: 'redirect'; readonly to: RedirectTarget; readonly during: RedirectedDuring }
  /**
   * The peer refused to renew something, or a Child SA that was asked for by `createChild`. Tried again at `retryAt`, where that
   * stands. `spiIn`: the Child SA that was to be replaced.
   */
  | {
      readonly type: 'refused';
      readonly what: 'ike' | 'child';
      /** Of the Child SA's configuration. */
      readonly name?: string;
      readonly spiIn?: number;
      readonly failure: Failure;
      readonly retryAt?: number;
    }
  /** The peer makes no more SAs under this IKE SA (NO_ADDITIONAL_SAS): only a new connection can follow (§1.3). */
  | { readonly type: 'reauthentication-needed' }
  /** Comes before child-installed in the same drain. */
  | { readonly type: 'config'; readonly config: AssignedConfig }
  | {
      readonly type: 'child-installed';
      readonly name: string;
      readonly child: ChildSa;
      /** The inbound SPI of the Child SA that it takes the place of; `child-removed` for that one follows. */
      readonly replaces?: number;
      /**
       * The peer may not be able to receive on it yet, or is about to delete it: it carries outbound packets only where no
       * other SA does (§2.8). Inbound it is as good as any.
       */
      readonly standby?: true;
      /** Rekeying begins when either direction has carried so much. */
      readonly softLimit?: Partial<Usage>;
      readonly rekeyAt?: number;
      readonly expiresAt?: number;
    }
  | {
      readonly type: 'child-removed';
      readonly spiIn: number;
      readonly spiOut: number;
      readonly at: number;
      readonly reason: ChildRemovedReason;
    }
  /** Terminal: nothing else comes. `failure` is absent after a close that was asked for, by the caller or by a redirect. */
  | { readonly type: 'closed'; readonly failure?: Failure };

/** Messages that were dropped or answered without effect; all start at zero. */
export interface ConnectionCounters {
  /** Not decodable, before anything was authenticated. */
  malformed: number;
  /** ICV wrong, or protected although no keys exist. */
  unauthenticated: number;
  /** Outside the window, or an answer to nothing. */
  outOfWindow: number;
  /** Requests of the peer seen again and answered from the cache. */
  retransmitsReceived: number;
  retransmitsSent: number;
  /** Error or status notifies without a meaning to us. */
  unknownNotifies: number;
  /** REDIRECT and AUTH_LIFETIME that nobody asked for, that are garbage, or that answer another request than ours. */
  ignoredNotifies: number;
}

/** An IKE SA and what replaces it, with the Child SAs: feed it, then drain it. Synchronous; never throws for anything a peer sends. */
export interface Connection {
  readonly state: ConnectionState;
  readonly spiI: Uint8Array;
  readonly spiR: Uint8Array;
  /** Both ends know MOBIKE. */
  readonly mobike: boolean;
  readonly counters: Readonly<ConnectionCounters>;
  /** When something fresh and authentic last came from the peer, ESP that we were told of included; 0 before it did. */
  readonly lastInbound: number;
  /** Initiator only: sends IKE_SA_INIT over `path`. */
  initiate(now: number, path: Path): void;
  handleDatagram(now: number, bytes: Uint8Array, path: Path): void;
  handleTimeout(now: number): void;
  /** Answers the question with this id. False, and nothing happens, where it is not open or wants another kind of answer. */
  answer(now: number, id: number, answer: Answer): boolean;
  /** Authenticated ESP arrived at this time: counts as proof of life (RFC 7296 §2.4). */
  noteInboundTraffic(now: number): void;
  /** Counters of a Child SA, as often as the caller likes: rekeying by bytes and packets follows from them. */
  noteUsage(now: number, spiIn: number, usage: Usage): void;
  /** Renews an SA now. */
  rekey(now: number, what: RekeyTarget): void;
  /** Asks for one more Child SA under this IKE SA. */
  createChild(now: number, child: ChildConfig): void;
  /**
   * Our address or port has changed, or another address of the gateway's is to be used; established initiators only. The path as
   * it is already means that something on it may have changed, such as a NAT (RFC 4555 §3.5).
   */
  roam(now: number, path: Path): void;
  /** Asks the peer for life at once. */
  checkLiveness(now: number): void;
  /** Deletes one Child SA, or, without an SPI, the IKE SA with all of them. */
  delete(now: number, spiIn?: number): void;
  /** Closes without a word to the peer (the network is gone, the process ends now). */
  abandon(now: number): void;
  pollTransmit(now: number): Datagram | undefined;
  pollTimeout(): number | undefined;
  pollEvent(): ConnectionEvent | undefined;
}
