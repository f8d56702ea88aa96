/** A profile's secrets by name: stored or not; those a person knows can be given, replaced and forgotten. */
import { type FormEvent, type ReactElement, useState } from 'react';
import { toBase64 } from '#core/bytes/base64.ts';
import type { ProfileSummary } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { Section } from '../../components/section.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useText } from '../../i18n/text.ts';
import type { GivenSecret } from '../../stores/opened.ts';
import { useApp } from '../../stores/use-app.ts';
import classes from './profile-view.module.css';

const GIVEN: readonly GivenSecret[] = ['psk', 'ppk', 'password', 'pkcs12Password', 'privateKeyPassword'];
const OTHERS = ['privateKey', 'pkcs12', 'certificate'] as const;
type SecretName = GivenSecret | (typeof OTHERS)[number];

const isGiven = (name: SecretName): name is GivenSecret => GIVEN.some((known) => known === name);

export function SecretsSection({ summary }: { readonly summary: ProfileSummary }): ReactElement {
  const t = useText();
  const [giving, setGiving] = useState<GivenSecret>();
  const [forgetting, setForgetting] = useState<GivenSecret>();
  const isKept = (name: SecretName): boolean => summary.storedSecrets.includes(name);
  const names = [...GIVEN, ...OTHERS].filter((name) => isKept(name) || summary.missingSecrets.includes(name));
  return (
    <Section title={t('secrets.title')}>
      {names.length === 0 && <p className={classes['quiet']}>{t('secrets.none')}</p>}
      {names.length > 0 && (
        <ul>
          {names.map((name) => (
            <li className={classes['secret']} key={name} data-secret={name}>
              <span className={classes['words']}>
                <span>{t(`secrets.${name}`)}</span>
                <span className={classes['quiet']}>
                  {t(isKept(name) ? 'secrets.stored' : 'secrets.missing')}
                </span>
                {!isGiven(name) && (
                  <span className={classes['quiet']}>
                    {t(isKept(name) ? 'secrets.with-profile' : 'secrets.import-again')}
                  </span>
                )}
              </span>
              {isGiven(name) && (
                <span className={classes['buttons']}>
                  <NamedButton action={isKept(name) ? 'replace' : 'set'} name={name} onClick={setGiving} />
                  {isKept(name) && <NamedButton action="forget" name={name} onClick={setForgetting} />}
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
      {giving && <GiveDialog which={giving} summary={summary} onClose={() => setGiving(undefined)} />}
      {forgetting && <ForgetDialog which={forgetting} onClose={() => setForgetting(undefined)} />}
    </Section>
  );
}

interface NamedButtonProps {
  readonly action: 'set' | 'replace' | 'forget';
  readonly name: GivenSecret;
  readonly onClick: (name: GivenSecret) => void;
}

/** “Replace” alone would be said twice in a list of secrets. */
function NamedButton({ action, name, onClick }: NamedButtonProps): ReactElement {
  const t = useText();
  const words = t(`secrets.${action}`);
  return (
    <Button
      aria-label={t('secrets.action', { action: words, name: t(`secrets.${name}`) })}
      onClick={() => onClick(name)}
    >
      {words}
    </Button>
  );
}

interface GiveDialogProps {
  readonly which: GivenSecret;
  readonly summary: ProfileSummary;
  readonly onClose: () => void;
}

function GiveDialog({ which, summary, onClose }: GiveDialogProps): ReactElement {
  const t = useText();
  const give = useApp((state) => state.giveSecret);
  const [typed, setTyped] = useState('');
  const [shown, setShown] = useState(false);
  const [problem, setProblem] = useState<string>();
  // There are PKCS#12 files whose password is empty.
  const ready = typed !== '' || which === 'pkcs12Password';
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!ready) return;
    const refused = await give(which, toBase64(new TextEncoder().encode(typed)));
    setProblem(refused);
    if (refused === undefined) onClose();
  };
  return (
    <Dialog
      title={t('secrets.give.title')}
      text={t('secrets.give.text', { name: printable(summary.name, 96) })}
      onClose={onClose}
    >
      <form className={classes['form']} onSubmit={(event) => void submit(event)}>
        <TextField
          label={t(`secrets.${which}`)}
          value={typed}
          onChange={setTyped}
          problem={problem}
          kind={shown ? 'text' : 'password'}
          hint={which === 'pkcs12Password' ? t('import.may-be-empty') : undefined}
        />
        <label className={classes['check']}>
          <input type="checkbox" checked={shown} onChange={(event) => setShown(event.target.checked)} />
          {t('secret.show')}
        </label>
        <DialogButtons>
          <Button type="button" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" kind="primary" disabled={!ready}>
            {t('secrets.store')}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

function ForgetDialog({
  which,
  onClose,
}: {
  readonly which: GivenSecret;
  readonly onClose: () => void;
}): ReactElement {
  const t = useText();
  const forget = useApp((state) => state.forgetSecret);
  return (
    <Dialog
      title={t('secrets.forget.title')}
      text={t('secrets.forget.text', { secret: t(`secrets.${which}`) })}
      onClose={onClose}
    >
      <DialogButtons>
        <Button onClick={onClose}>{t('action.cancel')}</Button>
        <Button
          kind="danger"
          onClick={() => {
            onClose();
            void forget(which);
          }}
        >
          {t('secrets.forget')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
