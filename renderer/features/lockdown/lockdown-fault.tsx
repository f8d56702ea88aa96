/** That lockdown is on and does not do what it is for, with the helper's reason; told when it happens. */
import type { ReactElement } from 'react';
import type { LockdownStatus } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import { useText } from '../../i18n/text.ts';
import classes from './lockdown-fault.module.css';

export function LockdownFault({ lockdown }: { readonly lockdown: LockdownStatus | undefined }): ReactElement {
  const t = useText();
  return (
    <div role="alert">
      {lockdown?.on && lockdown.fault !== null && (
        <Notice tone="attention">
          <strong className={classes['title']}>
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
