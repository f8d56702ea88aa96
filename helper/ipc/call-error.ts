/** A call that is refused: a code of the contract and a sentence for the person who made it. */
import { ERROR_CODES } from '#core/ipc/contract.ts';
import type { RefusalData } from '#core/ipc/profile-calls.ts';

export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: number;
  readonly data: RefusalData | undefined;
  constructor(reason: keyof typeof ERROR_CODES, sentence: string, data?: RefusalData) {
    super(sentence);
    this.code = ERROR_CODES[reason];
    this.data = data;
  }
}
