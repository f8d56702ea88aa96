/** Everything an administrator asks for, on one page, and as text. */
import { type ReactElement, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Facts } from '../../components/facts.tsx';
import { Notice } from '../../components/notice.tsx';
import { useNow } from '../../components/use-now.ts';
import { View } from '../../components/view.tsx';
import { activeLanguage, i18n, useText } from '../../i18n/text.ts';
import type { MessageId } from '../../i18n/en.ts';
import { currentProfile } from '../../stores/profiles.ts';
import { useApp } from '../../stores/use-app.ts';
import { asText, detailsOf } from './details-model.ts';
import unseen from '#renderer/components/unseen.module.css';
import classes from './details-view.module.css';

export function DetailsView(): ReactElement {
  const t = useText();
  const now = useNow();
  const back = useApp((state) => state.back);
  const copy = useApp((state) => state.copy);
  const tunnels = useApp((state) => state.tunnels) ?? [];
  const profiles = useApp((state) => state.profiles);
  const lockdown = useApp((state) => state.lockdown);
  const selected = useApp((state) => state.selected);
  const [copied, setCopied] = useState(false);
  const [done, setDone] = useState<MessageId>();
  const profile = currentProfile(
    profiles,
    selected,
    tunnels.map((tunnel) => tunnel.profile.id),
  );
  const tunnel = tunnels.find((one) => one.profile.id === profile?.id);
  const language = { t, locale: i18n.locale, spoken: activeLanguage(), now };
  const sections = tunnel ? detailsOf(tunnel, language, lockdown) : [];
  const onCopy = (): void => {
    void copy(asText(sections)).then(() => setCopied(true));
  };

  return (
    <View
      title={t('details.title')}
      onBack={back}
      actions={
        tunnel && (
          <Button kind="link" onClick={onCopy}>
            {t(copied ? 'details.copied' : 'details.copy')}
          </Button>
        )
      }
    >
      <p role="status" className={unseen['unseen']}>
        {copied ? t('details.copied') : done === undefined ? '' : t(done)}
      </p>
      {!tunnel && (
        <Notice tone="quiet">
          <p>{t('details.none')}</p>
        </Notice>
      )}
      {tunnel?.state === 'connected' && <Renew profile={tunnel.profile.id} onDone={setDone} />}
      {sections.map(({ title, rows }) => (
        <section className={classes['section']} key={title} aria-label={title}>
          <h2 className={classes['title']}>{title}</h2>
          <Facts facts={rows} />
        </section>
      ))}
    </View>
  );
}

/** What an administrator does to see whether it works: new keys, or all from the beginning. */
function Renew({
  profile,
  onDone,
}: {
  readonly profile: string;
  readonly onDone: (said: MessageId) => void;
}): ReactElement {
  const t = useText();
  const rekey = useApp((state) => state.rekey);
  const reconnect = useApp((state) => state.reconnectTunnel);
  const act = async (asked: Promise<boolean>): Promise<void> => {
    if (await asked) onDone('details.asked');
  };
  return (
    <div className={classes['renew']}>
      <Button onClick={() => void act(rekey(profile, 'child'))}>{t('details.rekey-child')}</Button>
      <Button onClick={() => void act(rekey(profile, 'ike'))}>{t('details.rekey-ike')}</Button>
      <Button onClick={() => void act(reconnect(profile))}>{t('details.reconnect')}</Button>
    </div>
  );
}
