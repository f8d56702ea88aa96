/** Random sequences of everything that can be done to a connection, from every state (fast-check shrinks what fails). */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { check, INPUTS, STATES, subject } from '#test/harness/ikev2-inputs.ts';

it('no sequence of inputs breaks the rules of the contract', () => {
  let closed = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...STATES),
      fc.integer({ min: 1, max: 1_000 }),
      fc.array(fc.constantFrom(...INPUTS), { minLength: 2, maxLength: 25 }),
      (where, seed, inputs) => {
        const tried = subject(where, seed);
        for (const input of inputs) {
          input.apply(tried);
          check(tried);
        }
        tried.pair.run(400_000);
        check(tried);
        if (tried.target.state === 'closed') closed++;
      },
    ),
    { numRuns: 1_500 },
  );
  expect(closed).toBeGreaterThan(100);
});
