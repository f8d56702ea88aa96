/** Lockdown's switches. They are the helper's, for all who use this computer, and not among the window's own settings. */
import type { ReactElement } from 'react';
import { Notice } from '../../components/notice.tsx';
import { useText } from '../../i18n/text.ts';
import { switchedLockdown } from '../../stores/lockdown.ts';
import { useApp } from '../../stores/use-app.ts';
import { LockdownFault } from '../lockdown/lockdown-notices.tsx';
import { Switch } from './fields.tsx';
import classes from './settings-view.module.css';

export function LockdownSection(): ReactElement {
  const t = useText();
  const lockdown = useApp((state) => state.lockdown);
  const lockdownWish = useApp((state) => state.lockdownWish);
  const setLockdown = useApp((state) => state.setLockdown);
  const shown = switchedLockdown({ lockdown, lockdownWish });
  return (
    <section className={classes['section']} aria-labelledby="settings-tunnel">
      <h2 id="settings-tunnel">{t('settings.tunnel')}</h2>
      {shown ? (
        <>
          <Switch
            label={t('settings.lockdown')}
            hint={t('settings.lockdown.hint')}
            checked={shown.on}
            disabled={shown.byAdmin}
            onChange={(on) => void setLockdown({ on, lan: shown.lan })}
          />
          <Switch
            label={t('settings.lockdown.lan')}
            hint={t('settings.lockdown.lan.hint')}
            checked={shown.lan}
            disabled={!shown.on || shown.byAdmin}
            onChange={(lan) => void setLockdown({ on: true, lan })}
          />
          {shown.byAdmin && (
            <Notice tone="quiet">
              <p>{t('lockdown.by-admin')}</p>
            </Notice>
          )}
          <LockdownFault lockdown={lockdown} />
        </>
      ) : (
        <Notice tone="quiet">
          <p>{t('settings.lockdown.none')}</p>
        </Notice>
      )}
    </section>
  );
}
