/**
 * A profile's tunnel: takes the user's commands, begins and ends its lives, and tells what it is. Every command returns at once;
 * what follows is told through onChange. Down, failure and the end of the helper all go through the same release, so that
 * whatever was changed on this system is undone before `disconnected` or `failed` is told. Used by tunnel-manager.ts.
 */
import { explain } from '#core/failure/explain.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { TunnelState, TunnelStatus } from '#core/ipc/contract.ts';
import { isoTime } from '../clock.ts';
import type { Logger } from '../log/log.ts';
import type { DataPlaneFeatures } from '../native/data-plane.ts';
import type { StoredProfile } from '../stored-profile.ts';
import type { Given } from './credentials.ts';
import { failureOf } from './failures.ts';
import { History } from './history.ts';
import { Life } from './life.ts';
import { Person } from './person.ts';
import { deadAfterSec } from './retransmission.ts';
import { statusOf } from './status.ts';
import type { Stage } from './succession.ts';
import type { TunnelDeps } from './tunnel-deps.ts';

interface TunnelOptions {
  readonly stored: StoredProfile;
  /** No two tunnels share one at a time: numbers.ts. */
  readonly slot: number;
  readonly deps: TunnelDeps;
  readonly onChange: () => void;
  /** Of an earlier tunnel of the same profile. */
  readonly history?: History | undefined;
}

export class Tunnel {
  readonly stored: StoredProfile;
  readonly history: History;
  readonly #options: TunnelOptions;
  readonly #log: Logger;
  readonly #person: Person;
  #state: TunnelState = 'disconnected';
  #since: string;
  #step: string | undefined;
  #failure: Failure | undefined;
  #life: Life | undefined;
  #finished: Promise<void> = Promise.resolve();

  constructor(options: TunnelOptions) {
    const { stored, deps, onChange } = options;
    this.stored = stored;
    this.history = options.history ?? new History(deps.clock);
    this.#options = options;
    this.#log = deps.log.forProfile(stored.id);
    this.#since = isoTime(deps.clock);
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
    return this.#life?.carrier?.tun;
  }

  /** What its data plane uses of this kernel while it has one. */
  get features(): DataPlaneFeatures | undefined {
    return this.#life?.carrier?.dataPlane.features;
  }

  /** Resolves when nothing of it is left. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  /** Begins to connect; without effect while it is active. What is given counts in place of what is stored. */
  up(given: Given = {}): void {
    if (this.active) return;
    this.#failure = undefined;
    this.#life = new Life({
      stored: this.stored,
      slot: this.#options.slot,
      deps: this.#options.deps,
      person: this.#person,
      history: this.history,
      log: this.#log,
      onStage: (stage) => this.#follow(stage),
      onStep: (step) => this.#setStep(step),
      onChange: this.#options.onChange,
    });
    this.#enter('connecting');
    this.#finished = this.#live(this.#life, given);
  }

  /** Whether the person's question was open. */
  answer(question: number, text: string | undefined, remember?: boolean): boolean {
    return this.#person.answer(question, text, remember);
  }

  /** New keys now; `false` while there is nothing to renew. */
  rekey(what: 'ike' | 'child'): boolean {
    return this.#state === 'connected' && this.#life?.succession?.rekey(what) === true;
  }

  /** A fresh connection now; `false` where there was none yet. */
  reconnect(): boolean {
    return this.#state !== 'disconnecting' && this.#life?.succession?.renew() === true;
  }

  down(): void {
    if (!this.active || this.#state === 'disconnecting') return;
    this.history.ended(undefined, this.#endedByUser());
    this.#enter('disconnecting');
    this.#life?.stop();
    this.#person.cancel();
  }

  status(): TunnelStatus {
    const { stored, history } = this;
    const life = this.#life;
    const { configuration, succession } = life ?? {};
    return statusOf({
      profile: { id: stored.id, name: stored.profile.name },
      state: this.#state,
      since: this.#since,
      step: this.#currentStep,
      failure: this.#failure,
      association: succession?.association,
      counters: life?.counters() ?? [],
      carried: life?.carried,
      plan: configuration?.plan,
      dnsBackend: configuration?.dnsBackend,
      tun: this.adapter,
      question: this.#person.question,
      reconnect: this.#state === 'reconnecting' ? (succession?.reconnect ?? null) : null,
      deadAfterSec: deadAfterSec(stored.profile.ike.livenessSec),
      lastEnd: history.lastEnd,
      discarded: history.discarded,
    });
  }

  async #live(life: Life, given: Given): Promise<void> {
    let failure: Failure | undefined;
    try {
      failure = await life.run(given);
    } catch (error) {
      failure = failureOf(error);
    }
    this.#person.cancel();
    await life.release();
    for (const secret of [given.psk, given.password]) secret?.wipe();
    // What was typed for a login that failed does not stay in memory until the next one.
    this.#person.takeTyped();
    this.#life = undefined;
    // A failure after the user's own `down` is no news.
    this.#failure = this.#state === 'disconnecting' ? undefined : failure;
    if (this.#failure) {
      this.history.ended(this.#failure, '');
      this.#log.error(explain(this.#failure).sentence);
    }
    this.#enter(this.#failure ? 'failed' : 'disconnected');
  }

  /** What is in place has changed. */
  #follow(stage: Stage): void {
    if (this.#state === 'disconnecting' || this.#state === stage) this.#options.onChange();
    else this.#enter(stage);
  }

  #endedByUser(): string {
    const step = this.#currentStep;
    if (this.#state === 'connected') return 'It was taken down.';
    return `It was taken down while it was ${this.#state}${step === undefined ? '' : `: ${step}`}.`;
  }

  /** What happens right now, in a state that takes time. */
  get #currentStep(): string | undefined {
    if (this.#state !== 'connecting' && this.#state !== 'reconnecting') return undefined;
    return this.#step ?? this.#life?.succession?.association?.step;
  }

  #enter(state: TunnelState): void {
    this.#state = state;
    this.#since = isoTime(this.#options.deps.clock);
    this.#step = undefined;
    if (state === 'connected') this.#remember();
    this.#log.info(state);
    this.#options.onChange();
  }

  #remember(): void {
    const typed = this.#person.takeTyped();
    if (Object.keys(typed).length > 0) this.#options.deps.remember(this.stored.id, typed);
  }

  #setStep(step: string | undefined): void {
    this.#step = step;
    this.#options.onChange();
  }
}
