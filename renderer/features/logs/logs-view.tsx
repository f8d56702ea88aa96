/** What the helper writes while it works: live, narrowed by level, subsystem and words, to copy and to save. */
import {
  type KeyboardEvent,
  type ReactElement,
  useDeferredValue,
  useEffect,
  useLayoutEffect,
  useMemo,
  useState,
} from 'react';
import { Button } from '../../components/button.tsx';
import { View } from '../../components/view.tsx';
import { i18n, useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import { type Level, LEVELS } from './log-filter.ts';
import { LogRow, WholeLine } from './log-row.tsx';
import classes from './logs-view.module.css';
import { useLogWindow } from './use-log-window.ts';

/** In characters: what a clipboard takes without effort, and what app.save takes. */
const MOST_COPIED = 1_000_000;
const MOST_SAVED = 24_000_000;

export function LogsView(): ReactElement {
  const t = useText();
  const back = useApp((state) => state.back);
  const copy = useApp((state) => state.copy);
  const saveText = useApp((state) => state.saveText);
  const missed = useApp((state) => state.logMissed);
  const subsystems = useApp((state) => state.logSubsystems);
  const [level, setLevel] = useState<Level>('debug');
  const [subsystem, setSubsystem] = useState('');
  const [search, setSearch] = useState('');
  const [following, setFollowing] = useState(true);
  const [chosen, setChosen] = useState<number>();
  const [said, setSaid] = useState('');
  useFollowing();
  const wanted = { level, subsystem, search: useDeferredValue(search) };
  const { list, filter, row, from, to, isCalm, onScroll, reveal } = useLogWindow(
    wanted,
    following,
    setFollowing,
  );
  const time = useMemo(() => rowTime(i18n.locale), []);

  const choose = (index: number): void => {
    const at = Math.max(0, Math.min(filter.size - 1, index));
    setFollowing(false);
    setChosen(filter.numberAt(at));
  };
  // Once the whole line stands below the list, which has less room then.
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- only another line is to be brought into sight
  useLayoutEffect(() => {
    if (chosen !== undefined) reveal(filter.indexOf(chosen));
  }, [chosen]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      choose(chosen === undefined ? filter.size - 1 : filter.indexOf(chosen) + step);
    }
    if (event.key === 'Escape' && chosen !== undefined) {
      event.preventDefault();
      setChosen(undefined);
    }
  };
  const onCopy = (): void => {
    const { text, count } = filter.text(MOST_COPIED);
    void copy(text).then(() => setSaid(t('logs.copied', { count })));
  };
  const onSave = (): void => {
    const { text, count } = filter.text(MOST_SAVED);
    void saveText('adit-log.txt', text).then((saved) => saved && setSaid(t('logs.saved', { count })));
  };
  const whole = chosen === undefined ? undefined : filter.entryAt(filter.indexOf(chosen));

  return (
    <View
      title={t('logs.title')}
      onBack={back}
      actions={
        <>
          <Button kind="link" disabled={filter.size === 0} onClick={onCopy}>
            {t('logs.copy')}
          </Button>
          <Button kind="link" disabled={filter.size === 0} onClick={onSave}>
            {t('logs.save')}
          </Button>
        </>
      }
    >
      <div className={classes['page']}>
        <div className={classes['tools']}>
          <input
            className={classes['search']}
            type="search"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            placeholder={t('logs.search')}
            aria-label={t('logs.search')}
          />
          <select
            className={classes['select']}
            aria-label={t('logs.level')}
            value={level}
            onChange={(event) => setLevel(LEVELS.find((one) => one === event.target.value) ?? 'debug')}
          >
            {LEVELS.toReversed().map((one) => (
              <option key={one} value={one}>
                {t(`logs.from.${one}`)}
              </option>
            ))}
          </select>
          <select
            className={classes['select']}
            aria-label={t('logs.subsystem')}
            value={subsystem}
            onChange={(event) => setSubsystem(event.target.value)}
          >
            <option value="">{t('logs.subsystem.all')}</option>
            {subsystems.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <div className={classes['line']}>
          <p className={classes['count']} role="status">
            {said === '' ? t('logs.count', { count: filter.size }) : said}
            {missed > 0 && ` ${t('logs.missed', { count: missed })}`}
          </p>
          <Button kind="link" aria-pressed={!following} onClick={() => setFollowing(!following)}>
            {t(following ? 'logs.pause' : 'logs.follow')}
          </Button>
        </div>
        {/* Read out only while it stands at its end and speaks slowly. */}
        <div
          ref={list}
          className={classes['list']}
          role="log"
          aria-live={following && isCalm ? 'polite' : 'off'}
          aria-label={t('logs.title')}
          tabIndex={0}
          onScroll={onScroll}
          onKeyDown={onKeyDown}
        >
          {filter.size === 0 && <p className={classes['empty']}>{t('logs.none')}</p>}
          <ol
            className={classes['rows']}
            style={{ blockSize: filter.size * row, paddingBlockStart: from * row }}
          >
            {Array.from({ length: to - from }, (_, at) => from + at).map((index) => {
              const entry = filter.entryAt(index);
              const number = filter.numberAt(index);
              if (!entry || number === undefined) return null;
              return (
                <LogRow
                  key={number}
                  entry={entry}
                  time={time}
                  position={index + 1}
                  of={filter.size}
                  isChosen={number === chosen}
                  onChoose={() => choose(index)}
                />
              );
            })}
          </ol>
        </div>
        {whole && <WholeLine entry={whole} onClose={() => setChosen(undefined)} />}
      </div>
    </View>
  );
}

/** The helper is asked only while this is shown. */
function useFollowing(): void {
  const followLog = useApp((state) => state.followLog);
  useEffect(() => {
    void followLog(true);
    return () => void followLog(false);
  }, [followLog]);
}

function rowTime(locale: string): (time: string) => string {
  const format = new Intl.DateTimeFormat(locale, {
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  });
  return (time) => format.format(new Date(time));
}
