/**
 * What no page may do, whatever it contains: leave our origin, open windows, embed pages, get permissions, or speak to
 * the main process from elsewhere. main.ts puts these on before the first window exists.
 */
import type { App, IpcMainInvokeEvent, Session } from 'electron';
import { ORIGIN } from './app-protocol.ts';

export function guardContents(app: App): void {
  app.on('web-contents-created', (_, contents) => {
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
    contents.on('will-navigate', (event) => event.preventDefault());
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => event.preventDefault());
  });
}

export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, decide) => decide(false));
  session.setPermissionCheckHandler(() => false);
}

/** Our page, in the main frame. A frame that is gone already counts as a stranger. */
export function isOurPage({ senderFrame }: IpcMainInvokeEvent): boolean {
  return senderFrame !== null && senderFrame.parent === null && senderFrame.origin === ORIGIN;
}
