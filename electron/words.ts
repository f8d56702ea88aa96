/**
 * What the main process says itself, tray and notifications, in every language there is. The window has catalogues of its
 * own (renderer/i18n); failures are told by core/failure.
 */
import type { TunnelState } from '#core/ipc/contract.ts';
import type { Language } from '#core/text/languages.ts';
import type { LinkProblem } from './bridge-contract.ts';

interface Toast {
  readonly title: string;
  readonly body: (name: string) => string;
}

interface LockdownToast {
  readonly title: string;
  readonly body: string;
}

export interface Words {
  readonly language: Language;
  readonly states: Readonly<Record<TunnelState, string>>;
  readonly links: Readonly<Record<LinkProblem, string>>;
  readonly lookingForHelper: string;
  readonly connect: string;
  readonly more: string;
  readonly open: string;
  readonly mute: string;
  readonly quit: string;
  readonly quitKeepingTunnel: string;
  readonly disconnectAndQuit: string;
  readonly disconnect: (name: string) => string;
  readonly quitQuestion: {
    readonly message: string;
    readonly detail: string;
    /** Added while it is on: it outlives the interface, and whoever disconnects is without a network. */
    readonly lockdown: string;
    readonly keep: string;
    readonly disconnect: string;
    readonly cancel: string;
  };
  readonly unsavedQuestion: {
    readonly message: string;
    readonly detail: string;
    readonly save: string;
    readonly discard: string;
    readonly cancel: string;
  };
  readonly connected: Toast;
  readonly connectedAgain: Toast;
  readonly lost: Toast;
  /** Ended, and nobody here asked for it. */
  readonly ended: Toast;
  readonly endedInLockdown: Toast;
  /** The helper is gone while a tunnel was up. */
  readonly nobodyKnows: Toast;
  readonly asks: Toast;
  readonly failed: { readonly title: (name: string) => string; readonly unknown: string };
  readonly disconnected: Toast;
  readonly lockdown: {
    /** Lines of the tray: it holds everything back, or does not although it is on. */
    readonly blocked: string;
    readonly fault: string;
    readonly switchOff: string;
    readonly isFaulty: LockdownToast;
    readonly isBack: LockdownToast;
    /** And nobody here asked for it. */
    readonly isOff: LockdownToast;
  };
}

export const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    language: 'en',
    states: {
      disconnected: 'Not connected',
      connecting: 'Connecting…',
      connected: 'Connected',
      reconnecting: 'Reconnecting…',
      disconnecting: 'Disconnecting…',
      failed: 'Could not connect',
    },
    links: {
      missing: 'The background service is not running',
      refused: 'You may not use Adit yet',
      incompatible: 'The background service has another version',
      nonsense: 'The background service does not answer properly',
      lost: 'The connection to the background service was lost',
    },
    lookingForHelper: 'Looking for Adit’s background service…',
    connect: 'Connect',
    more: 'More…',
    open: 'Open Adit',
    mute: 'Only important notifications',
    quit: 'Quit Adit',
    quitKeepingTunnel: 'Quit interface, keep the tunnel',
    disconnectAndQuit: 'Disconnect and quit',
    disconnect: (name) => `Disconnect ${name}`,
    quitQuestion: {
      message: 'A tunnel is up. What shall become of it?',
      detail: 'Without the interface it goes on as it is; open Adit again to see or end it.',
      lockdown: 'Lockdown stays on: without a tunnel nothing leaves this computer.',
      keep: 'Keep the tunnel',
      disconnect: 'Disconnect',
      cancel: 'Do not quit',
    },
    unsavedQuestion: {
      message: 'You have changed a profile. Save the changes?',
      detail: 'What you typed is lost otherwise.',
      save: 'Save',
      discard: 'Discard',
      cancel: 'Go on editing',
    },
    connected: { title: 'Connected', body: (name) => `${name} is connected.` },
    connectedAgain: { title: 'Connected again', body: (name) => `${name} is back.` },
    ended: {
      title: 'No longer connected',
      body: (name) => `${name} has ended. Your traffic is not protected.`,
    },
    endedInLockdown: {
      title: 'No longer connected',
      body: (name) => `${name} has ended. Lockdown holds everything back.`,
    },
    nobodyKnows: {
      title: 'The background service does not answer',
      body: (name) => `Whether ${name} still protects you cannot be told.`,
    },
    lost: {
      title: 'Connection lost',
      body: (name) => `${name} is reconnecting. What belongs in the tunnel waits.`,
    },
    asks: {
      title: 'Your answer is needed',
      body: (name) => `${name} asks before it can reconnect.`,
    },
    failed: { title: (name) => `${name}: could not connect`, unknown: 'The reason is not known.' },
    disconnected: { title: 'Disconnected', body: (name) => `${name} was disconnected.` },
    lockdown: {
      blocked: 'Blocked: lockdown is on',
      fault: 'Lockdown is not in force',
      switchOff: 'Switch lockdown off',
      isFaulty: {
        title: 'Lockdown is not in force',
        body: 'It is on, but traffic may leave outside of a tunnel. Adit shows why.',
      },
      isBack: { title: 'Lockdown is in force again', body: 'Only tunnels carry something out.' },
      isOff: {
        title: 'Lockdown was switched off',
        body: 'Traffic may leave this computer outside of a tunnel.',
      },
    },
  },
  de: {
    language: 'de',
    states: {
      disconnected: 'Nicht verbunden',
      connecting: 'Verbindet …',
      connected: 'Verbunden',
      reconnecting: 'Verbindet erneut …',
      disconnecting: 'Trennt …',
      failed: 'Keine Verbindung',
    },
    links: {
      missing: 'Der Hintergrunddienst läuft nicht',
      refused: 'Sie dürfen Adit noch nicht benutzen',
      incompatible: 'Der Hintergrunddienst hat eine andere Version',
      nonsense: 'Der Hintergrunddienst antwortet nicht richtig',
      lost: 'Die Verbindung zum Hintergrunddienst ist abgerissen',
    },
    lookingForHelper: 'Adits Hintergrunddienst wird gesucht …',
    connect: 'Verbinden',
    more: 'Weitere …',
    open: 'Adit öffnen',
    mute: 'Nur wichtige Benachrichtigungen',
    quit: 'Adit beenden',
    quitKeepingTunnel: 'Oberfläche beenden, Tunnel behalten',
    disconnectAndQuit: 'Trennen und beenden',
    disconnect: (name) => `${name} trennen`,
    quitQuestion: {
      message: 'Ein Tunnel steht. Was soll mit ihm geschehen?',
      detail: 'Ohne die Oberfläche läuft er weiter; öffnen Sie Adit wieder, um ihn zu sehen oder zu beenden.',
      lockdown: 'Der Sperrmodus bleibt an: Ohne Tunnel verlässt nichts diesen Computer.',
      keep: 'Tunnel behalten',
      disconnect: 'Trennen',
      cancel: 'Nicht beenden',
    },
    unsavedQuestion: {
      message: 'Sie haben ein Profil geändert. Änderungen speichern?',
      detail: 'Sonst geht verloren, was Sie eingegeben haben.',
      save: 'Speichern',
      discard: 'Verwerfen',
      cancel: 'Weiter bearbeiten',
    },
    connected: { title: 'Verbunden', body: (name) => `${name} ist verbunden.` },
    connectedAgain: { title: 'Wieder verbunden', body: (name) => `${name} ist wieder da.` },
    ended: {
      title: 'Nicht mehr verbunden',
      body: (name) => `${name} ist beendet. Ihr Datenverkehr ist nicht geschützt.`,
    },
    endedInLockdown: {
      title: 'Nicht mehr verbunden',
      body: (name) => `${name} ist beendet. Der Sperrmodus lässt nichts hinaus.`,
    },
    nobodyKnows: {
      title: 'Der Hintergrunddienst antwortet nicht',
      body: (name) => `Ob ${name} Sie noch schützt, lässt sich nicht sagen.`,
    },
    lost: {
      title: 'Verbindung abgerissen',
      body: (name) => `${name} verbindet sich erneut. Was in den Tunnel gehört, wartet.`,
    },
    asks: {
      title: 'Ihre Antwort wird gebraucht',
      body: (name) => `${name} fragt etwas, bevor es sich wieder verbinden kann.`,
    },
    failed: { title: (name) => `${name}: keine Verbindung`, unknown: 'Der Grund ist nicht bekannt.' },
    disconnected: { title: 'Getrennt', body: (name) => `${name} wurde getrennt.` },
    lockdown: {
      blocked: 'Gesperrt: Der Sperrmodus ist an',
      fault: 'Der Sperrmodus greift nicht',
      switchOff: 'Sperrmodus ausschalten',
      isFaulty: {
        title: 'Der Sperrmodus greift nicht',
        body: 'Er ist an, aber Daten können am Tunnel vorbei hinausgehen. Adit zeigt, warum.',
      },
      isBack: { title: 'Der Sperrmodus greift wieder', body: 'Nur durch Tunnel geht etwas hinaus.' },
      isOff: {
        title: 'Der Sperrmodus wurde ausgeschaltet',
        body: 'Daten können diesen Computer am Tunnel vorbei verlassen.',
      },
    },
  },
  zh: {
    language: 'zh',
    states: {
      disconnected: '未连接',
      connecting: '正在连接…',
      connected: '已连接',
      reconnecting: '正在重新连接…',
      disconnecting: '正在断开…',
      failed: '无法连接',
    },
    links: {
      missing: '后台服务没有运行',
      refused: '您还不能使用 Adit',
      incompatible: '后台服务的版本不同',
      nonsense: '后台服务的响应不正确',
      lost: '与后台服务的连接已中断',
    },
    lookingForHelper: '正在寻找 Adit 的后台服务…',
    connect: '连接',
    more: '更多…',
    open: '打开 Adit',
    mute: '仅显示重要通知',
    quit: '退出 Adit',
    quitKeepingTunnel: '退出界面，保留隧道',
    disconnectAndQuit: '断开并退出',
    disconnect: (name) => `断开 ${name}`,
    quitQuestion: {
      message: '隧道仍在连接。如何处理？',
      detail: '退出界面后隧道会继续运行；再次打开 Adit 即可查看或断开。',
      lockdown: '锁定模式仍然开启：没有隧道时，任何流量都无法离开此电脑。',
      keep: '保留隧道',
      disconnect: '断开',
      cancel: '不退出',
    },
    unsavedQuestion: {
      message: '您修改了配置。要保存修改吗？',
      detail: '否则您输入的内容将丢失。',
      save: '保存',
      discard: '放弃修改',
      cancel: '继续编辑',
    },
    connected: { title: '已连接', body: (name) => `${name} 已连接。` },
    connectedAgain: { title: '已重新连接', body: (name) => `${name} 已恢复连接。` },
    ended: { title: '连接已结束', body: (name) => `${name} 已结束，您的流量不受保护。` },
    endedInLockdown: {
      title: '连接已结束',
      body: (name) => `${name} 已结束，锁定模式阻止所有流量发出。`,
    },
    nobodyKnows: { title: '后台服务没有响应', body: (name) => `无法得知 ${name} 是否仍在保护您。` },
    lost: { title: '连接已中断', body: (name) => `${name} 正在重新连接，应走隧道的流量会等待。` },
    asks: { title: '需要您输入', body: (name) => `${name} 需要您输入信息才能重新连接。` },
    failed: { title: (name) => `${name}：无法连接`, unknown: '原因不明。' },
    disconnected: { title: '已断开', body: (name) => `${name} 已断开。` },
    lockdown: {
      blocked: '已阻止：锁定模式已开启',
      fault: '锁定模式未生效',
      switchOff: '关闭锁定模式',
      isFaulty: {
        title: '锁定模式未生效',
        body: '锁定模式已开启，但流量可能绕过隧道发出。Adit 会显示原因。',
      },
      isBack: { title: '锁定模式已恢复生效', body: '只有隧道中的流量可以发出。' },
      isOff: { title: '锁定模式已被关闭', body: '流量可能绕过隧道离开此电脑。' },
    },
  },
};
