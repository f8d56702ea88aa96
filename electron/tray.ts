/**
 * Draws a tray model. On StatusNotifier hosts a changed menu must be set again, so it is built anew whenever the model
 * differs, at most five times a second.
 */
import { join } from 'node:path';
import { Menu, type MenuItemConstructorOptions, nativeImage, nativeTheme, Tray } from 'electron';
import type { TrayAction, TrayItem, TrayModel } from './tray-model.ts';

const AT_MOST_EVERY_MS = 200;

export class TrayView {
  readonly #tray: Tray;
  readonly #icons: string;
  readonly #onAction: (action: TrayAction) => void;
  #drawn = '';
  #next: TrayModel;
  #timer: NodeJS.Timeout | undefined;

  constructor(icons: string, model: TrayModel, onAction: (action: TrayAction) => void) {
    this.#icons = icons;
    this.#onAction = onAction;
    this.#next = model;
    this.#tray = new Tray(this.#image(model));
    this.#tray.on('click', () => onAction({ do: 'open' }));
    nativeTheme.on('updated', () => {
      this.#drawn = '';
      this.show(this.#next);
    });
    this.#draw();
  }

  show(model: TrayModel): void {
    this.#next = model;
    this.#timer ??= setTimeout(() => this.#draw(), AT_MOST_EVERY_MS);
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#tray.destroy();
  }

  #draw(): void {
    this.#timer = undefined;
    const model = this.#next;
    const key = JSON.stringify(model);
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.#tray.setImage(this.#image(model));
    this.#tray.setToolTip(model.tooltip);
    this.#tray.setContextMenu(Menu.buildFromTemplate(model.menu.map((item) => this.#template(item))));
  }

  #image({ icon }: TrayModel) {
    const theme = nativeTheme.shouldUseDarkColors ? 'dark' : 'light';
    return nativeImage.createFromPath(join(this.#icons, `${icon}-${theme}.png`));
  }

  #template(item: TrayItem): MenuItemConstructorOptions {
    // An ampersand in a name would mark a key.
    const text = 'label' in item ? item.label.replaceAll('&', '&&') : '';
    if (item.kind === 'separator') return { type: 'separator' };
    if (item.kind === 'text') return { label: text, enabled: false };
    if (item.kind === 'menu')
      return { label: text, submenu: item.items.map((inner) => this.#template(inner)) };
    const { action, checked } = item;
    const click = (): void => this.#onAction(action);
    return checked === undefined ? { label: text, click } : { label: text, type: 'checkbox', checked, click };
  }
}
