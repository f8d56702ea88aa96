/**
 * Asks for a pre-shared key, over every view. It is kept only where the person says so, and then by the helper, never here.
 */
import type { ReactElement } from 'react';
import { toBase64 } from '#core/bytes/base64.ts';
import type { ProfileSummary } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';
import { SecretForm } from './secret-form.tsx';

/** Nothing where no key is asked for. Which profile is shown may change while one is typed; whose key it is may not. */
export function SecretDialog(): ReactElement | null {
  const asking = useApp((state) => state.profiles.find(({ id }) => id === state.askingFor));
  return asking ? <OneSecret key={asking.id} profile={asking} /> : null;
}

function OneSecret({ profile }: { readonly profile: ProfileSummary }): ReactElement {
  const t = useText();
  const connect = useApp((state) => state.connect);
  const rememberSecret = useApp((state) => state.rememberSecret);
  const askFor = useApp((state) => state.askFor);
  const onClose = (): void => askFor(undefined);

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
