/**
 * Asks for a pre-shared key, over every view. It is kept only where the person says so, and then by the helper, never here; a
 * post-quantum one is kept always, since nobody types 256 bits again and again (RFC 8784 §6).
 */
import type { ReactElement } from 'react';
import { toBase64 } from '#core/bytes/base64.ts';
import type { ProfileSummary } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { type AskedKey, missingKey } from '#electron/bridge-contract.ts';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import { SecretForm } from './secret-form.tsx';

/** Nothing where no key is asked for. Which profile is shown may change while one is typed; whose key it is may not. */
export function SecretDialog(): ReactElement | null {
  const asking = useApp((state) => state.profiles.find(({ id }) => id === state.askingFor));
  if (!asking) return null;
  const which = missingKey(asking) ?? 'psk';
  return <OneSecret key={`${asking.id} ${which}`} profile={asking} which={which} />;
}

interface OneSecretProps {
  readonly profile: ProfileSummary;
  readonly which: AskedKey;
}

function OneSecret({ profile, which }: OneSecretProps): ReactElement {
  const t = useText();
  const connect = useApp((state) => state.connect);
  const rememberSecret = useApp((state) => state.rememberSecret);
  const askFor = useApp((state) => state.askFor);
  const onClose = (): void => askFor(undefined);
  const isKeptAlways = which === 'ppk';
  // The list of profiles tells that the first is stored, and the dialog asks for the other.
  const isFirstOfTwo = isKeptAlways && profile.missingSecrets.includes('psk');

  const submit = async (secret: string, remember: boolean): Promise<void> => {
    const key = toBase64(new TextEncoder().encode(secret));
    if (!isFirstOfTwo) onClose();
    if (!remember && !isKeptAlways) {
      await connect(profile.id, key);
      return;
    }
    const isStored = await rememberSecret(profile.id, { [which]: key });
    if (!isStored) onClose();
    else if (!isFirstOfTwo) await connect(profile.id);
  };

  return (
    <SecretForm
      title={t('secret.title')}
      text={t(isKeptAlways ? 'secret.text.ppk' : 'secret.text', { name: printable(profile.name, 96) })}
      label={t(isKeptAlways ? 'secrets.ppk' : 'secret.label')}
      keepable={!isKeptAlways}
      onSubmit={(secret, remember) => void submit(secret, remember)}
      onClose={onClose}
    />
  );
}
