/**
 * aditd: the privileged helper. Wiring only: arguments, then what must be true before anything else (private umask,
 * trusted directories, a single helper, nothing left of a former one), then the parts, then the socket. The launcher
 * `aditd` beside this file starts it with a clean environment.
 */
import { randomBytes } from 'node:crypto';
import { flushCompileCache } from 'node:module';
import { release, type as kernelName } from 'node:os';
import { join } from 'node:path';
import { createConnection } from '#core/ikev2/connection.ts';
import { PROTOCOL } from '#core/ipc/contract.ts';
import { importFiles } from '#core/profile/import.ts';
import packageJson from '../package.json' with { type: 'json' };
import { systemClock } from './clock.ts';
import { doctor } from './effects/doctor.ts';
import { JournalFile, undoAll } from './effects/journal-file.ts';
import { linuxEffects, linuxLockdown, linuxSystem } from './effects/linux.ts';
import { linuxNetworkWatch } from './effects/network-watch/linux.ts';
import { readAccess, tellAccess } from './ipc/access-file.ts';
import { handlers } from './ipc/calls.ts';
import { dispatcher } from './ipc/dispatch.ts';
import { grant, systemAccessFiles } from './ipc/permissions.ts';
import { startServer } from './ipc/server.ts';
import { keyLogIn } from './key-log.ts';
import { fileSink } from './log/file-sink.ts';
import { faultText } from './log/fault.ts';
import { Lockdown } from './lockdown/lockdown.ts';
import { Log, formatEntry, messageOf } from './log/log.ts';
import { ADDON_PATH } from './native/addon.ts';
import { linuxPlatform } from './native/data-plane-linux.ts';
import { linuxWatchSources } from './native/watch.ts';
import { httpFetcher } from './pki/fetch.ts';
import { diskCache } from './pki/revocation-cache.ts';
import { sparingSlowHosts } from './pki/slow-hosts.ts';
import { nodePkiCrypto } from './pki/verifier.ts';
import { ProfileStore } from './profile-store.ts';
import { remember } from './remember.ts';
import { HELP, parseArguments } from './startup/arguments.ts';
import type { Arguments } from './startup/arguments.ts';
import { privateDirectory } from './startup/directories.ts';
import { lock } from './startup/lock.ts';
import { rescue } from './startup/rescue.ts';
import { systemResolver } from './tunnel/candidates.ts';
import { isPortClosed } from './tunnel/closed-port.ts';
import { gatewayAddresses } from './tunnel/gateway-addresses.ts';
import { isTunnelAdapter, isTunnelTable } from './tunnel/numbers.ts';
import { TunnelManager } from './tunnel-manager.ts';
import { removeTemporaries } from './whole-file.ts';

/** For one CRL or OCSP response: a person waits for the tunnel. */
const REVOCATION_FETCH_MS = 5000;

const VERSION = `aditd ${packageJson.version}`;

async function run(options: Arguments): Promise<void> {
  privateDirectory(options.stateDir);
  const unlock = lock(options.stateDir);
  try {
    removeTemporaries(options.stateDir);
    await serve(options);
  } finally {
    unlock();
  }
}

async function serve({ socket, stateDir, foreground, keyLog }: Arguments): Promise<void> {
  const toFile = fileSink({ directory: join(stateDir, 'log'), complain });
  const log = new Log(systemClock, foreground ? [toFile, (entry) => complain(formatEntry(entry))] : [toFile]);
  const main = log.logger('main');
  main.info(`${VERSION} starts, pid ${process.pid}`);

  const system = linuxSystem(stateDir);
  const effects = linuxEffects(system);
  const { journal, warnings } = JournalFile.open(stateDir);
  for (const warning of warnings) main.warn(warning);
  const lockdown = new Lockdown({
    stateDir,
    effect: linuxLockdown(system),
    clock: systemClock,
    log: log.logger('lockdown'),
  });
  // Before anything that held packets back is undone.
  await lockdown.start();
  await undoAll(journal, effects, main);

  const platform = linuxPlatform();
  const network = linuxNetworkWatch({
    sources: linuxWatchSources(),
    clock: systemClock,
    ours: { adapter: isTunnelAdapter, table: isTunnelTable },
    resolvConf: system.paths.resolvConf,
    log: log.logger('network'),
  });
  lockdown.watch(network);
  const store = new ProfileStore(join(stateDir, 'profiles'), log.logger('store'));
  if (keyLog !== undefined) {
    privateDirectory(keyLog);
    main.warn(`the keys of every SA are written to ${keyLog}`);
  }
  const tunnels = new TunnelManager(store, {
    platform,
    effects,
    journal,
    clock: systemClock,
    network,
    resolver: systemResolver,
    gatewayAddresses: gatewayAddresses(
      join(stateDir, 'gateways.json'),
      () => lockdown.isOn,
      log.logger('tunnel'),
    ),
    passage: (tun) => lockdown.passage(tun),
    isPortClosed,
    createConnection,
    random: (length) => randomBytes(length),
    certified: () => import('./tunnel/certified.ts'),
    trust: {
      service: {
        crypto: nodePkiCrypto,
        clock: systemClock,
        fetcher: sparingSlowHosts(httpFetcher(systemClock, { timeoutMs: REVOCATION_FETCH_MS }), systemClock),
        cache: diskCache(join(stateDir, 'revocation')),
      },
    },
    keepPassword: (id, password) => store.renewPassword(id, password),
    remember: (id, typed) => void remember(store, log.logger('store'), id, typed),
    log: log.logger('tunnel'),
    applicationVersion: `Adit ${packageJson.version}`,
    ...(keyLog === undefined ? {} : { keyLog: keyLogIn(keyLog) }),
  });
  const accessPath = join(stateDir, 'access.json');
  const accessFiles = systemAccessFiles(accessPath);
  tellAccess(readAccess(accessFiles.access), accessFiles.passwd() ?? '', accessPath, main);
  const examine = () =>
    doctor({
      system,
      addon: ADDON_PATH,
      journal: journal.entries(),
      running: tunnels.adapters(),
      watch: network.parts,
      access: readAccess(accessFiles.access).faults,
      lockdown: lockdown.status(),
    });
  const since = new Date(systemClock.wall()).toISOString();
  const info = () => ({
    helper: VERSION,
    protocol: { ...PROTOCOL },
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    kernel: `${kernelName()} ${release()}`,
    since,
    stateDir,
    dataPlane: tunnels.features() ?? null,
  });
  const server = await startServer({
    path: socket,
    peerCredentials: (descriptor) => platform.peerCredentials(descriptor),
    grant: (credentials) => grant(credentials, accessFiles),
    dispatch: dispatcher(
      handlers({ store, tunnels, lockdown, log, importFiles, doctor: examine, clock: systemClock, info }),
    ),
    clock: systemClock,
    log: log.logger('ipc'),
    version: VERSION,
  });
  main.info(`listening on ${socket}`);
  // Now and not at the end: a helper that is killed leaves a warm cache, too.
  flushCompileCache();

  const end = await endOfService();
  const fault = typeof end === 'string' ? undefined : faultText(end);
  if (fault === undefined) main.info(`${String(end)}: taking everything down`);
  else main.error(`a fault in the helper itself, which ends now: ${fault}`);
  await tunnels.shutdown();
  network.close();
  await server.close();
  main.info('ended');
  if (fault !== undefined) throw new Error(fault);
}

/** The signal that asks for the end, or what nobody caught: the program's state is then unknown, so it ends, too. */
function endOfService(): Promise<NodeJS.Signals | Error> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, resolve);
    process.on('uncaughtException', resolve);
    process.on('unhandledRejection', (reason) =>
      resolve(reason instanceof Error ? reason : new Error(messageOf(reason))),
    );
  });
}

// Whoever read it may be gone (a closed terminal, `| head`): that ends no tunnel.
process.stderr.on('error', () => undefined);

function complain(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

function say(sentence: string): void {
  process.stdout.write(`${sentence}\n`);
}

async function start(): Promise<number> {
  process.umask(0o077);
  try {
    const wanted = parseArguments(process.argv.slice(2));
    if (wanted === 'help') process.stdout.write(HELP);
    else if (wanted === 'version') process.stdout.write(`${VERSION}\n`);
    else if (wanted.rescue)
      return (await rescue({ system: linuxSystem(wanted.stateDir), say, complain })) ? 0 : 1;
    else await run(wanted);
    return 0;
  } catch (error) {
    complain(`aditd: ${messageOf(error)}`);
    return 1;
  }
}

process.exit(await start());
