/** What ends a command with words instead of a stack. main.ts prints them. */

/** Exit codes, as docs/cli.md promises them to scripts. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** A sentence for the person at the terminal, and what to do about it. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly exitCode: number;
  readonly remedy: string | undefined;
  constructor(sentence: string, remedy?: string, exitCode: number = EXIT.failed) {
    super(sentence);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** The command line itself is wrong. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
  constructor(sentence: string, remedy?: string) {
    super(sentence, remedy, EXIT.usage);
  }
}
