/**
 * Lockdown: the switch, and the rules for what tunnels want to reach meanwhile. What is in force outlives the helper, so that a
 * killed one leaks nothing; the next one, or `aditd --rescue`, takes it from what kept-wish.ts has on the disk.
 * main.ts constructs it; the calls switch it, the tunnels' carriers ask it for their way out.
 */
import type { LockdownStatus } from '#core/ipc/contract.ts';
import type { Clock } from '../clock.ts';
import { SystemFailure } from '../effects/effects.ts';
import { systemFiles, type Files } from '../effects/files.ts';
import type { LockdownEffect, LockdownSettings } from '../effects/lockdown/lockdown-effect.ts';
import type { NetworkChange, NetworkWatch } from '../effects/network-watch/network-watch.ts';
import { Serial } from '../effects/serial.ts';
import type { Logger } from '../log/log.ts';
import { messageOf } from '../log/log.ts';
import { MARK } from '../tunnel/numbers.ts';
import type { Passage } from '../tunnel/passage.ts';
import { KeptWish, type Wish } from './kept-wish.ts';
import { endOf, TunnelPassage } from './tunnel-passage.ts';

/** After a fault. */
const AGAIN_MS = 5000;

interface LockdownDeps {
  readonly stateDir: string;
  readonly effect: LockdownEffect;
  readonly clock: Pick<Clock, 'now' | 'setTimer'>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly files?: Files;
}

/** An administrator switched it on, and who asks is none. */
export class NotYours extends Error {
  override readonly name = 'NotYours';
}

export class Lockdown {
  readonly #effect: LockdownEffect;
  readonly #clock: LockdownDeps['clock'];
  readonly #log: LockdownDeps['log'];
  readonly #kept: KeptWish;
  readonly #serial = new Serial();
  readonly #passages = new Set<TunnelPassage>();
  readonly #listeners = new Set<() => void>();
  /** The ends that the rules in force let marked packets go to, and those of the rules that are being set. */
  #open: ReadonlySet<string> = new Set();
  #underWay: ReadonlySet<string> | undefined;
  /** Counts what tunnels want to reach. */
  #revision = 0;
  #wish: Wish | undefined;
  /** Why the rules, or those that the machine starts with, are not as they should be. */
  #fault: string | null = null;
  #startFault: string | null = null;
  /** The next time that the rules are set, while it has not begun. */
  #due: Promise<void> | undefined;
  #cancelAgain: (() => void) | undefined;

  constructor({ stateDir, effect, clock, log, files = systemFiles }: LockdownDeps) {
    this.#effect = effect;
    this.#clock = clock;
    this.#log = log;
    this.#kept = new KeptWish({ stateDir, effect, log, files });
    this.#wish = this.#kept.read();
  }

  /** As the last helper left it, whatever ended it. Never rejects: a fault is part of the status. */
  async start(): Promise<void> {
    if (this.#wish) {
      this.#sayOn(this.#wish);
      this.#keepAgain(this.#wish);
      await this.#renew();
      return;
    }
    try {
      this.#effect.atStart(undefined);
      await this.#effect.undo(false);
    } catch (error) {
      this.#log.error(`what is left of lockdown cannot be taken away: ${sentence(error)}`);
    }
  }

  status(): LockdownStatus {
    const { lan, byAdmin } = this.#wish ?? { lan: false, byAdmin: false };
    const fault = this.#wish ? (this.#fault ?? this.#startFault) : null;
    return { on: this.#wish !== undefined, lan, byAdmin, fault };
  }

  get isOn(): boolean {
    return this.#wish !== undefined;
  }

  /**
   * Answers with what it is then. Throws NotYours where an administrator's would be changed by somebody else, and SystemFailure where
   * the system refuses: then it is as it was, unless the failure says otherwise.
   */
  set(
    { on, lan }: { readonly on: boolean; readonly lan: boolean },
    byAdmin: boolean,
  ): Promise<LockdownStatus> {
    // It is decided when its turn comes: somebody may have switched it meanwhile.
    return this.#serial.run(async () => {
      if (this.#wish?.byAdmin && !byAdmin) throw new NotYours();
      const isSame = on && this.#wish?.lan === lan && this.#wish.byAdmin === byAdmin;
      if (isSame && this.status().fault === null) return this.status();
      try {
        if (on) await this.#switchOn({ lan, byAdmin });
        else await this.#switchOff();
      } finally {
        this.#lookAgain();
        this.#changed();
      }
      return this.status();
    });
  }

  /** Calls after each change of the status. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The way out of a tunnel that has this adapter. */
  passage(tun: string): Passage {
    const passage: TunnelPassage = new TunnelPassage(tun, {
      isNeeded: () => this.#wish !== undefined || this.#underWay !== undefined,
      isOpen: (end) =>
        (this.#wish === undefined || this.#open.has(end)) && (this.#underWay?.has(end) ?? true),
      changed: () => {
        this.#revision++;
        if (this.#wish) void this.#renew();
      },
      renew: () => this.#renew(),
      closed: () => this.#passages.delete(passage),
    });
    this.#passages.add(passage);
    return passage;
  }

  /** Puts back what another program takes away, until the returned function is called. */
  watch(network: Pick<NetworkWatch, 'subscribe'>): () => void {
    return network.subscribe((change) => {
      if (!this.#wish || !concerns(change)) return;
      // Whoever removes the file, too, wants it off: `aditd --rescue`.
      if (this.#kept.isThere) {
        void this.#renew();
        return;
      }
      this.#log.warn('lockdown was ended by hand');
      this.#isOff();
      this.#changed();
    });
  }

  async #switchOn(wish: Wish): Promise<void> {
    const before = this.#wish;
    await this.#apply(wish);
    try {
      this.#kept.keep(wish, this.#settings(wish));
    } catch (error) {
      await this.#takeBack(wish, before);
      throw notWritten(error);
    }
    this.#wish = wish;
    this.#fault = null;
    this.#startFault = null;
    this.#sayOn(wish);
  }

  /** Each step by itself: what the disk refuses must not keep the rules from being as the status says. */
  async #takeBack(wish: Wish, before: Wish | undefined): Promise<void> {
    try {
      if (before) this.#kept.keep(before, this.#settings(before));
      else this.#kept.forget();
    } catch (error) {
      this.#log.error(`what is kept for the next start may be wrong: ${messageOf(error)}`);
    }
    try {
      if (before) await this.#apply(before);
      else await this.#effect.undo(true);
    } catch (error) {
      // Then that is how it is.
      this.#wish = before ?? wish;
      this.#fault = sentence(error);
    }
  }

  async #switchOff(): Promise<void> {
    const before = this.#wish;
    let kept: unknown;
    try {
      this.#kept.forget();
    } catch (error) {
      kept = error;
    }
    try {
      await this.#effect.undo(before !== undefined);
    } catch (error) {
      if (before) this.#keepAgain(before);
      throw error;
    }
    this.#isOff();
    if (before) this.#log.info('lockdown is off');
    if (kept !== undefined) throw comesBack(kept);
  }

  #isOff(): void {
    this.#wish = undefined;
    this.#open = new Set();
    this.#fault = null;
    this.#startFault = null;
  }

  /** Sets the rules for the ends that are wanted when it begins. Never rejects. */
  #renew(): Promise<void> {
    this.#due ??= this.#serial.run(async () => {
      this.#due = undefined;
      if (!this.#wish) return;
      if (this.#startFault !== null) this.#keepAgain(this.#wish);
      try {
        await this.#apply(this.#wish);
        this.#tell(null);
      } catch (error) {
        this.#tell(sentence(error));
      }
      this.#lookAgain();
    });
    return this.#due;
  }

  /** Throws SystemFailure. What tunnels want meanwhile is for the next time, which is asked for. */
  async #apply(wish: Wish): Promise<void> {
    const revision = this.#revision;
    const settings = this.#settings(wish);
    const ends = new Set(settings.gateways.map(endOf));
    this.#underWay = ends;
    try {
      await this.#effect.apply(settings);
      this.#open = ends;
    } finally {
      this.#underWay = undefined;
    }
    if (revision !== this.#revision) void this.#renew();
  }

  #tell(fault: string | null): void {
    if (fault === this.#fault) return;
    this.#fault = fault;
    if (fault === null) this.#log.info('lockdown is in force again');
    else this.#log.error(`lockdown is not in force as it should be: ${fault}`);
    this.#changed();
  }

  /** Nobody else may ask for it: a fault is tried again until there is none. */
  #lookAgain(): void {
    this.#cancelAgain?.();
    this.#cancelAgain =
      this.status().fault === null
        ? undefined
        : this.#clock.setTimer(this.#clock.now() + AGAIN_MS, () => void this.#renew());
  }

  #settings({ lan }: Wish): LockdownSettings {
    const passages = [...this.#passages];
    const ends = new Map(passages.flatMap(({ ends: each }) => [...each]));
    return {
      lan,
      mark: MARK,
      gateways: [...ends.values()],
      adapters: [...new Set(passages.map(({ tun }) => tun))],
    };
  }

  /** What the machine starts with is made anew: this version may have other rules, and the disk may have refused them. */
  #keepAgain(wish: Wish): void {
    const before = this.#startFault;
    try {
      this.#kept.keep(wish, this.#settings(wish));
      this.#startFault = null;
    } catch (error) {
      this.#startFault = `It will not be in force when the machine starts: ${messageOf(error)}`;
      if (before === null) this.#log.error(`lockdown: ${this.#startFault}`);
    }
    if (this.#startFault !== before) this.#changed();
  }

  #sayOn({ lan }: Wish): void {
    this.#log.info(`lockdown is on${lan ? ', the local network is within reach' : ''}`);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function concerns(change: NetworkChange): boolean {
  if (change.what !== 'taken') return false;
  // Messages that were lost may have told of any table.
  return change.taken.some(
    (taken) => taken.part === 'lockdown' || (taken.part === 'firewall' && taken.tun === undefined),
  );
}

const ROOM = 'Make room on the disk, or check the state directory of aditd';

const notWritten = (error: unknown): SystemFailure =>
  new SystemFailure('Lockdown cannot be kept for the next start', messageOf(error), ROOM);

const comesBack = (error: unknown): SystemFailure =>
  new SystemFailure('Lockdown is off, but comes back with the next start', messageOf(error), ROOM);

const sentence = (error: unknown): string =>
  error instanceof SystemFailure ? `${error.message}. ${error.remedy}` : messageOf(error);
