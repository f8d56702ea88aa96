/** What a person is told about a failure: explain.ts makes it. */
export interface Explanation {
  /** What happened, in plain words: `The gateway at 203.0.113.1 did not answer.` */
  readonly sentence: string;
  /** Why that usually is. */
  readonly cause: string;
  /** The one thing to try next. */
  readonly remedy: string;
  /** The data behind it, a line each, for those who can read it. */
  readonly details: readonly string[];
}
