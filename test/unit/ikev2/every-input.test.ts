/**
 * Every input in every state: nothing throws, `closed` comes once and last, nothing stays behind. A connection that is
 * still in its state takes the next input too: handshakes are what costs time here.
 */
import { describe, expect, it } from 'vitest';
import { check, INPUTS, STATES, subject, type Subject } from '#test/harness/ikev2-inputs.ts';

const USES = 40;

describe.each(STATES)('$role in $state ($login, $asks, $several)', (where) => {
  // Hundreds of handshakes: seconds on a busy machine.
  it(`takes each of ${INPUTS.length} inputs`, { timeout: 60_000 }, () => {
    let tried: Subject | undefined;
    let uses = 0;
    /** Whatever the inputs began has to come to rest within the rules as well. */
    const settle = (): void => {
      if (tried === undefined) return;
      tried.pair.run(20_000);
      check(tried);
      tried = undefined;
    };
    for (const input of INPUTS) {
      tried ??= subject(where);
      try {
        input.apply(tried);
        check(tried);
        if (tried.target.state !== where.state || ++uses % USES === 0) settle();
      } catch (error) {
        throw new Error(`${input.name}: ${String(error)}`, { cause: error });
      }
    }
    settle();
    expect(INPUTS.length).toBeGreaterThan(1_000);
  });
});
