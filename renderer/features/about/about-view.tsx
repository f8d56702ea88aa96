/** Versions of all that works together here, and the licences of what the application is made of, read when asked for. */
import { Collapsible } from '@base-ui/react/collapsible';
import { type ReactElement, useEffect, useState } from 'react';
import { printable } from '#core/text/printable.ts';
import type { About, Licence } from '#electron/bridge-contract.ts';
import { Facts } from '../../components/facts.tsx';
import { Logo } from '../../components/logo.tsx';
import { View } from '../../components/view.tsx';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import classes from './about-view.module.css';

export function AboutView(): ReactElement {
  const t = useText();
  const back = useApp((state) => state.back);
  const link = useApp((state) => state.link);
  const about = useAbout();
  const words: Readonly<Record<string, string>> = {
    Protocol: t('about.protocol'),
    System: t('about.system'),
  };
  const versions = about?.versions.map(([name, version]) => [words[name] ?? name, version] as const) ?? [];
  const helper = link.state === 'up' ? [[t('about.helper'), printable(link.helper, 64)] as const] : [];
  return (
    <View title={t('about.title')} onBack={back}>
      <div className={classes['who']}>
        <Logo />
        <h2 className={classes['name']}>{t('app.name')}</h2>
        <p className={classes['quiet']}>{t('about.text')}</p>
      </div>
      {about && (
        <Facts facts={[...versions, ...helper].map(([label, version]) => ({ label, values: [version] }))} />
      )}
      {about && (
        <section className={classes['licences']} aria-labelledby="about-licences">
          <h2 id="about-licences" className={classes['title']}>
            {t('about.licences')}
          </h2>
          <p className={classes['quiet']}>{t('about.licences.text')}</p>
          <ul className={classes['list']}>
            {about.licences.map((licence) => (
              <OneLicence key={`${licence.name} ${licence.version}`} {...licence} />
            ))}
          </ul>
        </section>
      )}
    </View>
  );
}

/** Licences come with line ends for 80 columns: a line goes on where the next begins with a word. */
const reflowed = (text: string): string => text.replaceAll(/(\S.{48,})\n(?=[\p{L}"“(])/gu, '$1 ');

function OneLicence({ name, version, licence, text }: Licence): ReactElement {
  const t = useText();
  return (
    <li className={classes['item']}>
      <Collapsible.Root>
        <Collapsible.Trigger className={classes['trigger']}>
          <span className={classes['package']}>
            {name} {version}
          </span>
          <span className={classes['licence']}>{licence}</span>
        </Collapsible.Trigger>
        <Collapsible.Panel>
          <p className={classes['text']}>{text === '' ? t('about.no-text') : reflowed(text)}</p>
        </Collapsible.Panel>
      </Collapsible.Root>
    </li>
  );
}

function useAbout(): About | undefined {
  const report = useApp((state) => state.report);
  const [about, setAbout] = useState<About>();
  useEffect(() => {
    let isWanted = true;
    const ask = async (): Promise<void> => {
      const answer = await window.adit.call('app.about', {});
      if (!isWanted) return;
      if (answer.ok) setAbout(answer.result);
      else report({ kind: 'said', message: answer.problem.message });
    };
    void ask();
    return () => {
      isWanted = false;
    };
  }, [report]);
  return about;
}
