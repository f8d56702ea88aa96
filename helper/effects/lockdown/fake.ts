/** A lockdown that changes nothing and remembers what would be in force. */
import type { SystemFailure } from '../effects.ts';
import type { LockdownEffect, LockdownSettings } from './lockdown-effect.ts';

export class FakeLockdown implements LockdownEffect {
  /** What is in force now, and what would be after a start of the machine. */
  inForce: LockdownSettings | undefined;
  start: LockdownSettings | undefined;
  /** How often it was put in force. */
  applied = 0;
  /** Thrown by each of these until it is taken away. */
  readonly failures = new Map<'apply' | 'atStart' | 'undo', SystemFailure | Error>();

  async apply(settings: LockdownSettings): Promise<void> {
    this.#fail('apply');
    this.applied++;
    this.inForce = settings;
  }

  atStart(settings: LockdownSettings | undefined): void {
    this.#fail('atStart');
    this.start = settings;
  }

  async undo(_wasOn: boolean): Promise<void> {
    this.#fail('undo');
    this.inForce = undefined;
  }

  #fail(step: 'apply' | 'atStart' | 'undo'): void {
    const failure = this.failures.get(step);
    if (failure) throw failure;
  }
}
