/** That lockdown lets nothing out, and that it does not do what it is for: never alike. Told when they happen. */
import type { ReactElement } from 'react';
import type { LockdownStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { useText } from '../../i18n/text.ts';
import { holdsWords, inForce } from './lockdown-model.ts';
import classes from './lockdown-notices.module.css';

interface LockdownProps {
  /** Undefined where it is off or unknown. */
  readonly lockdown: LockdownStatus | undefined;
}

/** Where no tunnel's state says so. */
export function BlockedNotice({ lockdown }: LockdownProps): ReactElement {
  const t = useText();
  const holding = inForce(lockdown);
  return (
    <div role="status">
      {holding && (
        <Notice tone="blocked">
          <strong className={classes['title']}>
            <StateMark mark="blocked" />
            <span>{t('state.blocked')}</span>
          </strong>
          <p>{t(holdsWords(holding, 0))}</p>
        </Notice>
      )}
    </div>
  );
}

/** With the helper's reason. */
export function LockdownFault({ lockdown }: LockdownProps): ReactElement {
  const t = useText();
  return (
    <div role="alert">
      {lockdown?.on && lockdown.fault !== null && (
        <Notice tone="attention">
          <strong className={`${classes['title']} ${classes['fault']}`}>
            <Icon name="warning" />
            <span>{t('lockdown.fault.title')}</span>
          </strong>
          <p>{t('lockdown.fault.text')}</p>
          <p lang="en">{printable(lockdown.fault, 512)}</p>
        </Notice>
      )}
    </div>
  );
}
