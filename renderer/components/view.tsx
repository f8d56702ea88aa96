/** The frame of a view: a bar with its way back, a heading that takes the focus on arrival, content that scrolls, a foot that stays. */
import { type ReactElement, type ReactNode, useEffect, useRef } from 'react';
import { useText } from '../i18n/text.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';
import classes from './view.module.css';

/** The first view is where the person already is; later ones are arrived at. */
let arrived = false;

interface ViewProps {
  readonly title: string;
  readonly onBack?: () => void;
  /** At the right of the bar. */
  readonly actions?: ReactNode;
  readonly foot?: ReactNode;
  readonly children: ReactNode;
}

export function View({ title, onBack, actions, foot, children }: ViewProps): ReactElement {
  const t = useText();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (arrived) heading.current?.focus({ preventScroll: true });
    arrived = true;
  }, []);
  return (
    <>
      <header className={classes['bar']}>
        {onBack && (
          <Button kind="link" onClick={onBack} aria-label={t('nav.back')}>
            <Icon name="back" />
          </Button>
        )}
        <h1 className={classes['title']} ref={heading} tabIndex={-1} title={title}>
          {title}
        </h1>
        <div className={classes['actions']}>{actions}</div>
      </header>
      {/* Focusable, so that the arrow keys scroll it. */}
      <main className={classes['content']} tabIndex={0}>
        {children}
      </main>
      {foot && <footer className={classes['foot']}>{foot}</footer>}
    </>
  );
}
