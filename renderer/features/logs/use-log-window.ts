/** The rows of the log that are in sight: kept up with the ring, at the end while following, still while reading. */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useApp } from '../../stores/use-app.ts';
import { LogFilter, type Wanted, windowOf } from './log-filter.ts';

/** As the style says it. */
const ROW_REM = 3.25;

/** So many new lines at once can be read out; more cannot. */
const CALM = 2;

export interface LogWindow {
  readonly list: RefObject<HTMLDivElement | null>;
  readonly filter: LogFilter;
  readonly row: number;
  readonly from: number;
  readonly to: number;
  /** New lines come slowly enough to be read out. */
  readonly isCalm: boolean;
  readonly onScroll: () => void;
  readonly reveal: (index: number) => void;
}

export function useLogWindow(
  wanted: Wanted,
  following: boolean,
  setFollowing: (on: boolean) => void,
): LogWindow {
  const list = useRef<HTMLDivElement>(null);
  const ring = useApp((state) => state.logRing);
  const revision = useApp((state) => state.logRevision);
  const { level, subsystem, search } = wanted;
  const filter = useMemo(
    () => new LogFilter(ring, { level, subsystem, search }),
    [ring, level, subsystem, search],
  );
  const row = useMemo(() => ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize), []);
  const [seen, setSeen] = useState({ size: 0, scrolled: 0, height: 0, isCalm: false });

  const look = useCallback(() => {
    const host = list.current;
    if (!host) return;
    setSeen((before) => ({
      size: filter.size,
      scrolled: host.scrollTop,
      height: host.clientHeight,
      isCalm: filter.size - before.size <= CALM,
    }));
  }, [filter]);

  // oxlint-disable-next-line react-hooks/exhaustive-deps -- each revision is another content of the same ring
  useLayoutEffect(() => {
    const gone = filter.update();
    const host = list.current;
    if (host && !following) host.scrollTop -= gone * row;
    look();
  }, [filter, revision]);
  // After the rows have grown, so that the end is the end.
  useLayoutEffect(() => {
    const host = list.current;
    if (!host || !following) return;
    host.scrollTop = host.scrollHeight;
    look();
  }, [following, look, seen.size, seen.height, revision]);
  useEffect(() => {
    const host = list.current;
    if (!host) return undefined;
    const resized = new ResizeObserver(look);
    resized.observe(host);
    return () => resized.disconnect();
  }, [look]);

  return {
    list,
    filter,
    row,
    ...windowOf(filter.size, seen.scrolled, seen.height, row),
    isCalm: seen.isCalm,
    onScroll() {
      const host = list.current;
      if (!host) return;
      // A window that changes its size scrolls, too; that is no wish.
      const isResize = host.clientHeight !== seen.height;
      if (!isResize && host.scrollTop + host.clientHeight < host.scrollHeight - row / 2) setFollowing(false);
      look();
    },
    reveal(index) {
      const host = list.current;
      if (!host) return;
      if (index * row < host.scrollTop) host.scrollTop = index * row;
      const bottom = (index + 1) * row - host.clientHeight;
      if (bottom > host.scrollTop) host.scrollTop = bottom;
      look();
    },
  };
}
