/** What went wrong with the last click, said at once and to screen readers too, until it is closed or the next click. */
import type { ReactElement } from 'react';
import { useText } from '../i18n/text.ts';
import { useApp } from '../stores/use-app.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import classes from './problem-bar.module.css';

/** The helper speaks in phrases. */
const asSentence = (phrase: string): string =>
  `${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}${/[.!?…]$/.test(phrase) ? '' : '.'}`;

export function ProblemBar(): ReactElement {
  const t = useText();
  const problem = useApp((state) => state.problem);
  const dismiss = useApp((state) => state.dismissProblem);
  return (
    <div role="alert">
      {problem && (
        <div className={classes['bar']}>
          <Icon name="warning" />
          <p className={classes['text']}>
            <strong>{t('problem.title')}</strong>
            {problem.kind === 'slow' ? (
              <span>{t('problem.slow')}</span>
            ) : (
              <span lang="en">{asSentence(problem.message)}</span>
            )}
          </p>
          <Button kind="link" onClick={dismiss}>
            {t('problem.close')}
          </Button>
        </div>
      )}
    </div>
  );
}
