/** A profile for another program: which one, what it cannot express, then a file that the person puts somewhere. */
import { type ReactElement, useId } from 'react';
import type { ExportedAs } from '#core/ipc/profile-calls.ts';
import { printable } from '#core/text/printable.ts';
import { Button } from '../../components/button.tsx';
import { Facts } from '../../components/facts.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/section.tsx';
import { View } from '../../components/view.tsx';
import { i18n, useText } from '../../i18n/text.ts';
import type { Exporting } from '../../stores/opened.ts';
import { useApp } from '../../stores/use-app.ts';
import { Reason, ReportEntries } from './report-entries.tsx';
import classes from './export-view.module.css';

const FORMATS = ['sswan', 'mobileconfig', 'swanctl', 'adit'] as const satisfies readonly ExportedAs[];

export function ExportView(): ReactElement {
  const t = useText();
  const name = useId();
  const back = useApp((state) => state.back);
  const exporting = useApp((state) => state.exporting);
  const exportAs = useApp((state) => state.exportAs);
  const saveExport = useApp((state) => state.saveExport);
  const files = exporting?.result.value?.files;
  return (
    <View
      title={t('export.title')}
      onBack={back}
      foot={
        <Button kind="primary" large disabled={!files} onClick={() => void saveExport()}>
          {t('export.save', { count: files?.length ?? 1 })}
        </Button>
      }
    >
      <fieldset className={classes['formats']}>
        <legend>{t('export.format')}</legend>
        {FORMATS.map((format) => (
          <label className={classes['format']} key={format}>
            <input
              type="radio"
              name={name}
              checked={exporting?.format === format}
              onChange={() => void exportAs(format)}
            />
            {t(`export.${format}`)}
          </label>
        ))}
      </fieldset>
      <p className={classes['quiet']}>{t('export.secrets')}</p>
      <div role="status" className={classes['outcome']}>
        {exporting && <Outcome exporting={exporting} />}
      </div>
    </View>
  );
}

function Outcome({ exporting }: { readonly exporting: Exporting }): ReactElement {
  const t = useText();
  const { result, saved } = exporting;
  if (result.problem !== undefined) {
    return (
      <Notice tone="attention">
        <p>
          <strong>{t('export.impossible')}</strong>
        </p>
        <p>
          <Reason text={result.problem} why={result.why} />
        </p>
      </Notice>
    );
  }
  if (!result.value) return <p>{t('export.working')}</p>;
  const { leftOut, files } = result.value;
  const names = new Intl.ListFormat(i18n.locale).format(saved.map((one) => printable(one, 80)));
  return (
    <>
      {leftOut.length === 0 && <p>{t('export.whole')}</p>}
      {leftOut.length > 0 && (
        <Section title={t('export.left-out', { count: leftOut.length })}>
          <ReportEntries entries={leftOut} />
        </Section>
      )}
      <Facts
        facts={[
          {
            label: t('export.file'),
            values: files.map((file) => printable(file.name, 80)),
            kind: 'code',
          },
        ]}
      />
      {saved.length > 0 && <p>{t('export.saved', { names })}</p>}
    </>
  );
}
