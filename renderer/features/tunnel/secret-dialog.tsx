/** Asks for a pre-shared key. It is kept only where the person says so, and then by the helper, never here. */
import { type FormEvent, type ReactElement, useId, useState } from 'react';
import { toBase64 } from '#core/bytes/base64.ts';
import type { ProfileSummary } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import classes from './secret-dialog.module.css';

interface SecretDialogProps {
  readonly profile: ProfileSummary;
  readonly onClose: () => void;
}

export function SecretDialog({ profile, onClose }: SecretDialogProps): ReactElement {
  const t = useText();
  const id = useId();
  const connect = useApp((state) => state.connect);
  const rememberSecret = useApp((state) => state.rememberSecret);
  const [secret, setSecret] = useState('');
  const [shown, setShown] = useState(false);
  const [remember, setRemember] = useState(false);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (secret === '') return;
    const psk = toBase64(new TextEncoder().encode(secret));
    onClose();
    if (!remember) await connect(profile.id, psk);
    else if (await rememberSecret(profile.id, psk)) await connect(profile.id);
  };

  return (
    <Dialog
      title={t('secret.title')}
      text={t('secret.text', { name: printable(profile.name, 96) })}
      onClose={onClose}
    >
      <form className={classes['form']} onSubmit={(event) => void submit(event)}>
        <div className={classes['field']}>
          <label htmlFor={`${id}-secret`}>{t('secret.label')}</label>
          <input
            id={`${id}-secret`}
            className={classes['input']}
            type={shown ? 'text' : 'password'}
            value={secret}
            onChange={(event) => setSecret(event.target.value)}
            autoComplete="off"
            spellCheck={false}
            autoFocus
          />
        </div>
        <label className={classes['check']}>
          <input type="checkbox" checked={shown} onChange={(event) => setShown(event.target.checked)} />
          {t('secret.show')}
        </label>
        <label className={classes['check']}>
          <input
            type="checkbox"
            checked={remember}
            onChange={(event) => setRemember(event.target.checked)}
            aria-describedby={`${id}-hint`}
          />
          {t('secret.remember')}
        </label>
        <p id={`${id}-hint`} className={classes['hint']}>
          {t('secret.remember.hint')}
        </p>
        <DialogButtons>
          <Button type="button" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" kind="primary" disabled={secret === ''}>
            {t('action.connect')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
