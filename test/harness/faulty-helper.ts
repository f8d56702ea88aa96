/**
 * Preloaded into a helper (canary.test.ts): on SIGUSR2 something throws that nobody catches, with a secret wherever an error can
 * hold one: quoted in its message, as a property, in its cause and in the variables of who throws. The secret comes
 * backwards in the environment, so that whoever searches for it does not find it there.
 */
import { readFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  const secret = (process.env['ADIT_TEST_SECRET'] ?? '').split('').reverse().join('');
  try {
    readFileSync(secret);
  } catch (error) {
    (error as Error).cause = new Error(secret);
    throw Object.assign(error as Error, { input: secret, options: { password: secret } });
  }
});
