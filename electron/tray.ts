/**
 * Draws a tray model. Icon and line follow within a fifth of a second, the menu within one: on StatusNotifier hosts a
 * changed menu must be set again whole, which closes it under the pointer on some.
 */
import { join } from 'node:path';
import { Menu, type MenuItemConstructorOptions, nativeImage, nativeTheme, Tray } from 'electron';
import type { TrayAction, TrayItem, TrayModel } from './tray-model.ts';

const ICON_EVERY_MS = 200;
const MENU_EVERY_MS = 1000;

/** Draws what differs from what is drawn: at once after a pause, else as soon as the pause is over; the last one always. */
class Paced {
  readonly #everyMs: number;
  #drawn = '';
  #waiting: (() => void) | undefined;
  #pause: NodeJS.Timeout | undefined;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  draw(key: string, act: () => void): void {
    if (this.#pause) {
      this.#waiting = () => this.draw(key, act);
      return;
    }
    if (key === this.#drawn) return;
    this.#drawn = key;
    act();
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.();
    }, this.#everyMs);
  }

  stop(): void {
    clearTimeout(this.#pause);
    this.#waiting = undefined;
  }
}

export class TrayView {
  readonly #tray: Tray;
  readonly #icons: string;
  readonly #onAction: (action: TrayAction) => void;
  #model: TrayModel;
  readonly #paced = { icon: new Paced(ICON_EVERY_MS), menu: new Paced(MENU_EVERY_MS) };

  constructor(icons: string, model: TrayModel, onAction: (action: TrayAction) => void) {
    this.#icons = icons;
    this.#onAction = onAction;
    this.#model = model;
    this.#tray = new Tray(nativeImage.createFromPath(this.#picture(model)));
    this.#tray.on('click', () => onAction({ do: 'open' }));
    nativeTheme.on('updated', () => this.#draw());
    this.#draw();
  }

  show(model: TrayModel): void {
    this.#model = model;
    this.#draw();
  }

  destroy(): void {
    this.#paced.icon.stop();
    this.#paced.menu.stop();
    this.#tray.destroy();
  }

  #draw(): void {
    const { tooltip, menu } = this.#model;
    const picture = this.#picture(this.#model);
    this.#paced.icon.draw(`${picture} ${tooltip}`, () => {
      this.#tray.setImage(nativeImage.createFromPath(picture));
      this.#tray.setToolTip(tooltip);
    });
    this.#paced.menu.draw(JSON.stringify(menu), () => {
      this.#tray.setContextMenu(Menu.buildFromTemplate(menu.map((item) => this.#template(item))));
    });
  }

  #picture({ icon }: TrayModel): string {
    return join(this.#icons, `${icon}-${nativeTheme.shouldUseDarkColors ? 'dark' : 'light'}.png`);
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
