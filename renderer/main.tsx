/** Starts the window: language, store, bridge, first view. */
import { CSPProvider } from '@base-ui/react/csp-provider';
import { I18nProvider } from '@lingui/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { Bridge } from '#electron/bridge-contract.ts';
import { App } from './app.tsx';
import './base.css';
import { showLanguage } from './features/settings/use-appearance.ts';
import { i18n } from './i18n/text.ts';
import { createAppStore, follow } from './stores/store.ts';
import { StoreContext } from './stores/use-app.ts';

declare global {
  interface Window {
    readonly adit: Bridge;
  }
}

showLanguage('system');

const store = createAppStore({
  bridge: window.adit,
  now: () => Date.now(),
  setTimer(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
});
follow(store, window.adit);

const root = document.getElementById('root');
if (!root) throw new Error('the page has no #root');
createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <I18nProvider i18n={i18n}>
        <StoreContext value={store}>
          <App />
        </StoreContext>
      </I18nProvider>
    </CSPProvider>
  </StrictMode>,
);
