/**
 * One connection, an IKE SA with its Child SAs, from the first datagram to the last: runs the engine through a Driver, does what its
 * events ask for, says whether the peer lives, and ends. What follows for the data plane is in child-sas.ts, what is due in
 * deadlines.ts.
 */
import { equal, toHex } from '#core/bytes/bytes.ts';
import { describeIkeSuite } from '#core/crypto/suite.ts';
import type { Expiry } from '#core/esp/sa.ts';
import { explain } from '#core/failure/explain.ts';
import type { Failure } from '#core/failure/failure.ts';
import { formatIdentification } from '#core/ike/identification.ts';
import type { AssignedConfig, Connection, ConnectionEvent } from '#core/ikev2/connection-types.ts';
import { peekHeader } from '#core/ikev2/message.ts';
import type { Answer, Question } from '#core/ikev2/questions.ts';
import type { RedirectTarget } from '#core/ikev2/redirect-target.ts';
import { burstFor } from '#core/ikev2/vendor-ids.ts';
import type { PostQuantum } from '#core/ipc/contract.ts';
import type { IpAddress, Path } from '#core/net/address.ts';
import type { Clock } from '../clock.ts';
import { Driver } from '../driver.ts';
import type { Logger } from '../log/log.ts';
import { messageOf } from '../log/log.ts';
import { faultText } from '../log/fault.ts';
import type { IkeDatagram, SaCounters } from '../native/data-plane.ts';
import type { Carrier } from './carrier.ts';
import { ChildSas, type EspWay, GONE, type InstalledChild, spiText } from './child-sas.ts';
import { Deadlines } from './deadlines.ts';
import { faultFailure, systemFailure } from './failures.ts';
import { LeftBehind } from './left-behind.ts';
import { postQuantumOf } from './post-quantum.ts';

type EventOf<T extends ConnectionEvent['type']> = Extract<ConnectionEvent, { type: T }>;

interface AssociationDeps {
  readonly connection: Connection;
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly log: Logger;
  /** The gateway has taken over a new password. */
  readonly onPasswordChanged: (password: string) => void;
  /** Never rejects. */
  readonly answer: (question: Question) => Promise<Answer>;
  /** The peer has proven that it lives. */
  readonly onProof: () => void;
  /** The gateway may have forgotten us: a hint that nothing vouches for. */
  readonly onDisowned: () => void;
  /** The gateway has answered over `path`. */
  readonly onMoved: () => void;
  /** The gateway wants us elsewhere while this connection stands: `sentTo` says where. */
  readonly onRedirect: () => void;
  /** Another login has to take the place of this one: `deadlines` say when. */
  readonly onReauthenticate: () => void;
  /** A Child SA carries packets. */
  readonly onInstalled: () => void;
  /** An SA is no more, since `at` (ISO 8601) where that was not now. */
  readonly onDiscard: (kind: 'ike' | 'child', spi: string, why: string, at?: string) => void;
  /** Nothing of it is needed any more: called once, at the end of leave(). */
  readonly release: () => void;
  /** Something that status shows has changed. */
  readonly onChange: () => void;
}

/** How long the peer has to acknowledge our Delete before we go without its answer. */
const DELETE_WITHIN_MS = 2000;
/** How long the gateway has for a Child SA in the place of the last one that it deleted. */
const ANOTHER_WITHIN_MS = 1000;

export class Association {
  readonly deadlines: Deadlines;
  step = '';
  path: Path | undefined;
  nat: EventOf<'path'>['nat'] | undefined;
  ike: EventOf<'ike-established'> | undefined;
  /** What protects the keys of `ike` and of its successors. */
  postQuantum: readonly PostQuantum[] = [];
  config: AssignedConfig | undefined;
  /** Where else the gateway can be reached, as it says itself. */
  peerAddresses: readonly IpAddress[] = [];
  /** Where the gateway has sent us. */
  sentTo: RedirectTarget | undefined;

  readonly #deps: AssociationDeps;
  readonly #driver: Driver;
  readonly #children: ChildSas;
  readonly #leftBehind: LeftBehind;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<Failure | undefined>();
  readonly #closed = Promise.withResolvers<void>();
  #over = false;
  #leaving: Promise<void> | undefined;
  /** Wall-clock milliseconds, which go on while the machine sleeps; `undefined` before the peer proved anything. */
  #proofAt: number | undefined;
  #lastInbound = 0;
  #answered = false;
  /** Forgets that the last Child SA has gone. */
  #lost: (() => void) | undefined;

  constructor(deps: AssociationDeps) {
    this.#deps = deps;
    const { carrier, clock, log, onReauthenticate } = deps;
    this.deadlines = new Deadlines({ clock, log, onReauthenticate });
    this.#children = new ChildSas({
      carrier,
      clock,
      log,
      onDiscard: (...record) => deps.onDiscard('child', ...record),
    });
    this.#leftBehind = new LeftBehind({
      clock,
      log,
      counters: () =>
        carrier.dataPlane.stats().children.filter(({ spiIn }) => this.#children.receives(spiIn)),
      standing: () => [...this.children.keys()],
      rekey: (what) => this.rekey(what),
    });
    this.#driver = new Driver({
      connection: deps.connection,
      clock: deps.clock,
      send: (datagram) => deps.carrier.send(datagram),
      onEvent: (event) => this.#on(event),
      onFault: (error) => this.#fault(error),
    });
  }

  /** By inbound SPI: those that carry packets. */
  get children(): ReadonlyMap<number, InstalledChild> {
    return this.#children.installed;
  }

  /** Resolves when the first Child SA carries packets; never rejects. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when it is over, with the reason unless we ended it; never rejects. */
  get ended(): Promise<Failure | undefined> {
    return this.#ended.promise;
  }

  /** When the peer last proved that it lives, in milliseconds since 1970. */
  get lastProof(): number | undefined {
    return this.#proofAt;
  }

  /** Whether anything came back that has our SPI, for as long as it is new: it vouches for nothing. */
  get isAnswered(): boolean {
    return this.#answered;
  }

  /** Whether `ended` has resolved. */
  get isOver(): boolean {
    return this.#over;
  }

  start(path: Path): void {
    this.path = path;
    this.#deps.carrier.lead(path.remote);
    this.#driver.initiate(path);
  }

  receive({ bytes, local, remote }: IkeDatagram): void {
    const { spiI } = this.#deps.connection;
    this.#answered ||= equal(peekHeader(bytes)?.spiI ?? NO_SPI, spiI);
    this.#driver.receive(bytes, { local, remote });
    this.#noteProof();
  }

  noteInboundTraffic(): void {
    this.#driver.noteInboundTraffic();
    this.#leftBehind.heard();
    this.#noteProof();
  }

  get mobike(): boolean {
    return this.#deps.connection.mobike;
  }

  /** Asks the peer for life at once. */
  checkLiveness(): void {
    this.#driver.checkLiveness();
  }

  /** Goes on over this path, which may be the same behind another NAT (RFC 4555 §3.5). */
  roam(path: Path): void {
    this.#deps.carrier.lead(path.remote);
    this.#driver.roam(path);
  }

  /** What a Child SA has carried so far: rekeying by bytes and packets follows from it. */
  noteUsage({ spiIn, bytesIn, bytesOut, packetsIn, packetsOut }: SaCounters): void {
    const usage = { bytes: larger(bytesIn, bytesOut), packets: larger(packetsIn, packetsOut) };
    this.#driver.noteUsage(spiIn, usage);
  }

  /** New keys now, for the IKE SA or for every Child SA. */
  rekey(what: 'ike' | 'child'): void {
    if (what === 'ike') this.#driver.rekey({ ike: true });
    else for (const spiIn of this.children.keys()) this.#driver.rekey({ spiIn });
  }

  /** The data plane stopped an SA at a hard limit: its keys go now, whatever the peer says to its Delete. */
  expire(spiIn: number, reason: Expiry): void {
    const why = reason === 'time' ? GONE.expired : `it reached its limit of ${reason}`;
    this.#deps.log.warn(`the Child SA ${spiText(spiIn)}: ${why}`);
    const ended = this.children.get(spiIn);
    const networks = ended?.child.remoteTs ?? [];
    // Where the helper hung, the data plane ended it long before we hear of it.
    this.#children.remove(spiIn, why, reason === 'time' ? ended?.expiresAt : undefined);
    // The engine has the same limit of time and does the rest itself.
    if (reason === 'time') return;
    if (this.#children.carry(networks)) this.#driver.delete(spiIn);
    else this.fail(childEnded(why));
  }

  /** Another association carries what goes out. What the peer sends is taken until leave() is done. */
  retire(): void {
    this.#children.retire();
  }

  /** Ends it from our side because of `failure`; leave() says goodbye to the peer. */
  fail(failure: Failure): void {
    this.#end(failure);
  }

  /** Tells the peer, waits a bounded time for its answer, then lets go. Safe in every state, and more than once. */
  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave(): Promise<void> {
    this.#end(undefined);
    // Until the Delete is acknowledged, which may be never: they would go before another's new SA while that one stands by.
    this.retire();
    this.#driver.delete();
    const cancel = this.#deps.clock.setTimer(this.#deps.clock.now() + DELETE_WITHIN_MS, () => {
      this.#driver.abandon();
      this.#closed.resolve();
    });
    await this.#closed.promise;
    cancel();
    this.#children.clear();
    this.#deps.release();
  }

  #noteProof(): void {
    const { lastInbound } = this.#deps.connection;
    if (lastInbound === this.#lastInbound) return;
    this.#lastInbound = lastInbound;
    this.#proofAt = this.#deps.clock.wall();
    this.#deps.onProof();
  }

  #end(failure: Failure | undefined): void {
    this.#over = true;
    this.#lost?.();
    this.#leftBehind.stop();
    this.deadlines.stop();
    this.#ended.resolve(failure);
  }

  #on(event: ConnectionEvent): void {
    switch (event.type) {
      case 'progress':
        this.step = event.detail;
        this.#deps.log.debug(event.detail);
        break;
      case 'question':
        void this.#deps.answer(event.question).then((answer) => this.#driver.answer(event.id, answer));
        break;
      case 'notice':
        this.#deps.log.info(`the gateway says: ${event.text}`);
        break;
      case 'password-changed':
        this.#deps.onPasswordChanged(event.password);
        break;
      case 'path':
        this.path = event.path;
        this.#deps.carrier.lead(event.path.remote);
        this.nat = event.nat;
        this.#moveChildren();
        if (event.pending !== true) this.#deps.onMoved();
        break;
      case 'roam-failed':
        this.#deps.log.warn(`the gateway does not follow us: ${explain(event.failure).sentence}`);
        this.#end(event.failure);
        break;
      case 'addresses-updated':
        this.#leftBehind.acknowledged();
        break;
      case 'disowned':
        this.#deps.log.info('somebody says for the gateway that it does not know this connection');
        this.#deps.onDisowned();
        break;
      case 'peer-addresses':
        this.peerAddresses = event.addresses;
        break;
      case 'ike-established':
        this.ike = event;
        this.postQuantum = postQuantumOf(event);
        this.deadlines.keyed(event.rekeyAt, event.expiresAt);
        this.#deps.log.info(
          `IKE SA established with ${formatIdentification(event.remoteId)}: ${describeIkeSuite(event.suite)}`,
        );
        break;
      case 'ike-rekeyed': {
        const { spiI, spiR, suite } = event;
        if (this.ike !== undefined) this.ike = { ...this.ike, spiI, spiR, suite };
        this.deadlines.keyed(event.rekeyAt, event.expiresAt);
        this.#deps.log.info(`IKE SA rekeyed: ${describeIkeSuite(suite)}`);
        break;
      }
      case 'refused':
        this.#deps.log.warn(
          `the gateway refused ${event.spiIn === undefined && event.what === 'child' ? 'a' : 'new keys for the'} ${event.what === 'ike' ? 'IKE' : 'Child'} SA: ${explain(event.failure).sentence}`,
        );
        break;
      case 'reauthentication-needed':
        this.#deps.log.info('the gateway makes no more SAs in this session: another login takes its place');
        this.deadlines.reauthenticate(this.#deps.clock.now());
        break;
      case 'auth-lifetime':
        this.#deps.log.info('the gateway wants another login after some time');
        this.deadlines.reauthenticate(event.reauthenticateAt);
        break;
      case 'ike-removed':
        this.#deps.onDiscard('ike', toHex(event.spiI), GONE[event.reason]);
        break;
      case 'redirect':
        this.#deps.log.info(`the gateway sends us to ${event.to.value}`);
        this.sentTo = event.to;
        if (event.during === 'established') this.#deps.onRedirect();
        break;
      case 'config':
        this.config = event.config;
        break;
      case 'child-installed':
        this.#install(event);
        break;
      case 'child-removed':
        this.#remove(event);
        break;
      case 'closed':
        this.#end(event.failure);
        this.#closed.resolve();
        break;
    }
    this.#deps.onChange();
  }

  #install(event: EventOf<'child-installed'>): void {
    const way = this.#way;
    if (!way) return;
    try {
      this.#children.install(event, way);
    } catch (error) {
      this.#deps.log.error(`the data plane refused a Child SA: ${messageOf(error)}`);
      this.#end(systemFailure('The data plane cannot carry the Child SA', error));
      return;
    }
    this.#ready.resolve();
    this.#deps.onInstalled();
  }

  #remove({ spiIn, reason }: EventOf<'child-removed'>): void {
    if (reason === 'rekeyed') this.#children.linger(spiIn);
    else this.#children.remove(spiIn, GONE[reason]);
    // After the others a `closed` event follows with the better cause, or we are leaving.
    if (reason === 'deleted-by-peer') {
      this.#lose({ cause: 'closed-by-peer', detail: 'the gateway deleted the Child SA' });
    }
    if (reason === 'expired') this.#lose(childEnded(GONE.expired));
  }

  #fault(error: unknown): void {
    this.#deps.log.error(`a fault in the engine: ${faultText(error)}`);
    this.#end(faultFailure('The key exchange failed inside the helper', error));
    this.#closed.resolve();
  }

  /**
   * Without a Child SA nothing can travel: over, unless the gateway makes another in a moment, as charon does where its life_time
   * comes before the rekeying. The engine makes one of several again by itself.
   */
  #lose(failure: Failure): void {
    if (this.children.size > 0 || this.#over) return;
    const { clock } = this.#deps;
    this.#lost?.();
    this.#lost = clock.setTimer(clock.now() + ANOTHER_WITHIN_MS, () => {
      if (this.children.size === 0) this.#end(failure);
    });
  }

  #moveChildren(): void {
    const way = this.#way;
    if (way) this.#children.move(way);
  }

  get #way(): EspWay | undefined {
    const { path, nat, ike } = this;
    return path && { path, nat, burst: burstFor(ike?.vendorIds ?? []) };
  }
}

const NO_SPI = new Uint8Array(0);

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

function childEnded(detail: string): Failure {
  return { cause: 'system', what: 'The Child SA ended', detail, remedy: 'connect again (adit up)' };
}
