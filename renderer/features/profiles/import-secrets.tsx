/**
 * What one profile of an import lacks and the person may know: the password of a locked file, which opens it for the
 * preview; the key, the user and their password, which are stored along. All of it may be left for later. What no field can
 * take (a certificate that is in no file) is said in a sentence.
 */
import type { ReactElement } from 'react';
import { toBase64 } from '#core/bytes/base64.ts';
import { Button } from '../../components/button.tsx';
import { Notice } from '../../components/notice.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useText } from '../../i18n/text.ts';
import type { Given, Import, Opening, Preview } from '../../stores/profiles.ts';
import { useApp } from '../../stores/use-app.ts';
import classes from './profile-view.module.css';

const LOCKS = ['pkcs12Password', 'privateKeyPassword'] as const;
const KEPT = ['psk', 'ppk', 'password'] as const;
/** Come in a file of their own. */
const FILES = ['certificate', 'privateKey', 'pkcs12'] as const;
type Lock = (typeof LOCKS)[number];

/** By field. */
export type Typed = Readonly<Record<string, string>>;

type One = Preview[number];
export type Previewed = Extract<Import, { readonly step: 'preview' }>;

const lacks = (one: One, name: string): boolean => one.missingSecrets.includes(name);
const needsUser = (one: One): boolean =>
  one.report.some(({ outcome, setting }) => outcome === 'missing' && setting === 'user');

/** The entries of a report that the fields and sentences here say better. */
export const isAsked = (setting: string): boolean =>
  [...LOCKS, ...KEPT, ...FILES, 'user'].some((name) => name === setting);

const base64 = (text: string): string => toBase64(new TextEncoder().encode(text));

/** What was typed, for the helper; empty fields are left out. */
export function givenOf(one: One, typed: Typed): Given {
  const user = (typed['user'] ?? '').trim();
  const secrets = KEPT.filter((name) => lacks(one, name) && (typed[name] ?? '') !== '');
  return {
    ...Object.fromEntries(secrets.map((name) => [name, base64(typed[name] ?? '')])),
    ...(needsUser(one) && user !== '' ? { user } : {}),
  };
}

const openingOf = (name: Lock, text: string): Opening =>
  name === 'pkcs12Password' ? { p12Password: base64(text) } : { privateKeyPassword: base64(text) };

/** As `profiles.import` names it. */
const CALLED: Readonly<Record<Lock, string>> = {
  pkcs12Password: 'p12Password',
  privateKeyPassword: 'privateKeyPassword',
};

interface ImportSecretsProps {
  readonly current: Previewed;
  /** Which of the import's profiles. */
  readonly at: number;
  readonly one: One;
  readonly typed: Typed;
  readonly onType: (typed: Typed) => void;
}

export function ImportSecrets({ current, at, one, typed, onType }: ImportSecretsProps): ReactElement {
  const t = useText();
  const open = useApp((state) => state.openImport);
  const locks = LOCKS.filter((name) => lacks(one, name));
  const kept = KEPT.filter((name) => lacks(one, name));
  const wantsFile = FILES.some((name) => lacks(one, name));
  const asks = locks.length + kept.length > 0 || needsUser(one);
  const text = (name: string): string => typed[name] ?? '';
  const isWrong = (name: Lock): boolean => current.wrong?.at === at && current.wrong.field === CALLED[name];

  const field = (
    name: string,
    label: string,
    more: { plain?: boolean; wrong?: boolean } = {},
  ): ReactElement => (
    <TextField
      key={name}
      label={label}
      value={text(name)}
      onChange={(value) => onType({ ...typed, [name]: value })}
      kind={more.plain === true ? 'text' : 'password'}
      hint={name === 'pkcs12Password' ? t('import.may-be-empty') : undefined}
      {...(more.wrong === true ? { problem: t('import.wrong-password'), problemIsTranslated: true } : {})}
    />
  );

  return (
    <>
      {!asks && !wantsFile && <p>{t('import.ready')}</p>}
      {wantsFile && (
        <Notice tone="attention">
          <p>{t('import.todo.certificate')}</p>
        </Notice>
      )}
      {asks && <p>{t('import.fill')}</p>}
      {locks.map((name) => {
        const openIt = (): void => void open(at, openingOf(name, text(name)));
        return (
          <div
            className={classes['form']}
            key={name}
            // Enter in the password of a locked file opens it; the form is sent by its own button.
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
              event.preventDefault();
              openIt();
            }}
          >
            {field(name, t(`secrets.${name}`), { wrong: isWrong(name) })}
            <Button type="button" disabled={current.working === true} onClick={openIt}>
              {t(current.working === true ? 'import.opening' : 'import.open')}
            </Button>
          </div>
        );
      })}
      {needsUser(one) && field('user', t('question.user.label'), { plain: true })}
      {kept.map((name) => field(name, t(`secrets.${name}`)))}
    </>
  );
}
