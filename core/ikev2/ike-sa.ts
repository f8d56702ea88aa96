/**
 * What an IKE SA knows and owns: SPIs, nonces, suite, keys, path, children, and the events for the driver. Tasks read
 * and fill it; connection.ts moves its state. Nothing here sends or decides.
 */
import { EMPTY, wipe } from '#core/bytes/bytes.ts';
import type { AdditionalKeyExchange, IkeSuite } from '#core/crypto/interfaces.ts';
import type { Identification } from '#core/ike/identification.ts';
import type { Path } from '#core/net/address.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { AuthService } from './auth-service.ts';
import type { TrafficSelector } from '#core/ike/traffic-selector.ts';
import type {
  AssignedConfig,
  ChildConfig,
  ChildRemovedReason,
  ConnectionConfig,
  ConnectionCounters,
  ConnectionEvent,
  ConnectionState,
  Usage,
} from './connection-types.ts';
import { Reassembly } from './fragments.ts';
import { IntAuth } from './int-auth.ts';
import type { IkeKeys } from './key-material.ts';
import type { MessageProtection } from './payload-types.ts';
import type { PpkKeys } from './ppk.ts';
import type { RedirectTarget } from './redirect-target.ts';
import { Whereabouts } from './whereabouts.ts';
import type { ChildTerms } from './child-offer.ts';
import { type AllUnfinished, giveUp } from './unfinished.ts';
import type { ChildWish, IkeWish } from './wishes.ts';

/** A Child SA as the IKE SA remembers it. Its keys went out with `child-installed` and are not kept. */
export interface Child {
  readonly config: ChildConfig;
  readonly spiIn: number;
  readonly spiOut: number;
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
  readonly expiresAt?: number;
  /** When rekeying begins; `undefined` once it has, or where nothing asks for it. */
  rekeyAt: number | undefined;
  /** What it may carry before rekeying begins. */
  softLimit: Partial<Usage>;
  /**
   * Our Delete: not wanted, wanted, in the queue, gone out (§1.4.1: a crossing one must not be answered with the pair's
   * SPI).
   */
  deletion: 'no' | 'due' | 'planned' | 'sent';
  /** Our request to rekey it is under way. */
  rekeying: boolean;
  /** It has a successor, and whoever made that deletes this one. */
  replacedBy: Child | undefined;
  /** The successor that the peer made while our own request was under way (§2.8.1). */
  rival: { readonly child: Child; readonly lowest: Uint8Array } | undefined;
  /** It lost such a race. */
  redundant: boolean;
  /** The peer is to delete it; from then on we do. */
  retireAt: number | undefined;
  /** It was made in the place of one that had gone: when, and for which time in a row (child-again.ts). */
  again: { readonly at: number; readonly times: number } | undefined;
}

/** A Child SA that has just been made. */
export function newChild(
  made: Pick<Child, 'config' | 'spiIn' | 'spiOut' | 'localTs' | 'remoteTs'> & Partial<Child>,
): Child {
  return {
    rekeyAt: undefined,
    softLimit: {},
    deletion: 'no',
    rekeying: false,
    replacedBy: undefined,
    rival: undefined,
    redundant: false,
    retireAt: undefined,
    again: undefined,
    ...made,
  };
}

/** Nothing has been decided about its end yet. */
export const isInUse = ({ deletion, replacedBy }: Child): boolean =>
  deletion === 'no' && replacedBy === undefined;

/** An IKE SA that a rekeying has made, before anybody lives by it. */
export interface Offspring {
  readonly sa: IkeSa;
  readonly madeBy: 'us' | 'peer';
  /** The peer's own rekeying goes on in its place: whoever made it deletes it. */
  readonly lost?: boolean;
  /** The lower nonce of the exchange that made it (§2.8.2). */
  readonly lowest: Uint8Array;
}

/** What only a whole gateway knows; a single connection does with the defaults. */
export interface ConnectionHost {
  /** Is this inbound SPI used by another connection of the same data plane? */
  readonly spiTaken?: (spiIn: number) => boolean;
  /** How long a responder waits for IKE_AUTH. */
  readonly halfOpenMs?: number;
}

/** Passes every IPv6 link and nearly every IPv4 one. */
const FRAGMENT_BYTES = 1280;
const NO_SPI = new Uint8Array(8);

export class IkeSa {
  readonly config: ConnectionConfig;
  readonly host: ConnectionHost;
  state: ConnectionState = 'idle';
  spiI: Uint8Array = NO_SPI;
  spiR: Uint8Array = NO_SPI;
  nonceI: Uint8Array = EMPTY;
  nonceR: Uint8Array = EMPTY;
  /** The octets that AUTH signs (§2.15): the request that was answered, and that answer. */
  initRequest: Uint8Array = EMPTY;
  initResponse: Uint8Array = EMPTY;
  /** What stood in IKE_INTERMEDIATE, which AUTH covers. */
  readonly intAuth = new IntAuth();
  /** Key exchanges that are due before IKE_AUTH (RFC 9370 §2.2.2). */
  additional: readonly AdditionalKeyExchange[] = [];
  suite: IkeSuite | undefined;
  keys: IkeKeys | undefined;
  /**
   * The post-quantum pre-shared key (RFC 8784): both ends know of such keys; ours is in what we have said, and the gateway has
   * not answered; it is in `keys`; the gateway goes on without it. Heirs descend from the keys that have it.
   */
  ppk: 'none' | 'announced' | 'proposed' | 'used' | 'declined' = 'none';
  /** While it is open whether the PPK is used: what stands in `keys` where it is not. */
  unmixed: PpkKeys | undefined;
  /** Our direction and the peer's. */
  sealing: MessageProtection | undefined;
  opening: MessageProtection | undefined;
  /** What the last request of the peer came under, and comes under again: IKE_INTERMEDIATE changes the keys behind it. */
  openedBy: MessageProtection | undefined;
  /** SIGNATURE_HASH_ALGORITHMS of the peer (RFC 7427 §4); empty where it sent none. */
  peerHashes: readonly number[] = [];
  /** CAs of the peer's CERTREQ, as authoritiesOf reads them. */
  peerAuthorities: readonly Uint8Array[] = [];
  /** The issuer of our certificate, where the peer has asked for those of others. */
  unaskedIssuer: string | undefined;
  /** The gateway takes a second authentication (RFC 4739). */
  multipleAuth = false;
  /** Both ends take fragments (RFC 7383 §2.3). */
  fragmentation = false;
  /** Messages of the peer of which fragments are missing. */
  readonly incomplete = { requests: new Reassembly(), responses: new Reassembly() };
  remoteId: Identification | undefined;
  /** The peer says that it has no other IKE SA with us (§2.4). */
  initialContact = false;
  assigned: AssignedConfig | undefined;
  peerVendorIds: readonly Uint8Array[] = [];
  /** Responder: IKE_AUTH, which may take several requests. */
  authService: AuthService | undefined;
  expiresAt: number | undefined;
  rekeyAt: number | undefined;
  /** What our request under way is about. Collisions are judged by `busyWith` (§2.25). */
  asking: 'child' | 'ike' | undefined;
  /** SPIs that the peer deleted and we did not know: one of them may be what our request under way is about to make. */
  readonly deletedEarly = new Set<number>();
  /** Another IKE SA has taken its place; what is left is to delete it. */
  superseded = false;
  /** The client has moved since, and the peer may know no other IKE SA than this one. */
  owesUpdate = false;
  /** How many rekeyings lie between the first IKE SA of the connection and this one. */
  readonly generation: number;
  /** Both ends were authenticated: what follows from it is told when it ends. */
  stood = false;
  /** Responder: the client can be sent elsewhere (RFC 5685). */
  peerTakesRedirect = false;
  /** Responder: it ends then, whatever the client does, and for this reason. */
  leaveAt: { readonly at: number; readonly failure?: Failure } | undefined;
  /** As whom the peer saw us when it was last told of our addresses: NAT_DETECTION_DESTINATION_IP, a hash over these SPIs. */
  seenAs: Uint8Array | undefined;
  /** Made by the exchange that has just ended; succession.ts takes it. */
  offspring: Offspring | undefined;
  /** What waits for further key exchanges (RFC 9370 §2.2.4). */
  readonly unfinished: AllUnfinished = { ours: undefined, theirs: undefined };
  /** The lower nonce of the rekeying by which the peer made another IKE SA while ours was under way (§2.8.2). */
  rivalLowest: Uint8Array | undefined;
  /** Since when the peer has been answering nothing but TEMPORARY_FAILURE (§2.25). */
  temporarySince: number | undefined;
  /** The sender of I in the header's flags: whoever began IKE_SA_INIT, or the rekeying that made this SA (§2.18). */
  readonly isInitiator: boolean;

  // All IKE SAs of a connection share what follows: that is how Child SAs are inherited (§2.8).
  readonly where: Whereabouts;
  readonly children: Map<number, Child>;
  /** Child SAs that the peer has made, and we could not. */
  readonly stillborn: Pick<Child, 'spiIn'>[];
  /** What we shall ask for. */
  readonly wishes: { children: ChildWish[]; ike: IkeWish | undefined; redirect: RedirectTarget | undefined };
  /** What the peer has taught us about Child SAs. */
  readonly shared: { terms: ChildTerms };
  readonly events: ConnectionEvent[];
  readonly counters: ConnectionCounters;

  /** `heirOf`: the IKE SA that it is made under by rekeying. */
  constructor(config: ConnectionConfig, host: ConnectionHost, heirOf?: IkeSa, isInitiator?: boolean) {
    this.config = config;
    this.host = host;
    this.isInitiator = isInitiator ?? config.role === 'initiator';
    this.generation = heirOf === undefined ? 0 : heirOf.generation + 1;
    this.where = heirOf?.where ?? new Whereabouts();
    this.children = heirOf?.children ?? new Map<number, Child>();
    this.stillborn = heirOf?.stillborn ?? [];
    this.wishes = heirOf?.wishes ?? { children: [], ike: undefined, redirect: undefined };
    this.shared = heirOf?.shared ?? { terms: 'as-configured' };
    this.events = heirOf?.events ?? [];
    this.counters = heirOf?.counters ?? {
      malformed: 0,
      unauthenticated: 0,
      outOfWindow: 0,
      retransmitsReceived: 0,
      retransmitsSent: 0,
      unknownNotifies: 0,
      ignoredNotifies: 0,
    };
    if (heirOf === undefined) return;
    this.state = 'established';
    this.stood = true;
    this.ppk = heirOf.ppk;
    this.leaveAt = heirOf.leaveAt;
    this.fragmentation = heirOf.fragmentation;
    this.remoteId = heirOf.remoteId;
    this.initialContact = heirOf.initialContact;
    this.assigned = heirOf.assigned;
    this.peerVendorIds = heirOf.peerVendorIds;
  }

  get path(): Path | undefined {
    return this.where.path;
  }

  set path(path: Path | undefined) {
    this.where.path = path;
  }

  get nat(): Whereabouts['nat'] {
    return this.where.nat;
  }

  set nat(nat: Whereabouts['nat']) {
    this.where.nat = nat;
  }

  /** What our request under way is about, or the one that was, while further key exchanges of it are due. */
  get busyWith(): 'child' | 'ike' | undefined {
    const { ours } = this.unfinished;
    return this.asking ?? (ours && (ours.about === 'ike' ? 'ike' : 'child'));
  }

  /** ESP travels in UDP: a NAT is there, or the profile wants it so (§2.23, RFC 3948). */
  get encapsulated(): boolean {
    return this.nat.local || this.nat.remote || this.config.encapsulation === 'force';
  }

  /** The largest IP datagram that we send whole; 0 where fragments are not wanted. */
  get fragmentBytes(): number {
    return this.config.fragmentBytes ?? FRAGMENT_BYTES;
  }

  emit(event: ConnectionEvent): void {
    this.events.push(event);
  }

  /** Tells the driver where we stand, where that is news. */
  emitPath(): void {
    const { path, nat, roaming } = this.where;
    if (path === undefined) return;
    const told = JSON.stringify([path, nat, roaming]);
    if (told === this.where.told) return;
    this.where.told = told;
    this.emit({ type: 'path', path, nat: { ...nat }, ...(roaming ? { pending: true } : {}) });
  }

  /** A new IKE SPI: 8 octets, never all zero (§2.6). */
  newIkeSpi(): Uint8Array {
    for (;;) {
      const spi = this.config.random(8);
      if (spi.some((octet) => octet !== 0)) return spi;
    }
  }

  /** A new inbound SPI of a Child SA. 0 to 255 are reserved (RFC 4303 §2.1). */
  newChildSpi(): number {
    for (;;) {
      const spi = new DataView(this.config.random(4).slice().buffer).getUint32(0);
      if (spi > 255 && !this.children.has(spi) && this.host.spiTaken?.(spi) !== true) return spi;
    }
  }

  addChild(child: Child): void {
    this.children.set(child.spiIn, child);
  }

  /** Forgets a Child SA and says so; an installation that nobody has drained yet is taken back instead. */
  removeChild(at: number, child: Child, reason: ChildRemovedReason): void {
    this.children.delete(child.spiIn);
    for (const other of this.children.values()) {
      if (other.rival?.child === child) other.rival = undefined;
      // Whoever had it as successor has none any more; what lost a race against it is needed again.
      if (other.replacedBy !== child) continue;
      other.replacedBy = undefined;
      other.redundant = false;
      other.retireAt = undefined;
    }
    const undrained = this.events.findIndex(
      (event) => event.type === 'child-installed' && event.child.spiIn === child.spiIn,
    );
    const [installed] = undrained < 0 ? [] : this.events.splice(undrained, 1);
    if (installed?.type === 'child-installed') {
      const { keysIn, keysOut } = installed.child;
      wipe(keysIn.encryption, keysIn.integrity, keysOut.encryption, keysOut.integrity);
      return;
    }
    this.emit({ type: 'child-removed', spiIn: child.spiIn, spiOut: child.spiOut, at, reason });
  }

  /** Wipes every secret of the SA. */
  forget(): void {
    if (this.keys !== undefined) wipe(...Object.values(this.keys));
    this.keys = undefined;
    if (this.unmixed !== undefined) wipe(...Object.values(this.unmixed));
    this.unmixed = undefined;
    this.sealing = undefined;
    this.opening = undefined;
    this.openedBy = undefined;
    giveUp(this, 'ours');
    giveUp(this, 'theirs');
    this.authService = undefined;
    this.incomplete.requests.clear();
    this.incomplete.responses.clear();
    this.nonceI = EMPTY;
    this.nonceR = EMPTY;
    this.initRequest = EMPTY;
    this.initResponse = EMPTY;
  }
}
