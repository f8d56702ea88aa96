/**
 * A runner that starts nothing: it records each call and answers as the test says. Stands in for SystemRunner, and
 * refuses as it does what the "system" does not have.
 */
import { SystemFailure } from './effects.ts';
import type { Runner, RunResult } from './run.ts';

export interface RecordedRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly stdin: string;
}

export type Answer = (run: RecordedRun) => Partial<RunResult> | undefined;

export class FakeRunner implements Runner {
  readonly runs: RecordedRun[] = [];
  /** Programs this system has. */
  readonly programs: Set<string>;
  readonly #answer: Answer;

  /** What `answer` leaves out is success without output. */
  constructor(programs: Iterable<string>, answer: Answer = () => undefined) {
    this.programs = new Set(programs);
    this.#answer = answer;
  }

  find(program: string): string | undefined {
    return this.programs.has(program) ? `/usr/bin/${program}` : undefined;
  }

  async run(program: string, args: readonly string[], stdin = ''): Promise<RunResult> {
    if (!this.programs.has(program)) {
      throw new SystemFailure(
        `The program ${program} is missing`,
        'the fake has it not',
        'Give it to the fake',
      );
    }
    const run = { program, args, stdin };
    this.runs.push(run);
    return Promise.resolve({ status: 0, stdout: '', stderr: '', ...this.#answer(run) });
  }

  /** Each run as one line, its input after it: what a test compares. */
  get lines(): string[] {
    return this.runs.map(({ program, args, stdin }) =>
      [[program, ...args].join(' '), ...stdin.split('\n').filter((line) => line !== '')].join('\n  '),
    );
  }
}
