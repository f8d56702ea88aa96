/**
 * One IKE SA with its Child SAs, from the first datagram to the last: runs the engine through a Driver, keeps the
 * data plane in step with it (install, remove, path), and remembers what there is to tell about it.
 */
import { equal, toHex, wipe } from '#core/bytes/bytes.ts';
import { describeEspSuite, describeIkeSuite } from '#core/crypto/suite.ts';
import type { ChildSa } from '#core/esp/child-sa.ts';
import type { Expiry } from '#core/esp/sa.ts';
import { explain } from '#core/failure/explain.ts';
import type { Failure } from '#core/failure/failure.ts';
import { formatIdentification } from '#core/ike/identification.ts';
import { formatTrafficSelector, type TrafficSelector } from '#core/ike/traffic-selector.ts';
import type { AssignedConfig, Connection, ConnectionEvent, Usage } from '#core/ikev2/connection-types.ts';
import { peekHeader } from '#core/ikev2/message.ts';
import type { Answer, Question } from '#core/ikev2/questions.ts';
import type { RedirectTarget } from '#core/ikev2/redirect-target.ts';
import { burstFor } from '#core/ikev2/vendor-ids.ts';
import type { IpAddress, Path } from '#core/net/address.ts';
import type { Clock } from '../clock.ts';
import { isoTime } from '../clock.ts';
import { Driver } from '../driver.ts';
import type { Logger } from '../log/log.ts';
import { messageOf } from '../log/log.ts';
import { faultText } from '../log/fault.ts';
import type { EspPath, IkeDatagram, SaCounters } from '../native/data-plane.ts';
import type { Carrier } from './carrier.ts';
import { faultFailure, systemFailure } from './failures.ts';

type EventOf<T extends ConnectionEvent['type']> = Extract<ConnectionEvent, { type: T }>;

export interface InstalledChild {
  /** Without keys: they are wiped once the data plane has them. */
  readonly child: ChildSa;
  readonly name: string;
  readonly softLimit: Partial<Usage>;
  /** ISO 8601, told once: two clocks that drift must not make it wander. */
  readonly rekeyAt: string | undefined;
  readonly expiresAt: string | undefined;
}

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
  /** Another login has to take the place of this one: `reauthenticateDue` says when. */
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

/** Why an SA went, for people. */
const GONE: Readonly<Record<EventOf<'child-removed' | 'ike-removed'>['reason'], string>> = {
  'deleted-by-peer': 'the gateway deleted it',
  'deleted-by-us': 'we deleted it',
  expired: 'it reached its lifetime',
  rekeyed: 'another with new keys has its place',
  failed: 'the gateway fell silent, or broke the protocol',
  'ike-closed': 'the connection ended',
};

/** How long the old half of a rekeyed Child SA still receives: what the peer sent before its Delete may be overtaken by it. */
const LINGER_MS = 5000;

/** How long the peer has to acknowledge our Delete before we go without its answer. */
const DELETE_WITHIN_MS = 2000;
/** How long the gateway has for a Child SA in the place of the last one that it deleted. */
const ANOTHER_WITHIN_MS = 1000;

export class Association {
  readonly children = new Map<number, InstalledChild>();
  step = '';
  path: Path | undefined;
  nat: EventOf<'path'>['nat'] | undefined;
  ike: EventOf<'ike-established'> | undefined;
  /** ISO 8601 */
  ikeRekeyAt: string | undefined;
  ikeExpiresAt: string | undefined;
  reauthenticateAt: string | undefined;
  /** The same, monotonic. */
  reauthenticateDue: number | undefined;
  config: AssignedConfig | undefined;
  /** Where else the gateway can be reached, as it says itself. */
  peerAddresses: readonly IpAddress[] = [];
  /** Where the gateway has sent us. */
  sentTo: RedirectTarget | undefined;

  readonly #deps: AssociationDeps;
  readonly #driver: Driver;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<Failure | undefined>();
  readonly #closed = Promise.withResolvers<void>();
  /** Rekeyed Child SAs that only receive, with what ends them. */
  readonly #lingering = new Map<number, () => void>();
  #over = false;
  #leaving: Promise<void> | undefined;
  /** Wall-clock milliseconds, which go on while the machine sleeps; `undefined` before the peer proved anything. */
  #proofAt: number | undefined;
  #lastInbound = 0;
  #answered = false;
  /** Nothing is sent on its Child SAs any more. */
  #retired = false;
  /** Forgets that the last Child SA has gone. */
  #lost: (() => void) | undefined;
  /** Forgets that the IKE SA ends when nothing replaces it. */
  #renewed: () => void = () => {};

  constructor(deps: AssociationDeps) {
    this.#deps = deps;
    this.#driver = new Driver({
      connection: deps.connection,
      clock: deps.clock,
      send: (datagram) => deps.carrier.send(datagram),
      onEvent: (event) => this.#on(event),
      onFault: (error) => this.#fault(error),
    });
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
    this.#driver.roam(path);
  }

  /** Forgets what the data plane has learned of the path: large packets that vanished with all others say nothing of it. */
  measurePath(): void {
    this.#moveChildren();
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
    this.#removeChild(spiIn, why, reason === 'time' ? ended?.expiresAt : undefined);
    // The engine has the same limit of time and does the rest itself.
    if (reason === 'time') return;
    if (this.#carries(networks)) this.#driver.delete(spiIn);
    else this.fail(childEnded(why));
  }

  /** Whether the Child SAs that are left lead to these networks: the one that replaces another does, the one of another subnet not. */
  #carries(networks: readonly TrafficSelector[]): boolean {
    const carried = new Set(
      [...this.children.values()].flatMap(({ child }) => child.remoteTs.map(formatTrafficSelector)),
    );
    return networks.every((selector) => carried.has(formatTrafficSelector(selector)));
  }

  /** Another association carries what goes out. What the peer sends is taken until leave() is done. */
  retire(): void {
    this.#retired = true;
    for (const spiIn of this.children.keys()) this.#deps.carrier.dataPlane.retireOutbound(spiIn);
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
    for (const forget of this.#lingering.values()) forget();
    for (const spiIn of this.children.keys()) this.#removeChild(spiIn, GONE['ike-closed']);
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
    this.#renewed();
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
        this.nat = event.nat;
        this.#moveChildren();
        if (event.pending !== true) this.#deps.onMoved();
        break;
      case 'roam-failed':
        this.#deps.log.warn(`the gateway does not follow us: ${explain(event.failure).sentence}`);
        this.#end(event.failure);
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
        this.#noteDeadlines(event);
        this.#deps.log.info(
          `IKE SA established with ${formatIdentification(event.remoteId)}: ${describeIkeSuite(event.suite)}`,
        );
        break;
      case 'ike-rekeyed': {
        const { spiI, spiR, suite } = event;
        if (this.ike !== undefined) this.ike = { ...this.ike, spiI, spiR, suite };
        this.#noteDeadlines(event);
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
        this.#reauthenticate(this.#deps.clock.now());
        break;
      case 'auth-lifetime':
        this.#deps.log.info('the gateway wants another login after some time');
        this.#reauthenticate(event.reauthenticateAt);
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

  #noteDeadlines({ rekeyAt, expiresAt }: Pick<EventOf<'ike-rekeyed'>, 'rekeyAt' | 'expiresAt'>): void {
    this.ikeRekeyAt = this.#wallTime(rekeyAt);
    this.ikeExpiresAt = this.#wallTime(expiresAt);
    this.#renewed();
    if (rekeyAt === undefined || expiresAt === undefined || this.#over) return;
    const { clock, log } = this.#deps;
    // Some gateways refuse new keys until a request of their own is answered, whose next repetition may come after our end.
    this.#renewed = clock.setTimer(Math.round((rekeyAt + expiresAt) / 2), () => {
      log.info('the IKE SA has no new keys yet and ends soon: another login takes its place');
      this.#reauthenticate(clock.now());
    });
  }

  #wallTime(at: number | undefined): string | undefined {
    return at === undefined ? undefined : isoTime(this.#deps.clock, at);
  }

  #install({
    name,
    child,
    softLimit = {},
    replaces,
    standby,
    rekeyAt,
    expiresAt,
  }: EventOf<'child-installed'>): void {
    if (!this.path) return;
    try {
      const { dataPlane } = this.#deps.carrier;
      dataPlane.installChild(child, this.#espPath(this.path, child.encapsulation), {
        standby: this.#retired || (standby ?? false),
      });
      if (this.#retired) dataPlane.retireOutbound(child.spiIn);
      // The old one still receives: what the peer has sent on it may be on its way.
      if (replaces !== undefined && standby !== true) dataPlane.retireOutbound(replaces);
    } catch (error) {
      this.#deps.log.error(`the data plane refused a Child SA: ${messageOf(error)}`);
      this.#end(systemFailure('The data plane cannot carry the Child SA', error));
      return;
    } finally {
      for (const keys of [child.keysIn, child.keysOut]) wipe(keys.encryption, keys.integrity);
    }
    this.children.set(child.spiIn, {
      child,
      name,
      softLimit,
      rekeyAt: this.#wallTime(rekeyAt),
      expiresAt: this.#wallTime(expiresAt),
    });
    this.#deps.log.info(
      `Child SA ${replaces === undefined ? 'installed' : 'rekeyed'}: ${describeEspSuite(child.suite)} ${TRAVELS[child.encapsulation]}, ${child.localTs.map(formatTrafficSelector).join(' ')} to ` +
        child.remoteTs.map(formatTrafficSelector).join(' '),
    );
    this.#ready.resolve();
    this.#deps.onInstalled();
  }

  #remove({ spiIn, reason }: EventOf<'child-removed'>): void {
    if (reason === 'rekeyed') this.#letLinger(spiIn);
    else this.#removeChild(spiIn, GONE[reason]);
    // After the others a `closed` event follows with the better cause, or we are leaving.
    if (reason === 'deleted-by-peer') {
      this.#lose({ cause: 'closed-by-peer', detail: 'the gateway deleted the Child SA' });
    }
    if (reason === 'expired') this.#lose(childEnded(GONE.expired));
  }

  #removeChild(spiIn: number, why: string, at?: string): void {
    this.#deps.carrier.dataPlane.removeChild(spiIn);
    if (this.children.delete(spiIn)) this.#deps.onDiscard('child', spiText(spiIn), why, at);
  }

  /** For the protocol it is gone, and nothing is sent on it. Its hard limits hold until the end. */
  #letLinger(spiIn: number): void {
    const { carrier, clock, onDiscard } = this.#deps;
    if (!this.children.delete(spiIn)) return;
    carrier.dataPlane.retireOutbound(spiIn);
    const forget = (): void => {
      cancel();
      this.#lingering.delete(spiIn);
      carrier.dataPlane.removeChild(spiIn);
      onDiscard('child', spiText(spiIn), GONE.rekeyed);
    };
    const cancel = clock.setTimer(clock.now() + LINGER_MS, forget);
    this.#lingering.set(spiIn, forget);
  }

  #reauthenticate(at: number): void {
    this.reauthenticateAt = this.#wallTime(at);
    this.reauthenticateDue = at;
    this.#deps.onReauthenticate();
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

  /** A gateway that takes packets one by one loses the end of long bursts. */
  #espPath(path: Path, encapsulation: 'udp' | 'none'): EspPath {
    return { ...this.#deps.carrier.espPath(path, encapsulation), burst: burstFor(this.ike?.vendorIds ?? []) };
  }

  #moveChildren(): void {
    if (!this.path) return;
    const { carrier, log } = this.#deps;
    const encapsulation = carrier.encapsulationOf(this.path, this.nat);
    const to = this.#espPath(this.path, encapsulation);
    for (const [spiIn, installed] of this.children) {
      carrier.dataPlane.setPath(spiIn, to);
      if (installed.child.encapsulation === encapsulation) continue;
      this.children.set(spiIn, { ...installed, child: { ...installed.child, encapsulation } });
      log.info(`Child SA ${spiText(spiIn)} goes on ${TRAVELS[encapsulation]}`);
    }
  }
}

/** Eight hex digits, as ESP packets show it. */
export const spiText = (spi: number): string => spi.toString(16).padStart(8, '0');

const NO_SPI = new Uint8Array(0);

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** How ESP goes, for people. */
const TRAVELS = { udp: 'in UDP', none: 'as IP protocol 50' } as const;

function childEnded(detail: string): Failure {
  return { cause: 'system', what: 'The Child SA ended', detail, remedy: 'connect again (adit up)' };
}
