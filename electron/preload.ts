/**
 * The only thing the page gets: `window.adit`, two functions. Runs in the isolated world of the sandboxed page; nothing
 * of ipcRenderer, no event object and no channel name crosses over.
 */
import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron';
import { type Bridge, type BridgeEvent, CHANNELS } from './bridge-contract.ts';

const bridge: Bridge = {
  call: (name, params) => ipcRenderer.invoke(CHANNELS.call, name, params),
  onEvent(listener) {
    const pass = (_: IpcRendererEvent, event: BridgeEvent): void => listener(event);
    ipcRenderer.on(CHANNELS.event, pass);
    return () => {
      ipcRenderer.removeListener(CHANNELS.event, pass);
    };
  },
};

contextBridge.exposeInMainWorld('adit', bridge);
