/**
 * The programs of test/native, built with a sanitizer by scripts/build-native.sh, and the environment in which a
 * sanitizer ends a program at its first finding. Used by test/system/sanitizers.test.ts and packet-fuzz.test.ts.
 */
import { fileURLToPath } from 'node:url';
import { type Finished, run, tryRun } from './process.ts';

export type Sanitizer = 'address' | 'thread';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Nothing of ours is suppressed. TSan cannot see the locking inside OpenSSL and libstdc++, which it did not compile. */
const OPTIONS = {
  ASAN_OPTIONS: 'detect_leaks=1:strict_string_checks=1',
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1:ignore_noninstrumented_modules=1',
} as const;

/** Compiles what has changed; up to half a minute where everything has. */
export async function buildWith(sanitizer: Sanitizer): Promise<void> {
  await run(['bash', `${root}scripts/build-native.sh`, '--sanitize', sanitizer], { timeoutMs: 280_000 });
}

/**
 * Runs a script of test/harness in a Node whose addon is the one that AddressSanitizer and UndefinedBehaviorSanitizer
 * watch. Leaks are not looked for: Node itself frees little at its end.
 */
export async function runWithSanitizedAddon(script: string, args: readonly string[]): Promise<Finished> {
  const runtime = (await run(['g++', '-print-file-name=libasan.so'])).trim();
  const env = {
    ...OPTIONS,
    ASAN_OPTIONS: 'detect_leaks=0',
    LD_PRELOAD: runtime,
    ADIT_NATIVE: `${root}build/native-address/adit.node`,
  };
  return await tryRun([process.execPath, `${root}test/harness/${script}`, ...args], {
    env,
    timeoutMs: 60_000,
  });
}

/** Runs a program of test/native to its end. Address randomization is off: TSan's fixed map may not bear it. */
export async function runNative(
  sanitizer: Sanitizer,
  program: string,
  args: readonly (string | number)[],
  timeoutMs = 60_000,
): Promise<Finished> {
  const binary = `${root}build/native-${sanitizer}/${program}`;
  return await tryRun(['setarch', '-R', binary, ...args.map(String)], { env: OPTIONS, timeoutMs });
}
