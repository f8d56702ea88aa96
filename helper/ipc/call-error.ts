/** A call that is refused: a code of the contract and a sentence for the person who made it. */
import { ERROR_CODES } from '#core/ipc/contract.ts';

export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: number;
  constructor(reason: keyof typeof ERROR_CODES, sentence: string) {
    super(sentence);
    this.code = ERROR_CODES[reason];
  }
}
