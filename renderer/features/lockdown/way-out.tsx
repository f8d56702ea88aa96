/** Out of lockdown with one click, or who else can do it. In the foot of a view, where it is never scrolled away. */
import type { ReactElement } from 'react';
import type { LockdownStatus } from '#core/ipc/contract.ts';
import { Button } from '../../components/button.tsx';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import classes from './way-out.module.css';

export function WayOut({ lockdown }: { readonly lockdown: LockdownStatus }): ReactElement {
  const t = useText();
  const setLockdown = useApp((state) => state.setLockdown);
  if (lockdown.byAdmin) return <p className={classes['admin']}>{t('lockdown.by-admin')}</p>;
  return (
    <Button onClick={() => void setLockdown({ on: false, lan: lockdown.lan })}>{t('lockdown.off')}</Button>
  );
}
