/**
 * What a file turned out to be, before anything is kept: first what is missing and what to do about it, then, folded away,
 * every setting: understood, changed, ignored, refused.
 */
import { type FormEvent, type ReactElement, useEffect, useRef, useState } from 'react';
import type { ReportEntry } from '#core/profile/profile.ts';
import { DESCRIBES_FILE } from '#core/profile/reasons.ts';
import { printable } from '#core/text/printable.ts';
import { Button } from '../../components/button.tsx';
import { Notice } from '../../components/notice.tsx';
import { View } from '../../components/view.tsx';
import { i18n, useText } from '../../i18n/text.ts';
import type { Import } from '../../stores/profiles.ts';
import { useApp } from '../../stores/use-app.ts';
import { ChooseFile } from './choose-file.tsx';
import { givenOf, ImportSecrets, isAsked, type Previewed, type Typed } from './import-secrets.tsx';
import { Reason, ReportEntries } from './report-entries.tsx';
import classes from './import-view.module.css';

/** What needs a look comes first. */
const ORDER = ['refused', 'missing', 'changed', 'ignored', 'taken'] as const satisfies readonly Outcome[];
type Outcome = ReportEntry['outcome'];

const FORM = 'import';

export function ImportView(): ReactElement | null {
  const current = useApp((state) => state.import);
  return current === undefined ? null : <OneImport current={current} />;
}

function OneImport({ current }: { readonly current: Import }): ReactElement {
  const t = useText();
  const discard = useApp((state) => state.discardImport);
  const names = current.step === 'preview' ? current.files.map(({ name }) => name) : current.names;
  const from = new Intl.ListFormat(i18n.locale).format(names.map((name) => printable(name, 80)));
  return (
    <View
      title={t(current.step === 'failed' ? 'import.failed' : 'import.title')}
      onBack={discard}
      foot={
        <>
          {current.step === 'preview' && (
            <Button type="submit" form={FORM} kind="primary" large disabled={current.working === true}>
              {t('import.save', { count: current.preview.length })}
            </Button>
          )}
          {current.step === 'failed' && <ChooseFile kind="primary" large />}
          <Button kind="link" onClick={discard}>
            {t('import.discard')}
          </Button>
        </>
      }
    >
      {names.length > 0 && <p className={classes['from']}>{t('import.from', { names: from })}</p>}
      <div role="status" className={classes['outcome']}>
        {current.step === 'reading' && <p>{t('import.reading')}</p>}
        {current.step === 'failed' && (
          <Notice tone="attention">
            <p lang={current.isSaid ? 'en' : undefined}>{current.message}</p>
          </Notice>
        )}
        {current.step === 'preview' && current.problem !== undefined && (
          <Notice tone="attention">
            <p>
              <strong>{t('problem.title')}</strong>
            </p>
            <p lang="en">{current.problem}</p>
          </Notice>
        )}
      </div>
      {current.step === 'preview' && <PreviewForm current={current} />}
    </View>
  );
}

function PreviewForm({ current }: { readonly current: Previewed }): ReactElement {
  const save = useApp((state) => state.saveImport);
  const { preview, wrong } = current;
  /** By the profile's place. */
  const [typed, setTyped] = useState<readonly Typed[]>([]);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    if (wrong) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [wrong]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void save(preview.map((one, at) => givenOf(one, typed[at] ?? {})));
  };
  const type = (at: number, now: Typed): void =>
    setTyped(preview.map((_, place) => (place === at ? now : (typed[place] ?? {}))));
  return (
    <form id={FORM} ref={form} className={classes['outcome']} onSubmit={submit} noValidate>
      {preview.map((one, at) => (
        <section className={classes['profile']} key={`${at} ${one.name}`}>
          <h2 className={classes['name']}>{printable(one.name, 128)}</h2>
          <div className={classes['todo']}>
            <ImportSecrets
              current={current}
              at={at}
              one={one}
              typed={typed[at] ?? {}}
              onType={(now) => type(at, now)}
            />
            <Told report={one.report} />
          </div>
          <Report report={one.report} />
        </section>
      ))}
    </form>
  );
}

/** What is missing beside what the fields ask for, and that something was refused: the sentences without the settings. */
function Told({ report }: { readonly report: readonly ReportEntry[] }): ReactElement | null {
  const t = useText();
  const refused = report.filter(({ outcome }) => outcome === 'refused').length;
  const missing = report.filter(({ outcome, setting }) => outcome === 'missing' && !isAsked(setting));
  if (refused === 0 && missing.length === 0) return null;
  return (
    <Notice tone="attention">
      {missing.map(({ setting, reason }, at) => (
        <p key={`${at} ${setting}`}>{reason === undefined ? printable(setting) : <Reason text={reason} />}</p>
      ))}
      {refused > 0 && <p>{t('import.refused.told', { count: refused })}</p>}
    </Notice>
  );
}

/** Every setting of the file, folded away: for whoever made it. */
function Report({ report }: { readonly report: readonly ReportEntry[] }): ReactElement {
  const t = useText();
  const [open, setOpen] = useState(false);
  const describes = report.filter(({ reason }) => reason === DESCRIBES_FILE);
  const settings = report.filter(({ reason }) => reason !== DESCRIBES_FILE);
  const groups = ORDER.map((outcome) => {
    const entries = settings.filter((entry) => entry.outcome === outcome);
    return { name: outcome, title: t(`import.${outcome}`, { count: entries.length }), entries };
  });
  const file = {
    name: 'describes',
    title: t('import.describes', { count: describes.length }),
    entries: describes,
  };
  return (
    <details
      className={classes['group']}
      open={open}
      onToggle={({ currentTarget, target }) => {
        if (target === currentTarget) setOpen(currentTarget.open);
      }}
    >
      <summary>{t('import.read')}</summary>
      {/* Of two hundred profiles nobody opens all. */}
      {open &&
        [...groups, file]
          .filter(({ entries }) => entries.length > 0)
          .map(({ name, title, entries }) => (
            <details
              className={classes['group']}
              data-outcome={name}
              open={name !== 'taken' && name !== 'describes'}
              key={name}
            >
              <summary>{title}</summary>
              <div className={classes['entries']}>
                <ReportEntries entries={entries} />
              </div>
            </details>
          ))}
    </details>
  );
}
