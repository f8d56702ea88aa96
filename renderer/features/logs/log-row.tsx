/** One line of the log as a row of a fixed height, and the whole of one that was chosen. */
import { memo, type ReactElement } from 'react';
import type { LogEntry } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { Button } from '../../components/button.tsx';
import { i18n, useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import { lineOf } from './log-filter.ts';
import classes from './log-row.module.css';

interface LogRowProps {
  readonly entry: LogEntry;
  readonly time: (time: string) => string;
  /** From 1, among `of`: there are more than are drawn. */
  readonly position: number;
  readonly of: number;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

const about = ({ subsystem, profile }: LogEntry): string =>
  printable(profile === undefined ? subsystem : `${subsystem} · ${profile}`, 96);

export const LogRow = memo(
  function LogRow({ entry, time, position, of, isChosen, onChoose }: LogRowProps): ReactElement {
    const t = useText();
    return (
      <li className={classes['row']} aria-posinset={position} aria-setsize={of} data-chosen={isChosen}>
        {/* The arrow keys of the list choose; this is for the pointer. */}
        <button type="button" className={classes['line']} tabIndex={-1} onClick={onChoose}>
          <span className={classes['meta']}>
            <span className={classes['level']} data-level={entry.level}>
              {t(`logs.level.${entry.level}`)}
            </span>
            <time dateTime={entry.time} title={time(entry.time)}>
              {time(entry.time)}
            </time>
            <span className={classes['about']} title={about(entry)}>
              {about(entry)}
            </span>
          </span>
          <span className={classes['message']} title={printable(entry.message)}>
            {printable(entry.message)}
          </span>
        </button>
      </li>
    );
  },
  (one, other) =>
    one.entry === other.entry &&
    one.time === other.time &&
    one.position === other.position &&
    one.of === other.of &&
    one.isChosen === other.isChosen,
);

export function WholeLine({
  entry,
  onClose,
}: {
  readonly entry: LogEntry;
  readonly onClose: () => void;
}): ReactElement {
  const t = useText();
  const copy = useApp((state) => state.copy);
  const when = new Date(entry.time).toLocaleString(i18n.locale, { dateStyle: 'full', timeStyle: 'long' });
  return (
    <section className={classes['whole']} aria-label={t('logs.line')}>
      <div className={classes['text']} tabIndex={0} role="status">
        <p className={classes['meta']}>
          {t(`logs.level.${entry.level}`)} · {about(entry)} · {when}
        </p>
        <p className={classes['words']}>{printable(entry.message, 4096)}</p>
      </div>
      <div className={classes['buttons']}>
        <Button kind="link" onClick={() => void copy(lineOf(entry))}>
          {t('logs.line.copy')}
        </Button>
        <Button kind="link" onClick={onClose}>
          {t('problem.close')}
        </Button>
      </div>
    </section>
  );
}
