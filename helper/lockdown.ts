/**
 * Lockdown: the switch, what it remembers on disk, and the gateways that tunnels may reach meanwhile. What is in force
 * outlives the helper, so that a killed one leaks nothing; the next one, or `aditd --rescue`, takes it from there.
 * main.ts constructs it; the calls switch it, the tunnels' carriers ask it for their way out.
 */
import { join } from 'node:path';
import { z } from 'zod';
import type { LockdownStatus } from '#core/ipc/contract.ts';
import type { SocketAddress } from '#core/net/address.ts';
import { SystemFailure } from './effects/effects.ts';
import { readText, systemFiles, exists, type Files } from './effects/files.ts';
import type { LockdownEffect, LockdownSettings } from './effects/lockdown/lockdown-effect.ts';
import type { NetworkChange, NetworkWatch } from './effects/network-watch/network-watch.ts';
import { Serial } from './effects/serial.ts';
import type { Logger } from './log/log.ts';
import { messageOf } from './log/log.ts';
import { MARK } from './tunnel/numbers.ts';
import type { Passage } from './tunnel/passage.ts';
import { removeWhole, writeWhole } from './whole-file.ts';

const wishSchema = z.strictObject({ lan: z.boolean(), byAdmin: z.boolean() });
/** What was switched on; absent where nothing is. */
type Wish = z.infer<typeof wishSchema>;

/** Ends of a tunnel's gateways that stay open; a gateway that sends us about must not fill the rules. */
const MOST_ENDS = 64;

interface LockdownDeps {
  readonly stateDir: string;
  readonly effect: LockdownEffect;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly files?: Files;
}

/** Where the wish lies: there is one while lockdown is on. */
export const wishPath = (stateDir: string): string => join(stateDir, 'lockdown.json');

export class Lockdown {
  readonly #effect: LockdownEffect;
  readonly #log: LockdownDeps['log'];
  readonly #files: Files;
  readonly #path: string;
  readonly #serial = new Serial();
  readonly #passages = new Set<OnePassage>();
  readonly #listeners = new Set<() => void>();
  /** The ends that the rules in force let marked packets go to. */
  #open: ReadonlySet<string> = new Set();
  #wish: Wish | undefined;
  #fault: string | null = null;
  /** The next time that the rules are set, while it has not begun. */
  #due: Promise<void> | undefined;

  constructor({ stateDir, effect, log, files = systemFiles }: LockdownDeps) {
    this.#effect = effect;
    this.#log = log;
    this.#files = files;
    this.#path = wishPath(stateDir);
    this.#wish = this.#read();
  }

  /** As the last helper left it, whatever ended it. Never rejects: a fault is part of the status. */
  async start(): Promise<void> {
    if (this.#wish) {
      this.#log.info(`lockdown is on${this.#wish.lan ? ', the local network is within reach' : ''}`);
      this.#keepForStart();
      await this.#renew();
      return;
    }
    try {
      this.#effect.atStart(undefined);
      await this.#effect.undo();
    } catch (error) {
      this.#log.error(`what is left of lockdown cannot be taken away: ${sentence(error)}`);
    }
  }

  status(): LockdownStatus {
    const { lan, byAdmin } = this.#wish ?? { lan: false, byAdmin: false };
    return { on: this.#wish !== undefined, lan, byAdmin, fault: this.#fault };
  }

  get isOn(): boolean {
    return this.#wish !== undefined;
  }

  /** Throws SystemFailure, and then all is as it was. */
  set({ on, lan }: { readonly on: boolean; readonly lan: boolean }, byAdmin: boolean): Promise<void> {
    return this.#serial.run(async () => {
      if (on) await this.#switchOn({ lan, byAdmin });
      else await this.#switchOff();
      this.#changed();
    });
  }

  /** Calls after each change of the status. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A tunnel's way out. */
  passage(): Passage {
    const passage: OnePassage = new OnePassage({
      isOpen: (end) => this.#wish === undefined || this.#open.has(end),
      renew: () => this.#renew(),
      closed: () => {
        this.#passages.delete(passage);
        if (this.#wish) void this.#renew();
      },
    });
    this.#passages.add(passage);
    return passage;
  }

  /** Puts back what another program takes away, until the returned function is called. */
  watch(network: Pick<NetworkWatch, 'subscribe'>): () => void {
    return network.subscribe((change) => {
      if (!this.#wish || !concerns(change)) return;
      // Whoever removes the file, too, wants it off: `aditd --rescue`.
      if (exists(this.#files, this.#path)) {
        void this.#renew();
        return;
      }
      this.#log.warn('lockdown was ended by hand');
      this.#wish = undefined;
      this.#open = new Set();
      this.#fault = null;
      this.#changed();
    });
  }

  async #switchOn(wish: Wish): Promise<void> {
    const before = this.#wish;
    const settings = this.#settings(wish);
    await this.#effect.apply(settings);
    try {
      writeWhole(this.#path, JSON.stringify(wish), this.#files);
      this.#effect.atStart(settings);
    } catch (error) {
      if (before) await this.#effect.apply(this.#settings(before));
      else {
        if (exists(this.#files, this.#path)) removeWhole(this.#path, this.#files);
        await this.#effect.undo();
      }
      throw notWritten(error);
    }
    this.#wish = wish;
    this.#fault = null;
    this.#inForce(settings);
    this.#log.info(`lockdown is on${wish.lan ? ', the local network is within reach' : ''}`);
  }

  async #switchOff(): Promise<void> {
    const before = this.#wish;
    await this.#effect.undo();
    try {
      this.#effect.atStart(undefined);
      if (exists(this.#files, this.#path)) removeWhole(this.#path, this.#files);
    } catch (error) {
      if (before) await this.#effect.apply(this.#settings(before));
      throw notWritten(error);
    }
    this.#wish = undefined;
    this.#open = new Set();
    this.#fault = null;
    if (before) this.#log.info('lockdown is off');
  }

  /** Sets the rules for the ends that are wanted when it begins. Never rejects. */
  #renew(): Promise<void> {
    this.#due ??= this.#serial.run(async () => {
      this.#due = undefined;
      if (!this.#wish) return;
      const settings = this.#settings(this.#wish);
      try {
        await this.#effect.apply(settings);
        this.#inForce(settings);
        this.#tell(null);
      } catch (error) {
        this.#tell(sentence(error));
      }
    });
    return this.#due;
  }

  #inForce({ gateways }: LockdownSettings): void {
    this.#open = new Set(gateways.map(endOf));
  }

  #tell(fault: string | null): void {
    if (fault === this.#fault) return;
    this.#fault = fault;
    if (fault === null) this.#log.info('lockdown is in force again');
    else this.#log.error(`lockdown is not in force as it should be: ${fault}`);
    this.#changed();
  }

  #settings({ lan }: Wish): LockdownSettings {
    const ends = new Map([...this.#passages].flatMap(({ ends: each }) => [...each]));
    return { lan, mark: MARK, gateways: [...ends.values()] };
  }

  /** What the machine starts with is made anew, too: this version may have other rules. */
  #keepForStart(): void {
    try {
      if (this.#wish) this.#effect.atStart(this.#settings(this.#wish));
    } catch (error) {
      this.#log.error(`lockdown will not be in force when the machine starts: ${messageOf(error)}`);
    }
  }

  /** A file that cannot be read holds everybody back, and is changed by an administrator alone: its being there is the wish. */
  #read(): Wish | undefined {
    try {
      const text = readText(this.#files, this.#path);
      return text === undefined ? undefined : wishSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#log.warn(`${this.#path} cannot be read, so lockdown is on: ${messageOf(error)}`);
      return { lan: false, byAdmin: true };
    }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** What a passage needs of the whole. */
interface Gate {
  readonly isOpen: (end: string) => boolean;
  readonly renew: () => Promise<void>;
  readonly closed: () => void;
}

/** Of one tunnel. */
class OnePassage implements Passage {
  readonly ends = new Map<string, SocketAddress>();
  readonly #lockdown: Gate;
  #doubted = false;

  constructor(lockdown: Gate) {
    this.#lockdown = lockdown;
  }

  open(remote: SocketAddress): Promise<void> | undefined {
    const end = endOf(remote);
    this.#note(end, remote);
    const isOpen = this.#lockdown.isOpen(end) && !this.#doubted;
    this.#doubted = false;
    return isOpen ? undefined : this.#lockdown.renew();
  }

  doubt(): void {
    this.#doubted = true;
  }

  close(): void {
    this.ends.clear();
    this.#lockdown.closed();
  }

  /** The one that was used last stands last; the first goes where there are too many. */
  #note(end: string, { address, port }: SocketAddress): void {
    this.ends.delete(end);
    this.ends.set(end, { address, port });
    const [oldest] = this.ends.keys();
    if (oldest !== undefined && this.ends.size > MOST_ENDS) this.ends.delete(oldest);
  }
}

const endOf = ({ address, port }: SocketAddress): string => `${address} ${port}`;

function concerns(change: NetworkChange): boolean {
  if (change.what !== 'taken') return false;
  // Messages that were lost may have told of any table.
  return change.taken.some(
    (taken) => taken.part === 'lockdown' || (taken.part === 'firewall' && taken.tun === undefined),
  );
}

const notWritten = (error: unknown): SystemFailure =>
  new SystemFailure(
    'Lockdown cannot be kept for the next start',
    messageOf(error),
    'Make room on the disk, or check the state directory of aditd',
  );

const sentence = (error: unknown): string =>
  error instanceof SystemFailure ? `${error.message}. ${error.remedy}` : messageOf(error);
