/** Language, look, lockdown, start-up, notifications, and what happens without asking. Every change counts at once. */
import type { ReactElement } from 'react';
import { LANGUAGES, type Language } from '#core/text/languages.ts';
import { printable } from '#core/text/printable.ts';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import { View } from '../../components/view.tsx';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import { Choice, Switch } from './fields.tsx';
import { LockdownSection } from './lockdown-section.tsx';
import classes from './settings-view.module.css';

/** Each in its own words: whoever cannot read the window finds the way back. */
const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  en: 'English',
  de: 'Deutsch',
  zh: '简体中文',
};

/** What a person looks for when something is wrong, or about to be told. */
const MORE = ['logs', 'report', 'about'] as const;

export function SettingsView(): ReactElement | null {
  const t = useText();
  const back = useApp((state) => state.back);
  const settings = useApp((state) => state.settings);
  const profiles = useApp((state) => state.profiles);
  const trayHost = useApp((state) => state.trayHost);
  const change = useApp((state) => state.changeSettings);
  const go = useApp((state) => state.go);
  if (!settings) return null;
  const { connectAtStart } = settings;
  const isKnown = profiles.some(({ id }) => id === connectAtStart);

  return (
    <View title={t('settings.title')} onBack={back}>
      <section className={classes['section']} aria-labelledby="settings-general">
        <h2 id="settings-general">{t('settings.general')}</h2>
        <Choice
          label={t('settings.language')}
          value={settings.language}
          options={[
            ['system', t('settings.system')],
            ...LANGUAGES.map((language) => [language, LANGUAGE_NAMES[language]] as const),
          ]}
          onChange={(language) => void change({ language })}
        />
        <Choice
          label={t('settings.theme')}
          value={settings.theme}
          options={[
            ['system', t('settings.system')],
            ['light', t('settings.theme.light')],
            ['dark', t('settings.theme.dark')],
          ]}
          onChange={(theme) => void change({ theme })}
        />
      </section>

      <LockdownSection />

      <section className={classes['section']} aria-labelledby="settings-start">
        <h2 id="settings-start">{t('settings.start')}</h2>
        <Switch
          label={t('settings.start.login')}
          checked={settings.startAtLogin}
          onChange={(startAtLogin) => void change({ startAtLogin })}
        />
        <Switch
          label={t('settings.start.hidden')}
          checked={settings.startHidden}
          disabled={trayHost !== 'present'}
          onChange={(startHidden) => void change({ startHidden })}
        />
        {trayHost !== 'present' && (
          <Notice tone="quiet">
            <p>{t(trayHost === 'absent' ? 'settings.no-tray' : 'settings.tray-unknown')}</p>
          </Notice>
        )}
        <Choice
          label={t('settings.start.connect')}
          value={isKnown && connectAtStart !== null ? connectAtStart : ''}
          options={[
            ['', t('settings.start.connect.none')],
            ...profiles.map(({ id, name }) => [id, printable(name, 64)] as const),
          ]}
          onChange={(id) => void change({ connectAtStart: id === '' ? null : id })}
        />
      </section>

      <section className={classes['section']} aria-labelledby="settings-policy">
        <h2 id="settings-policy">{t('settings.policy')}</h2>
        <Switch
          label={t('settings.mute')}
          hint={t('settings.mute.hint')}
          checked={settings.mute}
          onChange={(mute) => void change({ mute })}
        />
        <Switch
          label={t('settings.remember')}
          hint={t('secret.remember.hint')}
          checked={settings.rememberSecrets}
          onChange={(rememberSecrets) => void change({ rememberSecrets })}
        />
        <Choice
          label={t('settings.quit')}
          value={settings.onQuit}
          options={[
            ['ask', t('settings.quit.ask')],
            ['keep', t('settings.quit.keep')],
            ['disconnect', t('settings.quit.disconnect')],
          ]}
          onChange={(onQuit) => void change({ onQuit })}
        />
      </section>

      <ul className={classes['more']}>
        {MORE.map((view) => (
          <li key={view}>
            <button type="button" className={classes['row']} onClick={() => go(view)}>
              {t(`${view}.title`)}
              <Icon name="more" />
            </button>
          </li>
        ))}
      </ul>
    </View>
  );
}
