/**
 * What an import lacks and the person may know: the password of a locked file, which opens it for the preview; the key,
 * the user and their password, which are stored along. All of it may be left for later. Only for a single profile: with
 * several nobody knew which one is meant.
 */
import { type FormEvent, type ReactElement, useState } from 'react';
import { toBase64 } from '#core/bytes/base64.ts';
import { Button } from '../../components/button.tsx';
import { Section } from '../../components/section.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useText } from '../../i18n/text.ts';
import type { Import, Opening, Preview } from '../../stores/profiles.ts';
import { useApp } from '../../stores/use-app.ts';
import classes from './profile-view.module.css';

export const SECRETS_FORM = 'import-secrets';

const LOCKS = ['pkcs12Password', 'privateKeyPassword'] as const;
const KEPT = ['psk', 'password'] as const;
type Lock = (typeof LOCKS)[number];

const needsUser = (one: Preview[number]): boolean =>
  one.report.some(({ outcome, setting }) => outcome === 'missing' && setting === 'user');

/** Whether there is anything to ask. */
export function asks(preview: Preview): boolean {
  const [one] = preview;
  if (!one || preview.length !== 1) return false;
  return needsUser(one) || [...LOCKS, ...KEPT].some((name) => one.missingSecrets.includes(name));
}

const base64 = (text: string): string => toBase64(new TextEncoder().encode(text));

export function ImportSecrets({
  current,
}: {
  readonly current: Extract<Import, { readonly step: 'preview' }>;
}): ReactElement | null {
  const t = useText();
  const open = useApp((state) => state.openImport);
  const save = useApp((state) => state.saveImport);
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [one] = current.preview;
  if (!one) return null;
  const locks = LOCKS.filter((name) => one.missingSecrets.includes(name));
  const kept = KEPT.filter((name) => one.missingSecrets.includes(name));
  const text = (name: string): string => typed[name] ?? '';

  const openWith = (name: Lock): void => {
    const opening: Opening =
      name === 'pkcs12Password'
        ? { p12Password: base64(text(name)) }
        : { privateKeyPassword: base64(text(name)) };
    void open(opening);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void save({
      ...Object.fromEntries(
        kept.filter((name) => text(name) !== '').map((name) => [name, base64(text(name))]),
      ),
      ...(text('user').trim() === '' ? {} : { user: text('user').trim() }),
    });
  };
  const field = (name: string, label: string, plain = false): ReactElement => (
    <TextField
      key={name}
      label={label}
      value={text(name)}
      onChange={(value) => setTyped({ ...typed, [name]: value })}
      kind={plain ? 'text' : 'password'}
      hint={name === 'pkcs12Password' ? t('import.may-be-empty') : undefined}
    />
  );

  return (
    <Section title={t('import.secrets')}>
      <form
        id={SECRETS_FORM}
        className={classes['form']}
        onSubmit={submit}
        // Enter in the password of a locked file opens it; the form is sent by its own button.
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
          const place = event.target.closest<HTMLElement>('[data-lock]');
          const lock = locks.find((name) => name === place?.dataset['lock']);
          if (lock === undefined) return;
          event.preventDefault();
          openWith(lock);
        }}
      >
        {locks.map((name) => (
          <div className={classes['form']} data-lock={name} key={name}>
            {field(name, t(`secrets.${name}`))}
            <Button type="button" disabled={current.working === true} onClick={() => openWith(name)}>
              {t(current.working === true ? 'import.opening' : 'import.open')}
            </Button>
          </div>
        ))}
        {needsUser(one) && field('user', t('question.user.label'), true)}
        {kept.map((name) => field(name, t(`secrets.${name}`)))}
        <p className={classes['quiet']}>{t('import.keeps')}</p>
      </form>
    </Section>
  );
}
