/** The time, once a second, for durations and countdowns: one timer for all of them, none while nobody sees it. */
import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

function adjust(): void {
  const needed = listeners.size > 0 && !document.hidden;
  if (needed && timer === undefined) {
    tick();
    timer = setInterval(tick, 1000);
  } else if (!needed && timer !== undefined) {
    clearInterval(timer);
    timer = undefined;
  }
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) document.addEventListener('visibilitychange', adjust);
  listeners.add(listener);
  adjust();
  return () => {
    listeners.delete(listener);
    adjust();
    if (listeners.size === 0) document.removeEventListener('visibilitychange', adjust);
  };
}

/** Milliseconds since 1970. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);
