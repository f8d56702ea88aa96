/**
 * One life of a tunnel: from the user's `up` until nothing of it is wanted any more. Carrier, addresses, routes, guard and DNS
 * are made at the first connection and stay until the end, so that nothing leaks while there is none; associations come and go
 * in it, at times two at once. tunnel.ts begins it and tells about it.
 *
 * | state | packets into the TUN |
 * | --- | --- |
 * | connecting | there is no route to it yet: they go as they went before |
 * | connected | into a Child SA, or dropped where none takes them |
 * | reconnecting | dropped, or into the SA that is in doubt |
 */
import { isDeepStrictEqual } from 'node:util';
import type { Expiry } from '#core/esp/sa.ts';
import type { Failure } from '#core/failure/failure.ts';
import { explain } from '#core/failure/explain.ts';
import { formatTrafficSelector } from '#core/ike/traffic-selector.ts';
import { type IpAddress, parseIp, type Path } from '#core/net/address.ts';
import { isoTime } from '../clock.ts';
import type { NetworkChange } from '../effects/network-watch/network-watch.ts';
import type { Logger } from '../log/log.ts';
import type { StoredProfile } from '../stored-profile.ts';
import { unlessAborted } from './abort.ts';
import type { Association } from './association.ts';
import { Bell } from './bell.ts';
import { BlackHoles } from './black-holes.ts';
import type { Carrier } from './carrier.ts';
import { openCarrier } from './carrier.ts';
import { Changes } from './changes.ts';
import { type Credentials, gatherCredentials, type Given } from './credentials.ts';
import { Dialler, type SentTo } from './dialler.ts';
import { reachableOutside } from './elsewhere.ts';
import { TunnelError, systemFailure } from './failures.ts';
import type { History } from './history.ts';
import { type Negotiated, wayTo } from './negotiate.ts';
import type { Person } from './person.ts';
import { type Plan, planOf } from './plan.ts';
import { deadAfterSec } from './retransmission.ts';
import { Retries } from './retries.ts';
import { Suspicion } from './suspicion.ts';
import type { TunnelDeps } from './tunnel-deps.ts';

interface LifeOptions {
  readonly stored: StoredProfile;
  readonly slot: number;
  readonly deps: TunnelDeps;
  readonly person: Person;
  readonly history: History;
  readonly log: Logger;
  /** The state follows from what is in place: see `stage`. */
  readonly onStage: () => void;
  readonly onStep: (step: string | undefined) => void;
  readonly onChange: () => void;
}

/** Why a fresh association is to take the place of one that stands. `lost`: that one is believed dead, but may yet speak. */
type Renewal = 'asked' | 'redirected' | 'reauthentication' | 'lost';

/** What was sent on the old connection has arrived by then, and has been opened. */
const STILL_UNDER_WAY_MS = 1000;

export class Life {
  readonly #options: LifeOptions;
  readonly #stop = new AbortController();
  readonly #bell = new Bell();
  readonly #retries: Retries;
  readonly #suspicion: Suspicion;
  readonly #changes: Changes;
  #carrier: Carrier | undefined;
  #credentials: Credentials | undefined;
  #dialler: Dialler | undefined;
  /** The one that carries packets. */
  #current: Association | undefined;
  #plan: Plan | undefined;
  /** MTU of the way to the gateway. */
  #outerMtu = 0;
  /** A Child SA came whose networks have no routes, or the connection has moved. */
  #outdated = false;
  #wasConnected = false;
  #renewal: Renewal | undefined;
  /** What became of the one that is `lost`. */
  #silence: Failure | undefined;
  /** Where the association `by` was told to go. */
  #sentTo: (SentTo & { readonly by: Association }) | undefined;
  /** When the next association is to be tried for (monotonic); `undefined` while none is wanted. */
  #due: number | undefined;
  #attempt: AbortController | undefined;
  /** Lets an association go at once that has been replaced. */
  #leaveNow: () => void = () => {};
  #fatal: Failure | undefined;

  constructor(options: LifeOptions) {
    this.#options = options;
    const { stored, deps, log } = options;
    const blackHoles = new BlackHoles(log);
    this.#changes = new Changes(deps.effects, deps.journal, log);
    this.#retries = new Retries(stored.profile.reconnect, deps.random);
    this.#suspicion = new Suspicion({
      clock: deps.clock,
      deadAfterSec: deadAfterSec(stored.profile.ike.livenessSec),
      counters: () => this.counters(),
      wayOf: (association) => this.#wayOf(association),
      onMove: (path) => this.#moveTo(path),
      onSilent: (association, failure) => this.#onSilent(association, failure),
      onChange: () => this.#onBelief(),
      onTick: () => {
        blackHoles.note(this.#carrier?.dataPlane.stats().paths ?? []);
        options.onChange();
      },
    });
  }

  /** What is in place: nothing yet, a connection that lives for all we know, or one that has to be made again. */
  get stage(): 'connecting' | 'connected' | 'reconnecting' {
    if (!this.#wasConnected) return 'connecting';
    return this.#current && !this.#suspicion.doubted ? 'connected' : 'reconnecting';
  }

  get association(): Association | undefined {
    return this.#current ?? this.#dialler?.trying;
  }

  get carrier(): Carrier | undefined {
    return this.#carrier;
  }

  get plan(): Plan | undefined {
    return this.#plan;
  }

  get dnsBackend(): Changes['dnsBackend'] {
    return this.#changes.dnsBackend;
  }

  get reconnect() {
    const { attempt, why } = this.#retries;
    const waits = this.#attempt === undefined && this.#due !== undefined;
    const nextAt = waits ? isoTime(this.#options.deps.clock, this.#due) : null;
    return { attempt, nextAt, why: why ?? null };
  }

  counters() {
    return this.#carrier?.dataPlane.stats().children ?? [];
  }

  stop(): void {
    this.#stop.abort();
  }

  rekey(what: 'ike' | 'child'): boolean {
    this.#current?.rekey(what);
    return this.#current !== undefined;
  }

  /** A fresh connection now; `false` before there was one. */
  renew(): boolean {
    if (!this.#wasConnected) return false;
    if (this.#current) this.#renewal = this.#suspicion.doubted ? 'lost' : 'asked';
    this.#want(this.#options.deps.clock.now());
    return true;
  }

  /** Resolves with the reason when it has ended by itself, or `undefined` when stop() ended it. Throws what the system refuses. */
  async run(given: Given): Promise<Failure | undefined> {
    const { stored, deps, person, log } = this.#options;
    const { signal } = this.#stop;
    const credentials = await gatherCredentials(stored, given, person);
    this.#credentials = credentials;
    if (signal.aborted) return undefined;
    const carrier = openCarrier(deps.platform, stored.profile.ike, this.#carrierEvents(), log);
    this.#carrier = carrier;
    this.#dialler = new Dialler({
      ...this.#options,
      carrier,
      credentials,
      onProof: (association) => this.#suspicion.proven(association),
      onRedirect: (by, sentTo) => {
        this.#sentTo = { ...sentTo, by };
        this.#planRedirect(by);
      },
      onMoved: (association) => this.#onMoved(association),
      onDisowned: (association) => this.#suspicion.disowned(association),
      onReauthenticate: (association) => this.#planReauthentication(association),
      onInstalled: (association) => this.#onInstalled(association),
      onDiscard: (...record) => this.#options.history.discard(...record),
    });
    const unsubscribe = deps.network.subscribe((change) => void this.#onNetwork(change));
    try {
      const first = await this.#dialler.dial({ again: false, addresses: [], beside: false, signal });
      if (!first) return undefined;
      await this.#adopt(first);
      return await this.#keep();
    } finally {
      this.#stop.abort();
      unsubscribe();
      this.#suspicion.stop();
      this.#leaveNow();
    }
  }

  /** Undoes everything, whatever of it exists. The peer hears of it while the system is being put back. */
  async release(): Promise<void> {
    await Promise.all([this.#dialler?.close(), this.#changes.undo()]);
    this.#carrier?.close();
    this.#carrier = undefined;
    this.#credentials?.wipe();
  }

  /** From the first connection on: one association after the other. */
  async #keep(): Promise<Failure | undefined> {
    const { clock } = this.#options.deps;
    const { signal } = this.#stop;
    while (!signal.aborted && !this.#fatal) {
      if (this.#outdated && this.#current) {
        this.#outdated = false;
        await this.#reconfigure(this.#current);
        continue;
      }
      if (this.#due !== undefined && this.#due <= clock.now()) {
        this.#due = undefined;
        if (this.#isBack()) continue;
        await this.#renewNow();
        continue;
      }
      const due = this.#due;
      const cancel = due === undefined ? () => {} : clock.setTimer(due, () => this.#bell.ring());
      await unlessAborted(signal, this.#bell.heard());
      cancel();
    }
    return signal.aborted ? undefined : this.#fatal;
  }

  /** One try for a fresh association. */
  async #renewNow(): Promise<void> {
    const { deps, person, onChange, log } = this.#options;
    this.#attempt = new AbortController();
    this.#retries.attempt++;
    onChange();
    try {
      const fresh = await this.#dialler?.dial({
        again: true,
        addresses: this.#plan?.link.addresses.map(({ address }) => address) ?? [],
        sentTo: this.#renewal === 'redirected' ? this.#sentTo : undefined,
        // A silent one may speak while the fresh one logs in: INITIAL_CONTACT would end it at the gateway, and then ours is let go.
        beside: this.#current !== undefined && (this.#renewal !== 'lost' || this.#silence !== undefined),
        signal: AbortSignal.any([this.#stop.signal, this.#attempt.signal]),
      });
      this.#attempt = undefined;
      person.cancel();
      // Cut short: by the end, because it is not needed any more, or for a try over a network that has changed.
      if (fresh) await this.#adopt(fresh);
      else if (!this.#current || this.#renewal) this.#due ??= deps.clock.now();
    } catch (error) {
      this.#attempt = undefined;
      person.cancel();
      const failure = inTunnel(error);
      log.warn(`reconnecting (${this.#retries.attempt}): ${explain(failure).sentence}`);
      this.#failed(failure);
    }
    onChange();
  }

  #failed(failure: Failure): void {
    const declined = failure.cause === 'secret-missing' && this.#options.person.declined;
    const wait = this.#retries.failed(failure);
    const insists = this.#renewal !== 'asked' && this.#renewal !== 'redirected';
    if (wait !== undefined && !declined && insists) {
      this.#want(this.#options.deps.clock.now() + wait);
      return;
    }
    // The silent one may yet speak, however many tries the profile wants beside.
    if (this.#silence && this.#retries.isSpent) return;
    // What stands is better than nothing, for as long as it stands.
    if (!this.#current || (this.#silence && this.#suspicion.doubted)) this.#fatal = failure;
    this.#renewal = undefined;
  }

  /** Takes an association in use: brings the system up to date, lets the old one go. */
  async #adopt({ association, outerMtu }: Negotiated): Promise<void> {
    const { onStage, onStep } = this.#options;
    onStep(`configuring ${this.#carrier?.tun ?? ''}`);
    this.#outerMtu = outerMtu;
    try {
      await this.#configure(association);
    } catch (error) {
      void association.leave();
      // Half of what the fresh one needs may be in force where another still stands.
      this.#outdated = true;
      throw error;
    }
    if (this.#stop.signal.aborted) return;
    if (this.#current) this.#leaveSoon(this.#current, association);
    if (this.#silence && this.#suspicion.doubted) this.#options.history.ended(this.#silence, '');
    this.#current = association;
    this.#renewal = undefined;
    this.#silence = undefined;
    this.#due = undefined;
    this.#wasConnected = true;
    this.#retries.connected(this.#options.deps.clock.now());
    this.#suspicion.watch(association);
    if (!association.isOver) onStage();
    this.#planReauthentication(association);
    this.#planRedirect(association);
    this.#onInstalled(association);
    void association.ended.then((failure) => this.#onEnd(association, failure));
  }

  /** Nothing is sent on it any more, but a gateway with much to do takes our Delete before the packets that came earlier. */
  #leaveSoon(old: Association, heir: Association): void {
    const { clock } = this.#options.deps;
    this.#leaveNow();
    // With another address inside, what waits in the adapter has the old one, which the heir does not carry.
    if (isDeepStrictEqual(old.config?.addresses, heir.config?.addresses)) old.retire();
    const leave = (): void => {
      cancel();
      this.#leaveNow = () => {};
      void old.leave();
      this.#outdated ||= this.#changes.keepsAddresses;
      this.#bell.ring();
    };
    const cancel = clock.setTimer(clock.now() + STILL_UNDER_WAY_MS, leave);
    this.#leaveNow = leave;
  }

  /** Brings the system in line with what the association has. */
  async #configure(association: Association): Promise<void> {
    const { slot, stored } = this.#options;
    const [first, ...others] = [...association.children.values()].map(({ child }) => child);
    const { config = NOTHING_ASSIGNED, path } = association;
    if (!first || !path || !this.#carrier) return;
    const plan = planOf({
      tun: this.#carrier.tun,
      slot,
      profile: stored.profile,
      config,
      children: [first, ...others],
      path,
      outerMtu: this.#outerMtu,
    });
    // What is on its way to an address of the connection that stands still arrives there.
    const isSuccessor = this.#current !== undefined && association !== this.#current;
    await this.#changes.make(plan, this.#stop.signal, { keepAddresses: isSuccessor });
    this.#plan = plan;
  }

  /** One more Child SA: its networks may have no routes yet. */
  #onInstalled(association: Association): void {
    if (association !== this.#current) return;
    const routed = new Set(this.#plan?.routes.remoteTs.map(formatTrafficSelector));
    const carried = [...association.children.values()].flatMap(({ child }) => child.remoteTs);
    if (carried.every((selector) => routed.has(formatTrafficSelector(selector)))) return;
    this.#outdated = true;
    this.#bell.ring();
  }

  /** Another way to the gateway may have another MTU and other headers, and the guard knows its address. */
  #onMoved(association: Association): void {
    if (association !== this.#current) return;
    this.#outdated = true;
    this.#bell.ring();
  }

  /** The same association, elsewhere or with more to carry. Where the system refuses, a fresh one is the next try. */
  async #reconfigure(association: Association): Promise<void> {
    try {
      const remote = association.path && parseIp(association.path.remote.address);
      const way = remote && (await this.#wayTo(remote));
      if (way) this.#outerMtu = way.mtu;
      await this.#configure(association);
    } catch (error) {
      association.fail(inTunnel(error));
    }
  }

  #onEnd(association: Association, end: Failure | undefined): void {
    const { deps, history, log, onStage } = this.#options;
    if (association !== this.#current || this.#stop.signal.aborted) return;
    const failure: Failure = end ?? { cause: 'closed-by-peer', detail: 'the gateway ended the connection' };
    void association.leave();
    const isSought = this.#renewal === 'lost';
    const lastTry = this.#silence && this.#retries.isSpent ? this.#retries.why : undefined;
    this.#current = undefined;
    this.#renewal = undefined;
    this.#silence = undefined;
    this.#suspicion.stop();
    history.ended(failure, '');
    log.warn(explain(failure).sentence);
    // The tries in place of a silent one go on as they are.
    if (isSought && !this.#fatal && (this.#attempt || this.#due !== undefined)) {
      onStage();
      return;
    }
    const wait = this.#fatal || lastTry ? undefined : this.#retries.lost(deps.clock.now(), failure);
    if (wait === undefined) {
      this.#fatal ??= lastTry ?? failure;
      this.#bell.ring();
      return;
    }
    // A renewal under way goes on in place of the first try.
    if (this.#attempt) this.#retries.attempt = 1;
    else this.#due = deps.clock.now() + wait;
    this.#bell.ring();
    onStage();
  }

  /** A try at this time at the latest; one that is under way will do. */
  #want(at: number): void {
    if (!this.#attempt) this.#due = Math.min(at, this.#due ?? at);
    this.#bell.ring();
    this.#options.onChange();
  }

  #planReauthentication(association: Association): void {
    if (association !== this.#current || association.deadlines.reauthenticateDue === undefined) return;
    this.#renewal ??= 'reauthentication';
    this.#want(association.deadlines.reauthenticateDue);
  }

  /** The one that stands goes on until there is another, or its gateway ends it. */
  #planRedirect(association: Association): void {
    if (association !== this.#current || association !== this.#sentTo?.by || this.#attempt) return;
    this.#renewal = 'redirected';
    this.#want(this.#options.deps.clock.now());
  }

  /** A fresh connection over another path, for want of MOBIKE. */
  #moveTo(path: Path): void {
    this.#options.log.info(`our address towards the gateway is now ${path.local.address}`);
    this.#renewal = 'lost';
    this.#tryAgain();
  }

  /** A fresh connection as if there were none, while the old one is kept: the gateway may have forgotten it, or be out of reach. */
  #onSilent(association: Association, failure: Failure): void {
    const { deps, log, onStage } = this.#options;
    if (association !== this.#current || this.#silence) return;
    const wait = this.#retries.lost(deps.clock.now(), failure);
    // Where no other is wanted the engine says when this one is over.
    if (wait === undefined) return;
    log.warn(explain(failure).sentence);
    this.#silence = failure;
    this.#renewal = 'lost';
    if (this.#attempt) this.#retries.attempt = 1;
    this.#want(deps.clock.now() + wait);
    onStage();
  }

  /** What was believed dead has spoken: nothing is to take its place, unless the gateway has answered that already. */
  #onBelief(): void {
    const isAnswered = this.#attempt !== undefined && this.#dialler?.trying?.isAnswered === true;
    // Nobody has to type a code for a connection that is not needed: before that the gateway has not let the old one go.
    const waitsForPerson = this.#options.person.question !== undefined;
    if (this.#silence && (!isAnswered || waitsForPerson)) this.#isBack();
    if (!this.#suspicion.doubted) this.#current?.measurePath();
    this.#options.onStage();
  }

  /** Whether the one that was to be replaced because it was silent stands after all. */
  #isBack(): boolean {
    const association = this.#current;
    if (!association || this.#renewal !== 'lost' || this.#suspicion.doubted) return false;
    this.#renewal = undefined;
    this.#silence = undefined;
    this.#due = undefined;
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#retries.spoke();
    this.#planReauthentication(association);
    this.#planRedirect(association);
    return true;
  }

  async #onNetwork(change: NetworkChange): Promise<void> {
    if (change.what === 'sleeping' || !this.#wasConnected) return;
    this.#options.log.debug(change.what === 'woke' ? 'the machine woke' : 'the network has changed');
    try {
      if (this.#current) await this.#suspicion.network(change);
    } catch (error) {
      this.#options.log.warn(explain(systemFailure('The network cannot be examined', error)).sentence);
    }
    if (!this.#current || this.#renewal === 'lost') this.#tryAgain();
  }

  /** At once and from the start, unless the gateway is answering already, or a person is. */
  #tryAgain(): void {
    this.#retries.freshStart();
    if (!this.#attempt) this.#want(this.#options.deps.clock.now());
    else if (!this.#dialler?.trying?.isAnswered) this.#attempt.abort();
  }

  /** To where it is now, else to another address of its gateway's (RFC 4555 §3.4), where the gateway follows us. */
  async #wayOf({ path, mobike, peerAddresses }: Association): Promise<Path | undefined> {
    const remote = path && parseIp(path.remote.address);
    if (!remote) return undefined;
    const others = mobike ? reachableOutside(peerAddresses, this.#plan?.routes.remoteTs ?? []) : [];
    for (const address of [remote, ...others]) {
      const way = await this.#wayTo(address);
      const family = address.length === 4 ? 4 : 6;
      const port = this.#carrier?.portLike(path.local.port, family);
      if (!way || port === undefined) continue;
      const { local, remote: there } = way.path;
      return { local: { ...local, port }, remote: { ...path.remote, address: there.address } };
    }
    return undefined;
  }

  async #wayTo(remote: IpAddress): Promise<{ path: Path; mtu: number } | undefined> {
    const { deps, stored } = this.#options;
    if (!this.#carrier) return undefined;
    const { gateway } = stored.profile;
    const way = await wayTo(remote, { routes: deps.effects.routes, carrier: this.#carrier, gateway });
    return 'cause' in way ? undefined : way;
  }

  #carrierEvents() {
    return {
      onIke: (datagram: Parameters<Dialler['receive']>[0]) => this.#dialler?.receive(datagram),
      onExpired: (spiIn: number, reason: Expiry) => this.#dialler?.expire(spiIn, reason),
      onUnreachable: (address: string) => {
        this.#options.log.debug(`ICMP says that ${address} is unreachable`);
        this.#suspicion.unreachable(address);
      },
      onFatal: (detail: string) => {
        const remedy = 'connect again (adit up); the log of aditd says more';
        this.#fatal = { cause: 'system', what: 'The data plane stopped', detail, remedy };
        this.#bell.ring();
        this.#current?.fail(this.#fatal);
        this.#dialler?.trying?.fail(this.#fatal);
      },
    };
  }
}

/** What the system refuses may be a matter of a moment once a tunnel was up: endurance.ts says how often it may. */
const inTunnel = (error: unknown): Failure =>
  error instanceof TunnelError ? error.failure : systemFailure('The tunnel cannot be set up', error);

const NOTHING_ASSIGNED = { addresses: [], dns: [], subnets: [], domains: [] } as const;
