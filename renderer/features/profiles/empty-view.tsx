/** The first start: one thing to do, said plainly. */
import type { ReactElement } from 'react';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { View } from '../../components/view.tsx';
import { useText } from '../../i18n/text.ts';
import { activeLockdown } from '../../stores/lockdown.ts';
import { useApp } from '../../stores/use-app.ts';
import { BlockedNotice, LockdownFault } from '../lockdown/lockdown-notices.tsx';
import { WayOut } from '../lockdown/way-out.tsx';
import { ChooseFile } from './choose-file.tsx';
import classes from './empty-view.module.css';

export function EmptyView(): ReactElement {
  const t = useText();
  const go = useApp((state) => state.go);
  const lockdown = useApp(activeLockdown);
  return (
    <View
      title={t('app.name')}
      actions={
        <Button kind="link" onClick={() => go('settings')} aria-label={t('nav.settings')}>
          <Icon name="settings" />
        </Button>
      }
      foot={
        <>
          <ChooseFile kind="primary" large />
          {lockdown && <WayOut lockdown={lockdown} />}
        </>
      }
    >
      <BlockedNotice lockdown={lockdown} />
      <LockdownFault lockdown={lockdown} />
      <div className={classes['place']}>
        <span className={classes['icon']}>
          <Icon name="file" />
        </span>
        <h2 className={classes['title']}>{t('empty.title')}</h2>
        <p>{t('empty.text')}</p>
        <p>{t('import.paste')}</p>
      </div>
    </View>
  );
}
