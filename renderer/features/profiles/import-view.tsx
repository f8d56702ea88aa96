/** What a file turned out to be, before anything is kept: understood, changed, ignored, refused, missing. */
import type { ReactElement } from 'react';
import type { ReportEntry } from '#core/profile/profile.ts';
import { printable } from '#core/text/printable.ts';
import { Button } from '../../components/button.tsx';
import { Notice } from '../../components/notice.tsx';
import { View } from '../../components/view.tsx';
import { i18n, useText } from '../../i18n/text.ts';
import type { Import, Preview } from '../../stores/profiles.ts';
import { useApp } from '../../stores/use-app.ts';
import { ChooseFile } from './choose-file.tsx';
import { asks, ImportSecrets, SECRETS_FORM } from './import-secrets.tsx';
import { ReportEntries } from './report-entries.tsx';
import classes from './import-view.module.css';

/** What needs a look comes first; what was simply understood is folded away at the end. */
const ORDER = [
  'refused',
  'missing',
  'changed',
  'ignored',
  'taken',
] as const satisfies readonly ReportEntry['outcome'][];

export function ImportView(): ReactElement | null {
  const current = useApp((state) => state.import);
  return current === undefined ? null : <OneImport current={current} />;
}

function OneImport({ current }: { readonly current: Import }): ReactElement {
  const t = useText();
  const discard = useApp((state) => state.discardImport);
  const save = useApp((state) => state.saveImport);
  const names = current.step === 'preview' ? current.files.map(({ name }) => name) : current.names;
  const from = new Intl.ListFormat(i18n.locale).format(names.map((name) => printable(name, 80)));
  return (
    <View
      title={t(current.step === 'failed' ? 'import.failed' : 'import.title')}
      onBack={discard}
      foot={
        <>
          {current.step === 'preview' && (
            <Button
              kind="primary"
              large
              disabled={current.working === true}
              // The fields of what is missing are a form of their own; this sends it where there is one.
              {...(asks(current.preview)
                ? { type: 'submit', form: SECRETS_FORM }
                : { onClick: () => void save() })}
            >
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
            <p>{current.message}</p>
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
      {current.step === 'preview' && asks(current.preview) && <ImportSecrets current={current} />}
      <div className={classes['outcome']}>
        {current.step === 'preview' &&
          current.preview.map((one, at) => <OneProfile one={one} key={`${at} ${one.name}`} />)}
      </div>
    </View>
  );
}

function OneProfile({ one }: { readonly one: Preview[number] }): ReactElement {
  const t = useText();
  return (
    <section className={classes['profile']}>
      <h2 className={classes['name']}>{printable(one.name, 128)}</h2>
      {ORDER.map((outcome) => {
        const entries = one.report.filter((entry) => entry.outcome === outcome);
        if (entries.length === 0) return null;
        return (
          <details
            className={classes['group']}
            data-outcome={outcome}
            open={outcome !== 'taken'}
            key={outcome}
          >
            <summary>{t(`import.${outcome}`, { count: entries.length })}</summary>
            <div className={classes['entries']}>
              <ReportEntries entries={entries} />
            </div>
          </details>
        );
      })}
    </section>
  );
}
