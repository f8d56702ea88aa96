/** The log's lines as they come. They stay when the view is left, so that more is there than the helper keeps. */
import type { LogEntry } from '#core/ipc/contract.ts';
import { LogRing, MOST_LINES } from './log-ring.ts';
import type { Slice } from './store.ts';

export interface LogSlice {
  /** Changes with each batch: what is in the ring is another then. */
  readonly logRevision: number;
  readonly logRing: LogRing;
  /** Lines that came too fast to be kept. */
  readonly logMissed: number;
  /** Subsystems that were heard of, in order. */
  readonly logSubsystems: readonly string[];
  readonly followLog: (on: boolean) => Promise<void>;
  readonly receiveLog: (batch: {
    readonly isSnapshot: boolean;
    readonly entries: readonly LogEntry[];
    readonly missed: number;
  }) => void;
}

/** A helper that invents names must not fill the memory. */
const MOST_SUBSYSTEMS = 64;

export const logSlice: Slice<LogSlice> = (set, get, { bridge }) => ({
  logRevision: 0,
  logRing: new LogRing(MOST_LINES),
  logMissed: 0,
  logSubsystems: [],
  async followLog(on) {
    const answer = await bridge.call('app.log.follow', { on });
    // Where there is no helper, the window says so already.
    if (!answer.ok && answer.problem.kind === 'refused')
      get().report({ kind: 'said', message: answer.problem.message });
  },
  receiveLog({ isSnapshot, entries, missed }) {
    const { logRing, logRevision, logMissed, logSubsystems } = get();
    if (isSnapshot) logRing.merge(entries);
    else logRing.append(entries);
    const known = new Set(logSubsystems);
    for (const { subsystem } of entries) if (known.size < MOST_SUBSYSTEMS) known.add(subsystem);
    set({
      logRevision: logRevision + 1,
      logMissed: logMissed + missed,
      ...(known.size > logSubsystems.length ? { logSubsystems: [...known].sort() } : {}),
    });
  },
});
