/** A failure at the terminal: what happened, why, what to do, and the data behind it. */
import { explain } from '#core/failure/explain.ts';
import type { Failure } from '#core/failure/failure.ts';
import type { Style } from './style.ts';

export function failureLines(failure: Failure, style: Style): string[] {
  const { sentence, cause, remedy, details } = explain(failure);
  return [
    style.bad(sentence),
    cause,
    `${style.bold('Try:')} ${remedy}`,
    ...details.map((line) => style.dim(`- ${line}`)),
  ];
}
