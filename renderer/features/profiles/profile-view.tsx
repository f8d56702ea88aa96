/** One profile: what it says, its secrets by name, and what can be done with it. */
import { type ReactElement, useEffect, useState } from 'react';
import { printable } from '#core/text/printable.ts';
import { Button } from '../../components/button.tsx';
import { Facts } from '../../components/facts.tsx';
import { Notice } from '../../components/notice.tsx';
import { View } from '../../components/view.tsx';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import { ExpiryNotice } from './expiry-notice.tsx';
import { profileFacts } from './profile-facts.ts';
import { RemoveDialog } from './remove-dialog.tsx';
import { SecretsSection } from './secrets-section.tsx';
import classes from './profile-view.module.css';

export function ProfileView(): ReactElement {
  const t = useText();
  const back = useApp((state) => state.back);
  const go = useApp((state) => state.go);
  const edit = useApp((state) => state.edit);
  const opened = useApp((state) => state.opened);
  const readOpened = useApp((state) => state.readOpened);
  const reconnect = useApp((state) => state.reconnectOpened);
  const summary = useApp((state) => state.profiles.find(({ id }) => id === opened?.id));
  const [removing, setRemoving] = useState(false);

  // The list tells that the profile is another; what it is must be read.
  const known = opened?.read.value?.summary.revision;
  const isOther = known !== undefined && summary?.revision !== undefined && summary.revision !== known;
  useEffect(() => {
    if (isOther) void readOpened();
  }, [isOther, readOpened]);

  if (!opened || !summary) {
    return (
      <View title={t('profiles.title')} onBack={back}>
        <Notice tone="quiet">
          <p>{t('profile.gone')}</p>
        </Notice>
      </View>
    );
  }
  const { value, problem } = opened.read;
  return (
    <View
      title={printable(summary.name, 128)}
      onBack={back}
      foot={
        <Button kind="primary" large disabled={!value} onClick={edit}>
          {t('profile.edit')}
        </Button>
      }
    >
      {opened.waits && (
        <Notice tone="quiet">
          <p role="status">{t('profile.waits')}</p>
          <Button onClick={() => void reconnect()}>{t('profile.reconnect')}</Button>
        </Notice>
      )}
      <ExpiryNotice profile={summary} />
      {problem !== undefined && (
        <Notice tone="attention">
          <p lang="en">{problem}</p>
        </Notice>
      )}
      {!value && problem === undefined && <p role="status">{t('profile.reading')}</p>}
      {value && <Facts facts={profileFacts(value.profile, t)} />}
      <SecretsSection summary={summary} />
      <div className={classes['actions']}>
        <Button onClick={() => go('certificates')}>{t('profile.certificates')}</Button>
        <Button onClick={() => go('export')}>{t('profile.export')}</Button>
        <Button onClick={() => setRemoving(true)}>{t('profile.remove')}</Button>
      </div>
      {removing && <RemoveDialog profile={summary} onClose={() => setRemoving(false)} onRemoved={back} />}
    </View>
  );
}
