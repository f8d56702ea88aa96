/**
 * What a person sets for the interface; the helper's settings are in its profiles. The window changes them through
 * `app.settings.set`, saved.ts keeps them. Each falls back to its default by itself: a damaged one takes no other along.
 */
import { z } from 'zod';
import { LANGUAGES } from '#core/text/languages.ts';

const fields = {
  /** `system` follows the desktop. */
  language: z.enum(['system', ...LANGUAGES]),
  theme: z.enum(['system', 'light', 'dark']),
  /** Without a window, in the tray; shown nevertheless where there is no tray. */
  startHidden: z.boolean(),
  /** Id of the profile to connect when the interface starts. */
  connectAtStart: z.string().max(64).nullable(),
  /** Only important notifications. */
  mute: z.boolean(),
  /** What becomes of tunnels when the interface is quit. */
  onQuit: z.enum(['ask', 'keep', 'disconnect']),
  /** Whether “Remember” is ticked already where a secret is asked for. */
  rememberSecrets: z.boolean(),
};

export const settingsSchema = z.object({
  language: fields.language.catch('system'),
  theme: fields.theme.catch('system'),
  startHidden: fields.startHidden.catch(false),
  connectAtStart: fields.connectAtStart.catch(null),
  mute: fields.mute.catch(false),
  onQuit: fields.onQuit.catch('ask'),
  rememberSecrets: fields.rememberSecrets.catch(false),
});
export type Settings = z.infer<typeof settingsSchema>;

/** Some of them, and whether the interface starts when the person logs in: that one is kept by the desktop (autostart.ts). */
export const settingsChangeSchema = z.strictObject({ ...fields, startAtLogin: z.boolean() }).partial();
export type SettingsChange = z.infer<typeof settingsChangeSchema>;
