/**
 * The life of one tunnel, from `up` to the last change undone:
 *
 *     disconnected -> connecting -> connected -> disconnecting -> disconnected
 *                          |            |
 *                          +------------+-> (everything undone) -> failed
 *
 * Commands return at once; what happens is told by onChange and read from status(). `connected` means that every
 * part is in place; `disconnected` and `failed` mean that none is left. Used by tunnel-manager.ts.
 */
import { utf8, wipe } from '#core/bytes/bytes.ts';
import type { Failure } from '#core/failure/failure.ts';
import { explain } from '#core/failure/explain.ts';
import type { Connection, InitiatorConfig } from '#core/ikev2/connection-types.ts';
import type { TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import type { Path } from '#core/net/address.ts';
import type { Clock } from '../clock.ts';
import type { ConnectionInputs } from '../connection-config.ts';
import { connectionConfig } from '../connection-config.ts';
import type { Effects } from '../effects/effects.ts';
import type { Journal } from '../effects/journal.ts';
import type { Logger } from '../log/log.ts';
import { messageOf } from '../log/log.ts';
import type { DataPlaneFeatures, IkeDatagram, SaCounters } from '../native/data-plane.ts';
import type { StoredProfile } from '../profile-store.ts';
import { Secret } from '../secret.ts';
import { unlessAborted } from './abort.ts';
import { Answers } from './answers.ts';
import { Association } from './association.ts';
import type { Resolver } from './candidates.ts';
import type { Carrier, TunnelPlatform } from './carrier.ts';
import { openCarrier } from './carrier.ts';
import { Changes } from './changes.ts';
import { type Credentials, gatherCredentials, type Given } from './credentials.ts';
import { TunnelError, systemFailure } from './failures.ts';
import { negotiate } from './negotiate.ts';
import { Person, type Typed } from './person.ts';
import { planOf } from './plan.ts';
import type { Plan } from './plan.ts';
import { statusOf } from './status.ts';
import type { Trust } from './verify-peer.ts';

export interface TunnelDeps
  extends Pick<ConnectionInputs, 'random' | 'keyLog' | 'applicationVersion' | 'notAlone'> {
  readonly platform: TunnelPlatform;
  readonly effects: Effects;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly createConnection: (config: InitiatorConfig) => Connection;
  readonly trust: Trust;
  /** Stores a password that the gateway has changed, where the old one was stored. */
  readonly keepPassword: (id: string, password: Secret) => void;
  /** Stores what the person typed for a login that succeeded and wants to be asked no more. */
  readonly remember: (id: string, typed: Typed) => void;
  readonly log: Logger;
}

/** How often the counters of a connected tunnel are read. */
const COUNT_EVERY_MS = 1000;

export class Tunnel {
  readonly stored: StoredProfile;
  readonly #deps: TunnelDeps;
  readonly #slot: number;
  readonly #log: Logger;
  readonly #onChange: () => void;
  readonly #changes: Changes;
  #state: TunnelState = 'disconnected';
  #since: string;
  #step: string | undefined;
  #failure: Failure | undefined;
  #stop = new AbortController();
  #carrier: Carrier | undefined;
  #association: Association | undefined;
  #answers: Answers | undefined;
  readonly #person: Person;
  #plan: Plan | undefined;
  #counters: readonly SaCounters[] = [];
  #inbound = 0n;
  /** Copies of keys that engines and TLS were given. */
  readonly #keys: Uint8Array[] = [];
  #cancelCount: () => void = () => {};
  #life: Promise<void> = Promise.resolve();

  constructor(stored: StoredProfile, slot: number, deps: TunnelDeps, onChange: () => void) {
    this.stored = stored;
    this.#slot = slot;
    this.#deps = deps;
    this.#onChange = onChange;
    this.#log = deps.log.forProfile(stored.id);
    this.#changes = new Changes(deps.effects, deps.journal, this.#log);
    this.#since = new Date(deps.clock.wall()).toISOString();
    this.#person = new Person(deps.clock, onChange);
  }

  get state(): TunnelState {
    return this.#state;
  }

  /** Whether anything of it is in place or on the way. */
  get active(): boolean {
    return this.#state !== 'disconnected' && this.#state !== 'failed';
  }

  /** Name of its TUN adapter while it has one. */
  get adapter(): string | undefined {
    return this.#carrier?.tun;
  }

  /** What its data plane uses of this kernel while it has one. */
  get features(): DataPlaneFeatures | undefined {
    return this.#carrier?.dataPlane.features;
  }

  /** Resolves when nothing of it is left. */
  get finished(): Promise<void> {
    return this.#life;
  }

  /** Begins to connect; without effect while it is active. What is given counts in place of what is stored. */
  up(given: Given = {}): void {
    if (this.active) return;
    this.#stop = new AbortController();
    this.#failure = undefined;
    this.#enter('connecting');
    this.#life = this.#live(given);
  }

  /** Whether the person's question was open. */
  answer(question: number, text: string | undefined, remember?: boolean): boolean {
    return this.#person.answer(question, text, remember);
  }

  /** New keys now; `false` while there is nothing to renew. */
  rekey(what: 'ike' | 'child'): boolean {
    if (this.#state !== 'connected') return false;
    this.#association?.rekey(what);
    return true;
  }

  /** A fresh connection now; `false` while there is none to renew. */
  reconnect(): boolean {
    return false;
  }

  down(): void {
    if (!this.active || this.#state === 'disconnecting') return;
    this.#enter('disconnecting');
    this.#stop.abort();
    this.#person.cancel();
  }

  status(): TunnelStatus {
    const carrier = this.#carrier;
    if (carrier) this.#counters = carrier.dataPlane.stats().children;
    return statusOf({
      profile: { id: this.stored.id, name: this.stored.profile.name },
      state: this.#state,
      since: this.#since,
      step: this.#state === 'connecting' ? (this.#step ?? this.#association?.step) : undefined,
      failure: this.#failure,
      association: this.#association,
      counters: this.#counters,
      plan: this.#plan,
      dnsBackend: this.#changes.dnsBackend,
      tun: carrier?.tun,
      question: this.#person.question,
      reconnect: null,
      liveness: null,
      lastEnd: null,
      discarded: [],
    });
  }

  async #live(given: Given): Promise<void> {
    try {
      this.#failure = await this.#connect(given);
    } catch (error) {
      this.#failure =
        error instanceof TunnelError ? error.failure : systemFailure('The tunnel cannot be set up', error);
    }
    await this.#release();
    for (const secret of [given.psk, given.password]) secret?.wipe();
    // What was typed for a login that failed does not stay in memory until the next one.
    this.#person.takeTyped();
    // A failure after the user's own `down` is no news.
    if (this.#stop.signal.aborted) this.#failure = undefined;
    if (this.#failure) this.#log.error(explain(this.#failure).sentence);
    this.#enter(this.#failure ? 'failed' : 'disconnected');
  }

  /** Resolves with the reason when the tunnel has ended, or `undefined` when `down` ended it. */
  async #connect(given: Given): Promise<Failure | undefined> {
    const { profile } = this.stored;
    const { signal } = this.#stop;
    const credentials = await gatherCredentials(this.stored, given, this.#person);
    if (credentials.own) this.#keys.push(credentials.own.privateKey);
    if (signal.aborted) return undefined;
    const carrier = openCarrier(this.#deps.platform, profile.ike.localPort, this.#carrierEvents(), this.#log);
    this.#carrier = carrier;
    const negotiated = await negotiate({
      gateway: profile.gateway,
      carrier,
      resolver: this.#deps.resolver,
      routes: this.#deps.effects.routes,
      begin: (path, host) => this.#begin(carrier, path, { host, credentials }),
      onStep: (step) => this.#setStep(step),
      signal,
    });
    if (!negotiated) return undefined;
    const { association, outerMtu } = negotiated;
    const [installed] = association.children.values();
    const { config, path } = association;
    if (installed && path) {
      this.#setStep(`configuring ${carrier.tun}`);
      this.#plan = planOf({
        tun: carrier.tun,
        slot: this.#slot,
        profile,
        config: config ?? NOTHING_ASSIGNED,
        child: installed.child,
        path,
        outerMtu,
      });
      await this.#changes.make(this.#plan, signal);
    }
    if (!signal.aborted && !association.isOver) this.#becomeConnected();
    const end = await unlessAborted(signal, association.ended);
    return end === 'aborted' ? undefined : end;
  }

  #begin(
    carrier: Carrier,
    path: Path,
    { host, credentials }: { readonly host: string; readonly credentials: Credentials },
  ): Association {
    const { profile, id } = this.stored;
    const config = connectionConfig(profile, path.local.address, { ...this.#deps, ...credentials });
    this.#answers?.[Symbol.dispose]();
    const answers = new Answers({
      profile,
      host,
      credentials,
      person: this.#person,
      trust: this.#deps.trust,
      log: this.#log,
    });
    this.#answers = answers;
    const association = new Association({
      connection: this.#deps.createConnection(config),
      carrier,
      clock: this.#deps.clock,
      log: this.#log,
      answer: (question) => answers.answer(question),
      onPasswordChanged: (password) => this.#keepPassword(id, new Secret(utf8(password))),
      onChange: () => this.#onChange(),
    });
    this.#association = association;
    for (const proof of [config.authentication, config.remoteAuthentication]) {
      if (proof?.method === 'psk') this.#keys.push(proof.psk);
    }
    this.#step = undefined;
    association.start(path);
    return association;
  }

  /** A disk that is full must not end a tunnel that is as good as up. */
  #keepPassword(id: string, password: Secret): void {
    try {
      this.#deps.keepPassword(id, password);
      this.#log.info('the gateway has taken over the new password');
    } catch (error) {
      this.#log.error(
        `the gateway has taken over the new password, which could not be stored: ${messageOf(error)}`,
      );
    }
  }

  #carrierEvents() {
    return {
      onIke: (datagram: IkeDatagram) => this.#association?.receive(datagram),
      onExpired: (spiIn: number, reason: string) => this.#association?.expire(spiIn, reason),
      onFatal: (what: string) =>
        this.#association?.fail({
          cause: 'system',
          what: 'The data plane stopped',
          detail: what,
          remedy: 'connect again (adit up); the log of aditd says more',
        }),
    };
  }

  #becomeConnected(): void {
    this.#enter('connected');
    const typed = this.#person.takeTyped();
    if (Object.keys(typed).length > 0) this.#deps.remember(this.stored.id, typed);
    this.#count();
  }

  /** Reads the counters: growth inbound is a sign of life, and what status shows has changed. */
  #count(): void {
    const { clock } = this.#deps;
    this.#cancelCount = clock.setTimer(clock.now() + COUNT_EVERY_MS, () => {
      const children = this.#carrier?.dataPlane.stats().children ?? [];
      const inbound = children.reduce((sum, { packetsIn }) => sum + packetsIn, 0n);
      // Less than before: a Child SA went at a rekeying, with its counters.
      if (inbound > this.#inbound) this.#association?.noteInboundTraffic();
      this.#inbound = inbound;
      for (const counters of children) this.#association?.noteUsage(counters);
      this.#onChange();
      this.#count();
    });
  }

  /** Undoes everything, whatever of it exists. The peer hears of it while the system is being put back. */
  async #release(): Promise<void> {
    this.#cancelCount();
    this.#person.cancel();
    this.#answers?.[Symbol.dispose]();
    this.#answers = undefined;
    await Promise.all([this.#association?.leave(), this.#changes.undo()]);
    this.#carrier?.close();
    wipe(...this.#keys.splice(0));
    this.#carrier = undefined;
    this.#association = undefined;
    this.#plan = undefined;
    this.#counters = [];
    this.#inbound = 0n;
  }

  #enter(state: TunnelState): void {
    this.#state = state;
    this.#since = new Date(this.#deps.clock.wall()).toISOString();
    this.#step = undefined;
    this.#log.info(state);
    this.#onChange();
  }

  #setStep(step: string): void {
    this.#step = step;
    this.#onChange();
  }
}

const NOTHING_ASSIGNED = { addresses: [], dns: [], subnets: [], domains: [] } as const;
