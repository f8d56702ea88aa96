/** Asks for a pre-shared key. It is kept only where the person says so, and then by the helper, never here. */
import type { ReactElement } from 'react';
import { toBase64 } from '#core/bytes/base64.ts';
import type { ProfileSummary } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import { SecretForm } from './secret-form.tsx';

interface SecretDialogProps {
  readonly profile: ProfileSummary;
  readonly onClose: () => void;
}

export function SecretDialog({ profile, onClose }: SecretDialogProps): ReactElement {
  const t = useText();
  const connect = useApp((state) => state.connect);
  const rememberSecret = useApp((state) => state.rememberSecret);

  const submit = async (secret: string, remember: boolean): Promise<void> => {
    const psk = toBase64(new TextEncoder().encode(secret));
    onClose();
    if (!remember) await connect(profile.id, psk);
    else if (await rememberSecret(profile.id, psk)) await connect(profile.id);
  };

  return (
    <SecretForm
      title={t('secret.title')}
      text={t('secret.text', { name: printable(profile.name, 96) })}
      label={t('secret.label')}
      keepable
      onSubmit={(secret, remember) => void submit(secret, remember)}
      onClose={onClose}
    />
  );
}
