/** The first start: one thing to do, said plainly. */
import type { ReactElement } from 'react';
import { Icon } from '../../components/icon.tsx';
import { View } from '../../components/view.tsx';
import { useText } from '../../i18n/text.ts';
import { ChooseFile } from './choose-file.tsx';
import classes from './empty-view.module.css';

export function EmptyView(): ReactElement {
  const t = useText();
  return (
    <View title={t('app.name')} foot={<ChooseFile kind="primary" large />}>
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
