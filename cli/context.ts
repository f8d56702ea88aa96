/** What a command is given: its arguments, where to print, and how to reach the helper. */
import type { CallName, Result } from '#core/ipc/contract.ts';
import type { Client } from './client.ts';
import type { Style } from './output/style.ts';

export interface Context {
  readonly operands: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly json: boolean;
  /** For stdout and for stderr. */
  readonly style: Style;
  readonly errorStyle: Style;
  /** Connects at the first call; main.ts closes it. */
  connect(): Promise<Client>;
  /** Lines to stdout. */
  print(...lines: readonly string[]): void;
  /** One value of our own as a line of JSON to stdout. */
  printJson(value: unknown): void;
  /** A helper's answer as a line of JSON; what reads it may rely on the contract, so it is checked first. */
  printAnswer<C extends CallName>(name: C, result: Result<C>): Promise<void>;
  /** Lines to stderr: progress, remarks. */
  note(...lines: readonly string[]): void;
}

export const text = (context: Context, option: string): string | undefined => {
  const value = context.values[option];
  return typeof value === 'string' ? value : undefined;
};

export const flag = (context: Context, option: string): boolean => context.values[option] === true;
