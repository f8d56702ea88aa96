/** Asks before a profile goes. */
import type { ReactElement } from 'react';
import type { ProfileSummary } from '#core/ipc/contract.ts';
import { printable } from '#core/text/printable.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogButtons } from '../../components/dialog.tsx';
import { useText } from '../../i18n/text.ts';
import { useApp } from '../../stores/use-app.ts';

interface RemoveDialogProps {
  readonly profile: ProfileSummary;
  readonly onClose: () => void;
  readonly onRemoved?: () => void;
}

export function RemoveDialog({ profile, onClose, onRemoved }: RemoveDialogProps): ReactElement {
  const t = useText();
  const removeProfile = useApp((state) => state.removeProfile);
  const remove = async (): Promise<void> => {
    onClose();
    if (await removeProfile(profile.id)) onRemoved?.();
  };
  return (
    <Dialog
      title={t('profiles.remove.title', { name: printable(profile.name, 96) })}
      text={t('profiles.remove.text')}
      onClose={onClose}
    >
      <DialogButtons>
        <Button onClick={onClose}>{t('action.cancel')}</Button>
        <Button kind="danger" onClick={() => void remove()}>
          {t('profiles.remove.confirm')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
