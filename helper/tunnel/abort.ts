/** Waiting that a `down` cuts short. */

/** What `promise` brings, or `aborted` as soon as `signal` is; the promise itself goes on, and its failure is then nobody's. */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T | 'aborted'> {
  const aborted = Promise.withResolvers<'aborted'>();
  const onAbort = (): void => aborted.resolve('aborted');
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
