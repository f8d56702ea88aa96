/** A problem report as it would be saved: all of it in sight, what tells about the person replaced, parts left out at will. */
import { type ReactElement, useMemo, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Notice } from '../../components/notice.tsx';
import { View } from '../../components/view.tsx';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import { Switch } from '../settings/fields.tsx';
import { CATEGORIES, type Category } from './redaction.ts';
import { reportText, type SectionId, sectionsOf } from './report-model.ts';
import classes from './report-view.module.css';
import { useReport } from './use-report.ts';

/** `set` with or without `one`. */
function toggled<T>(set: ReadonlySet<T>, one: T, isIn: boolean): ReadonlySet<T> {
  const next = new Set(set);
  if (isIn) next.add(one);
  else next.delete(one);
  return next;
}

export function ReportView(): ReactElement {
  const t = useText();
  const back = useApp((state) => state.back);
  const saveText = useApp((state) => state.saveText);
  const { collected, again } = useReport();
  const [kept, setKept] = useState<ReadonlySet<Category>>(new Set());
  const [leftOut, setLeftOut] = useState<ReadonlySet<SectionId>>(new Set());
  const [saved, setSaved] = useState(false);
  const sections = useMemo(() => (collected ? sectionsOf(collected, kept) : []), [collected, kept]);

  const onSave = (): void => {
    if (!collected) return;
    const name = `adit-report-${collected.madeAt.slice(0, 10)}.txt`;
    void saveText(name, reportText(collected, sections, leftOut, kept)).then(setSaved);
  };

  return (
    <View
      title={t('report.title')}
      onBack={back}
      foot={
        <>
          <Button kind="primary" large disabled={!collected} onClick={onSave}>
            {t('report.save')}
          </Button>
          <Button kind="link" disabled={!collected} onClick={again}>
            {t('report.again')}
          </Button>
        </>
      }
    >
      <p role="status" className={classes['said']}>
        {saved ? t('report.saved') : collected ? t('report.text') : t('report.collecting')}
      </p>
      {collected && collected.link.state !== 'up' && (
        <Notice tone="quiet">
          <p>{t('report.without-helper')}</p>
        </Notice>
      )}
      <fieldset className={classes['keep']}>
        <legend>{t('report.redact')}</legend>
        {CATEGORIES.map((category) => (
          <Switch
            key={category}
            label={t(`report.keep.${category}`)}
            checked={kept.has(category)}
            onChange={(isIn) => setKept(toggled(kept, category, isIn))}
          />
        ))}
        <p className={classes['hint']}>{t('report.keep.hint')}</p>
      </fieldset>
      {sections.map(({ id, text }) => {
        const title = t(`report.section.${id}`);
        const isIn = !leftOut.has(id);
        return (
          <section className={classes['section']} key={id} aria-labelledby={`report-${id}`}>
            <div className={classes['head']}>
              <h2 id={`report-${id}`}>{title}</h2>
              <input
                type="checkbox"
                checked={isIn}
                aria-label={t('report.include', { section: title })}
                onChange={(event) => setLeftOut(toggled(leftOut, id, !event.target.checked))}
              />
            </div>
            {isIn && (
              <pre className={classes['text']} tabIndex={0} aria-labelledby={`report-${id}`} role="group">
                {text}
              </pre>
            )}
          </section>
        );
      })}
    </View>
  );
}
