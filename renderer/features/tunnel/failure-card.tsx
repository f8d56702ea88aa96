/** A failure as a sentence, a cause and one thing to do; the data behind it on request. */
import { Collapsible } from '@base-ui/react/collapsible';
import type { ReactElement } from 'react';
import { explain } from '#core/failure/explain.ts';
import type { Failure } from '#core/failure/failure.ts';
import { Button } from '../../components/button.tsx';
import { activeLanguage, useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import classes from './failure-card.module.css';

export function FailureCard({ failure }: { readonly failure: Failure }): ReactElement {
  const t = useText();
  const go = useApp((state) => state.go);
  const { sentence, cause, remedy, details } = explain(failure, activeLanguage());
  return (
    <section className={classes['card']} aria-label={t('state.failed')}>
      <p className={classes['sentence']}>{sentence}</p>
      <p className={classes['cause']}>{cause}</p>
      <p className={classes['remedy']}>
        <strong>{t('failure.try')}</strong> <span>{remedy}</span>
      </p>
      <div className={classes['more']}>
        {details.length > 0 && (
          <Collapsible.Root>
            <Collapsible.Trigger className={classes['trigger']}>{t('failure.details')}</Collapsible.Trigger>
            <Collapsible.Panel>
              <ul className={classes['details']}>
                {details.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </Collapsible.Panel>
          </Collapsible.Root>
        )}
        <Button kind="link" onClick={() => go('report')}>
          {t('report.make')}
        </Button>
      </div>
    </section>
  );
}
