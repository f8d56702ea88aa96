/** What the main process says itself: tray and notifications. English; the window has catalogues of its own. */
import type { TunnelState } from '#core/ipc/contract.ts';
import type { LinkProblem } from './bridge-contract.ts';

export const STATE_WORDS: Readonly<Record<TunnelState, string>> = {
  disconnected: 'Not connected',
  connecting: 'Connecting…',
  connected: 'Connected',
  reconnecting: 'Reconnecting…',
  disconnecting: 'Disconnecting…',
  failed: 'Could not connect',
};

export const LINK_WORDS: Readonly<Record<LinkProblem, string>> = {
  missing: 'The helper is not running',
  refused: 'You may not use the helper',
  incompatible: 'The helper is of another version',
  nonsense: 'The helper does not answer properly',
  lost: 'The connection to the helper was lost',
};
