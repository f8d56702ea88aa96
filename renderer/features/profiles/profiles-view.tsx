/** All profiles: search, choose, delete, import another. */
import { memo, type ReactElement, useId, useState } from 'react';
import type { ProfileSummary } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import { View } from '../../components/view.tsx';
import { useText } from '../../i18n/text.ts';
import { currentProfile, searched } from '../../stores/profiles.ts';
import { useApp } from '../../stores/use-app.ts';
import { LOOKS } from '../tunnel/presentation.ts';
import { soonDays } from '../../stores/expiry.ts';
import { ChooseFile } from './choose-file.tsx';
import { ExpiryWords, useExpiries } from './expiry-notice.tsx';
import { RemoveDialog } from './remove-dialog.tsx';
import classes from './profiles-view.module.css';

/** From here on a list wants a search. */
const SEARCH_FROM = 6;

export function ProfilesView(): ReactElement {
  const t = useText();
  const id = useId();
  const back = useApp((state) => state.back);
  const profiles = useApp((state) => state.profiles);
  const selected = useApp((state) => state.selected);
  const tunnels = useApp((state) => state.tunnels) ?? [];
  const expiries = useApp((state) => state.expiries);
  const [query, setQuery] = useState('');
  const [removing, setRemoving] = useState<ProfileSummary>();
  const found = searched(profiles, query);
  useExpiries(profiles);
  const current = currentProfile(
    profiles,
    selected,
    tunnels.map(({ profile }) => profile.id),
  );

  return (
    <View
      title={t('profiles.title')}
      onBack={back}
      foot={<ChooseFile kind="primary" large label="profiles.import" />}
    >
      {profiles.length >= SEARCH_FROM && (
        <input
          id={id}
          className={classes['search']}
          type="search"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          placeholder={t('profiles.search')}
          aria-label={t('profiles.search')}
        />
      )}
      <p className={classes['count']} role="status">
        {found.length === 0 && query !== ''
          ? t('profiles.none', { query })
          : t('profiles.count', { count: found.length })}
      </p>
      {profiles.length === 0 && (
        <Notice tone="quiet">
          <p>{t('empty.text')}</p>
        </Notice>
      )}
      {found.length > 0 && (
        <ul className={classes['list']}>
          {found.map((profile) => (
            <OneProfile
              key={profile.id}
              profile={profile}
              isCurrent={profile.id === current?.id}
              state={tunnels.find((tunnel) => tunnel.profile.id === profile.id)?.state ?? 'disconnected'}
              daysLeft={soonDays(expiries[profile.id]?.notAfter, Date.now())}
              onRemove={setRemoving}
            />
          ))}
        </ul>
      )}
      {removing && <RemoveDialog profile={removing} onClose={() => setRemoving(undefined)} />}
    </View>
  );
}

interface OneProfileProps {
  readonly profile: ProfileSummary;
  readonly isCurrent: boolean;
  readonly state: keyof typeof LOOKS;
  /** Of our certificate, where that is worth a word. */
  readonly daysLeft: number | undefined;
  readonly onRemove: (profile: ProfileSummary) => void;
}

/** Drawn again only where it is another: counters of a tunnel come every second, and there may be hundreds of rows. */
const OneProfile = memo(function OneProfile(props: OneProfileProps): ReactElement {
  const { profile, isCurrent, state, daysLeft, onRemove } = props;
  const t = useText();
  const select = useApp((store) => store.select);
  const go = useApp((store) => store.go);
  const openProfile = useApp((store) => store.openProfile);
  const name = printable(profile.name, 128);
  const gateway = printable(profile.gateway, 128);
  const notes = [
    ...(profile.forAll ? [t('profiles.for-all')] : []),
    ...(profile.missingSecrets.length > 0 ? [t('profiles.needs-secret')] : []),
  ];
  return (
    <li className={classes['item']}>
      <button
        type="button"
        className={classes['choose']}
        aria-current={isCurrent ? 'true' : undefined}
        onClick={() => {
          select(profile.id);
          go('tunnel');
        }}
      >
        <span className={classes['tick']}>{isCurrent && <Icon name="chosen" />}</span>
        <span className={classes['words']}>
          <span className={classes['name']} title={name}>
            {name}
          </span>
          <span className={classes['gateway']} title={gateway}>
            {gateway}
          </span>
          {state !== 'disconnected' && (
            <span className={classes['note']} data-mark={LOOKS[state].mark}>
              {t(LOOKS[state].heading)}
            </span>
          )}
          {notes.map((note) => (
            <span className={classes['note']} key={note}>
              {note}
            </span>
          ))}
          {daysLeft !== undefined && <ExpiryWords days={daysLeft} />}
        </span>
      </button>
      <Button kind="link" onClick={() => onRemove(profile)} aria-label={t('profiles.remove', { name })}>
        <Icon name="remove" />
      </Button>
      <Button
        kind="link"
        onClick={() => void openProfile(profile.id)}
        aria-label={t('profiles.show', { name })}
      >
        <Icon name="more" />
      </Button>
    </li>
  );
});
