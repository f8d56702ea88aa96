/**
 * Whether a connection may still be called connected (RFC 7296 §2.4). Counts inbound ESP as life, asks at once where something
 * is suspicious, and withdraws its belief where the last proof of life is older than a dead peer would stay unnoticed, by the
 * wall clock: the engine's own clock stands still while the machine sleeps. succession.ts shows what is believed here.
 *
 * | what happens | what follows |
 * | --- | --- |
 * | we send, and nothing comes back for 2 to 3 s | the peer has SUSPECT_MS to answer; where it does, 4, 8, 10 s until the next time |
 * | the network changes, our address towards the gateway does not | the peer is asked; by MOBIKE, a new NAT is noticed, too |
 * | our address towards the gateway changes | the connection moves by MOBIKE (RFC 4555), or is made again |
 * | there is no way to the gateway | doubt, until there is one |
 * | ICMP says that the gateway is unreachable | the peer has PROBE_MS to answer; anybody can say so, so not again within 10 s |
 * | TCP inside repeats a large segment, and nothing comes in | the peer has SUSPECT_MS to answer, which tells the data plane that the path lives |
 * | INVALID_IKE_SPI in the clear answers our question | the peer has PROBE_MS for a better answer (RFC 7296 §2.21.4) |
 * | wake, or any moment, with a last proof that is too old | doubt; the peer is asked, and has PROBE_MS to answer |
 *
 * Who has not answered in time is silent: doubt, and succession.ts tries for a fresh connection beside. The old one is kept and looked
 * at more often, for it may only have been out of reach.
 */
import type { Failure } from '#core/failure/failure.ts';
import type { Path } from '#core/net/address.ts';
import type { Clock } from '../clock.ts';
import type { NetworkChange } from '../effects/network-watch/network-watch.ts';
import type { SaCounters } from '../native/data-plane.ts';
import type { Association } from './association.ts';
import { PROBE_MS, ROAM_MS, SUSPECT_MS } from './retransmission.ts';

interface SuspicionDeps {
  readonly clock: Clock;
  /** `undefined` where the profile never asks: then age alone is no reason for doubt. */
  readonly deadAfterSec: number | undefined;
  readonly counters: () => readonly SaCounters[];
  /** The path to the same gateway as the system has it now; `undefined` where there is none. */
  readonly wayOf: (association: Association) => Promise<Path | undefined>;
  /** The connection has to be made again over this path: it cannot move by itself. */
  readonly onMove: (path: Path) => void;
  /** It did not answer: a fresh connection is to be tried for while it is kept. Told again for each question. */
  readonly onSilent: (association: Association, failure: Failure) => void;
  /** Belief was lost or came back. */
  readonly onChange: () => void;
  /** Once a second: the counters are new. */
  readonly onTick: () => void;
}

const TICK_MS = 1000;
/** In doubt: what the old connection receives must be known before a fresh one is made in vain. */
const LOOK_MS = 200;
/** Time for a busy machine: the word that it is not believed any more has to be out when the time is over. */
const MARGIN_MS = 200;
/** So long we send without hearing anything until the peer is asked: at first, and where it lives and has nothing to say. */
const UNANSWERED_MS = 2000;
const LONGEST_UNANSWERED_MS = 10_000;
/** Whoever forges ICMP all the time makes us ask this often. */
const WARNED_MS = 10_000;

export class Suspicion {
  readonly #deps: SuspicionDeps;
  #association: Association | undefined;
  #doubted = false;
  /** Until when a question has time to be answered (monotonic); `undefined` while none is waited for. */
  #probeUntil: number | undefined;
  #tickedAt = 0;
  /** The last look at the counters, or the last proof of life. */
  #quietSince = 0;
  #cancelTick: () => void = () => {};
  #cancelProbe: () => void = () => {};
  #inbound = new Map<number, bigint>();
  #outbound = 0n;
  /** We have sent since then, and have not heard anything since then. */
  #unansweredSince: number | undefined;
  #unansweredMs = UNANSWERED_MS;
  /** When ICMP was last believed enough to ask. */
  #warnedAt: number | undefined;

  constructor(deps: SuspicionDeps) {
    this.#deps = deps;
  }

  /** Whether the connection that is watched may be dead for all we know. */
  get doubted(): boolean {
    return this.#doubted;
  }

  /** Watches this one from now on, in place of another. */
  watch(association: Association): void {
    this.stop();
    this.#association = association;
    this.#tick();
  }

  stop(): void {
    this.#cancelTick();
    this.#cancelProbe();
    this.#association = undefined;
    this.#doubted = false;
    this.#probeUntil = undefined;
    this.#quietSince = this.#deps.clock.now();
    this.#unansweredSince = undefined;
    this.#unansweredMs = UNANSWERED_MS;
    this.#warnedAt = undefined;
    this.#outbound = 0n;
    this.#inbound = new Map();
  }

  /** The association has heard from its peer. */
  proven(association: Association): void {
    if (association !== this.#association) return;
    this.#unansweredSince = undefined;
    this.#quietSince = this.#deps.clock.now();
    this.#believe(true);
  }

  /** Somebody says that the peer has forgotten us: it has less time than otherwise to show that this is not so. */
  disowned(association: Association): void {
    if (association === this.#association) this.#probe(association, PROBE_MS);
  }

  /** ICMP says that this address is unreachable: asks whether that is so. */
  unreachable(address: string): void {
    const { clock } = this.#deps;
    const association = this.#peerAt(address);
    if (!association) return;
    if (this.#warnedAt !== undefined && clock.now() - this.#warnedAt < WARNED_MS) return;
    this.#warnedAt = clock.now();
    this.#probe(association, PROBE_MS);
  }

  /**
   * TCP inside repeats itself, and this address is silent: asks whether the path lives. No bound but that of the data plane, twice a
   * second: nobody outside can have us ask, and a black hole needs two answers, 0.8 s apart.
   */
  unanswered(address: string): void {
    const association = this.#peerAt(address);
    if (association) this.#probe(association, SUSPECT_MS);
  }

  #peerAt(address: string): Association | undefined {
    const association = this.#association;
    return association?.isOver === false && association.path?.remote.address === address
      ? association
      : undefined;
  }

  async network({ what }: NetworkChange): Promise<void> {
    const association = this.#association;
    if (!association || what === 'sleeping') return;
    if (this.#isStale(association)) this.#believe(false);
    const way = await this.#deps.wayOf(association);
    this.#forgetInbound(association);
    if (association !== this.#association || association.isOver) return;
    if (!way) this.#believe(false);
    else if (way.local.address !== association.path?.local.address) this.#move(association, way);
    else if (this.#doubted) this.#probe(association, PROBE_MS, way);
    else ask(association, way);
  }

  /** Whether the system has another address of ours for its gateway by now. */
  async isStranded(association: Association): Promise<boolean> {
    const way = await this.#deps.wayOf(association);
    return way !== undefined && way.local.address !== association.path?.local.address;
  }

  #move(association: Association, path: Path): void {
    this.#believe(false);
    if (association.mobike) this.#probe(association, ROAM_MS, path);
    else this.#deps.onMove(path);
  }

  #believe(belief: boolean): void {
    if (belief) this.#cancelProbe();
    if (belief) this.#probeUntil = undefined;
    if (this.#doubted !== belief) return;
    this.#doubted = !belief;
    this.#deps.onChange();
  }

  #isStale(association: Association): boolean {
    return this.#freshMs(association) <= 0;
  }

  /** How long the last proof of life is still good for. */
  #freshMs({ lastProof }: Association): number {
    const { deadAfterSec, clock } = this.#deps;
    if (deadAfterSec === undefined || lastProof === undefined) return Number.POSITIVE_INFINITY;
    return lastProof + deadAfterSec * 1000 - MARGIN_MS - clock.wall();
  }

  /** Asks, and gives up where no answer comes in a short time: then a fresh connection is the quicker way. */
  #probe(association: Association, patienceMs: number, path?: Path): void {
    ask(association, path);
    const { clock } = this.#deps;
    const until = clock.now() + patienceMs;
    // Another path is another chance. Otherwise there is never more time than the last question left.
    if (!path && this.#probeUntil !== undefined && this.#probeUntil <= until) return;
    this.#cancelProbe();
    this.#forgetInbound(association);
    this.#probeUntil = until;
    this.#cancelProbe = clock.setTimer(until, () => {
      // What came since the last look may be the answer.
      this.#count(association);
      if (this.#probeUntil === undefined) return;
      this.#probeUntil = undefined;
      const silentMs = clock.wall() - (association.lastProof ?? clock.wall());
      this.#believe(false);
      this.#deps.onSilent(association, { cause: 'peer-dead', lastSeenSecAgo: Math.round(silentMs / 1000) });
    });
  }

  /** What came in before a question, but was not counted yet, is no answer to it. */
  #forgetInbound(association: Association): void {
    this.#inbound = inboundOf(this.#counters(association));
  }

  #tick(): void {
    const { clock } = this.#deps;
    const wait = this.#doubted
      ? LOOK_MS
      : Math.min(TICK_MS, Math.max(1, this.#association ? this.#freshMs(this.#association) : TICK_MS));
    this.#cancelTick = clock.setTimer(clock.now() + wait, () => {
      this.#tick();
      const association = this.#association;
      if (!association) return;
      this.#count(association);
      if (!association.isOver && this.#isStale(association)) {
        this.#believe(false);
        this.#probe(association, PROBE_MS);
      }
      if (clock.now() - this.#tickedAt < TICK_MS) return;
      this.#tickedAt = clock.now();
      this.#deps.onTick();
    });
  }

  #count(association: Association): void {
    const counters = this.#counters(association);
    for (const each of counters) association.noteUsage(each);
    const heard = counters.some(({ spiIn, packetsIn }) => packetsIn > (this.#inbound.get(spiIn) ?? 0n));
    this.#inbound = inboundOf(counters);
    const outbound = counters.reduce((sum, { packetsOut }) => sum + packetsOut, 0n);
    // Less than before: a Child SA went at a rekeying, with its counters.
    const sent = outbound > this.#outbound;
    this.#outbound = outbound;
    if (heard) this.#unansweredMs = UNANSWERED_MS;
    if (heard) association.noteInboundTraffic();
    else this.#suspect(association, sent);
    this.#quietSince = this.#deps.clock.now();
  }

  #counters(association: Association): readonly SaCounters[] {
    return this.#deps.counters().filter(({ spiIn }) => association.children.has(spiIn));
  }

  #suspect(association: Association, sent: boolean): void {
    const now = this.#deps.clock.now();
    // The silence began before this look, which sees it; counted from here it would be a second longer.
    if (sent) this.#unansweredSince ??= this.#quietSince;
    if (this.#unansweredSince === undefined) return;
    // Looks come a second apart, and a little early at times.
    if (now - this.#unansweredSince < this.#unansweredMs - MARGIN_MS) return;
    this.#unansweredSince = undefined;
    this.#unansweredMs = Math.min(2 * this.#unansweredMs, LONGEST_UNANSWERED_MS);
    this.#probe(association, SUSPECT_MS);
  }
}

const inboundOf = (counters: readonly SaCounters[]): Map<number, bigint> =>
  new Map(counters.map(({ spiIn, packetsIn }) => [spiIn, packetsIn]));

function ask(association: Association, path?: Path): void {
  if (path && association.mobike) association.roam(path);
  else association.checkLiveness();
}
