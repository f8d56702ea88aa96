/**
 * The IKE SAs of a connection: the one it lives by, those that it replaced, and those that meet when both ends rekey at once
 * (RFC 7296 §2.8, §2.8.2, §2.18, §2.25.2). Decides which of them is the one and who deletes the others. connection.ts owns it;
 * each Lifecycle sees of it only what Line says.
 */
import type { Failure } from '#core/failure/failure.ts';
import type { ConnectionConfig, Datagram } from './connection-types.ts';
import { type ConnectionHost, IkeSa, type Offspring } from './ike-sa.ts';
import { Lifecycle, type Line } from './lifecycle.ts';
import { compareNonces } from './nonces.ts';
import { DELETE_IKE_SA } from './tasks/delete.ts';

/** How long a closed SA still answers its last request, should the answer have been lost. */
const LINGER_MS = 30_000;

interface Past {
  readonly life: Lifecycle;
  readonly until: number;
}

/** An IKE SA that the peer made while our own request to rekey was under way. */
interface Rival {
  readonly life: Lifecycle;
  readonly lowest: Uint8Array;
}

export class Succession implements Line {
  readonly outgoing: Datagram[] = [];
  #current: Lifecycle;
  /** All that are not closed, the current one among them. */
  #living: Lifecycle[];
  #past: Past[] = [];
  /** By the SA that both ends were rekeying. */
  readonly #rivals = new Map<Lifecycle, Rival>();
  /** What took the place of an SA. The peer may be two rekeyings ahead of us. */
  readonly #heirs = new WeakMap<Lifecycle, Lifecycle>();
  /** The connection itself is to end: no SA takes the place of another any more. */
  #leaving = false;

  constructor(config: ConnectionConfig, host: ConnectionHost) {
    this.#current = new Lifecycle(new IkeSa(config, host), this);
    this.#living = [this.#current];
  }

  /** The SA that the connection lives by, or lived by to the end. */
  get current(): Lifecycle {
    return this.#current;
  }

  get living(): readonly Lifecycle[] {
    return this.#living;
  }

  /** All that a datagram may be for, the closed ones last. */
  get all(): readonly Lifecycle[] {
    return [...this.#living, ...this.#past.map(({ life }) => life)];
  }

  isCurrent(life: Lifecycle): boolean {
    return life === this.#current;
  }

  /** An exchange of `life` has ended: takes what it made. */
  resolve(now: number, life: Lifecycle): void {
    const { offspring } = life.sa;
    life.sa.offspring = undefined;
    const rival = this.#rivals.get(life);
    if (offspring !== undefined) this.#take(now, life, offspring, rival);
    else if (rival !== undefined && life.sa.busyWith !== 'ike') {
      // Our own attempt was refused: the peer had not noticed it (§2.8.2).
      this.#replace(now, life, rival.life);
    }
  }

  #take(now: number, life: Lifecycle, offspring: Offspring, rival: Rival | undefined): void {
    const { sa, madeBy, lowest, lost } = offspring;
    this.#past = this.#past.filter(({ until }) => until > now);
    const heir = new Lifecycle(sa, this);
    heir.beginAsHeir(now);
    this.#living.push(heir);
    if (madeBy === 'peer') {
      if (life.sa.busyWith === 'ike') this.#meet(life, { life: heir, lowest });
      else this.#replace(now, life, heir);
      return;
    }
    if (this.#leaving || life.sa.superseded) {
      heir.leave(now, [DELETE_IKE_SA]);
    } else if (lost === true || (rival !== undefined && this.#yieldsTo(rival, lowest))) {
      heir.sa.superseded = true;
      heir.leave(now, [DELETE_IKE_SA]);
      // Further key exchanges may be due before there is one.
      if (rival !== undefined) this.#replace(now, life, rival.life);
    } else {
      this.#replace(now, life, heir);
      if (rival?.life.sa.state === 'established') rival.life.loseRace(now);
      // Its lifetime may have ended meanwhile.
      if (life.sa.state !== 'deleting') life.leave(now, [DELETE_IKE_SA]);
    }
  }

  /** Both ends are rekeying `life`, and the peer is done. */
  #meet(life: Lifecycle, rival: Rival): void {
    this.#rivals.set(life, rival);
    life.sa.rivalLowest = rival.lowest;
  }

  /** Whether ours, made with this lowest nonce, goes. A peer that has moved on from its own, or deleted it, has decided. */
  #yieldsTo({ life, lowest }: Rival, ourLowest: Uint8Array): boolean {
    if (this.#last(life).sa.state !== 'established') return false;
    return this.#heirs.has(life) || compareNonces(ourLowest, lowest) < 0;
  }

  /** The SA that an SA lives on in: itself, or its heir's heir. */
  #last(life: Lifecycle): Lifecycle {
    const heir = this.#heirs.get(life);
    return heir === undefined ? life : this.#last(heir);
  }

  /** `next` takes the place of `life`. Where the peer made it, the peer deletes the old one. */
  #replace(now: number, life: Lifecycle, next: Lifecycle): void {
    this.#rivals.delete(life);
    this.#heirs.set(life, next);
    life.retire(now);
    if (life !== this.#current) return;
    // The update that is due goes out under the heir, which the peer may not have yet (roaming.ts).
    life.sa.owesUpdate = life.sa.where.roaming;
    const heir = this.#last(next);
    this.#current = heir;
    heir.sa.wishes.ike = undefined;
    heir.requests.takeOver(life.requests);
    const { spiI, spiR, suite, ppk, rekeyAt, expiresAt } = heir.sa;
    if (suite === undefined) throw new Error('an heir without keys');
    heir.sa.emit({
      type: 'ike-rekeyed',
      spiI,
      spiR,
      suite,
      ...(ppk === 'used' ? { ppk: true } : {}),
      ...(rekeyAt === undefined ? {} : { rekeyAt }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    });
    heir.tend(now);
  }

  outlives(now: number, life: Lifecycle): boolean {
    this.#living = this.#living.filter((other) => other !== life);
    this.#past.push({ life, until: now + LINGER_MS });
    const rival = this.#rivals.get(life);
    this.#rivals.delete(life);
    if (life !== this.#current) return true;
    const next = this.#leaving
      ? this.#living.find(({ sa }) => sa.state === 'deleting' && !sa.superseded)
      : rival && this.#last(rival.life);
    if (next !== undefined && this.#living.includes(next)) {
      // The peer deleted the old SA without having noticed our request (§2.8.2), or this was one of several farewells.
      if (this.#leaving) this.#current = next;
      else this.#inherit(now, life, next);
      return true;
    }
    for (const other of this.#living.splice(0)) other.drop(now);
    return false;
  }

  #inherit(now: number, life: Lifecycle, heir: Lifecycle): void {
    this.#current = life;
    this.#replace(now, life, heir);
  }

  /** Says goodbye under every SA that the peer may live by. */
  leave(now: number): void {
    this.#leaving = true;
    for (const life of this.#living) {
      if (life.sa.state !== 'deleting' && !life.sa.superseded) life.leave(now, [DELETE_IKE_SA]);
    }
  }

  /** Ends everything without a word. */
  end(now: number, failure?: Failure): void {
    this.#leaving = true;
    for (const life of this.#living.filter((other) => other !== this.#current)) life.close(now);
    this.#current.close(now, failure);
  }
}
