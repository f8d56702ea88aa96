/**
 * What keeps the name servers of a machine, for hosts of the lab: systemd-resolved on a system bus of its own,
 * openresolv and Debian's resolvconf. The packages lie extracted in .cache/packages (packages.txt) and are laid over
 * the host's own view of /usr; this machine keeps its own name service.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';
import { until, type Daemon } from './process.ts';

const packages = fileURLToPath(new URL('../../.cache/packages/', import.meta.url));

/** Makes the programs of packages appear in the host's /usr/bin, /usr/sbin and /usr/lib. */
async function lay(host: Host, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!existsSync(packages + name)) {
      throw new Error(`.cache/packages/${name} is missing: run scripts/setup.sh --with-lab`);
    }
  }
  for (const part of ['bin', 'sbin', 'lib']) {
    const layers = names
      .flatMap((name) => [`${packages}${name}/${part}`, `${packages}${name}/usr/${part}`])
      .filter((path) => existsSync(path));
    if (layers.length === 0) continue;
    const options = `lowerdir=${[...layers, `/usr/${part}`].join(':')}`;
    await host.run(['mount', '-t', 'overlay', 'lab', '-o', options, `/usr/${part}`]);
  }
}

/** Replaces /etc/resolv.conf of the host. */
export const writeResolvConf = (host: Host, text: string) =>
  host.run(['sh', '-c', 'rm -f /etc/resolv.conf; cat > /etc/resolv.conf; chmod 644 /etc/resolv.conf'], {
    input: text,
  });

const BUS = `<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
</policy></busconfig>`;

/** Starts a system bus and systemd-resolved; /etc/resolv.conf leads to its stub. Returns the daemon. */
export async function startResolved(host: Host): Promise<Daemon> {
  await lay(host, 'systemd-resolved', 'libsystemd-shared');
  const prepare = `
    set -e
    mkdir -p /run/dbus /run/systemd/resolve
    cat > /run/bus.conf
    echo 'systemd-resolve:x:987:987::/:/usr/sbin/nologin' >> /etc/passwd
    echo 'systemd-resolve:x:987:' >> /etc/group
    chown systemd-resolve:systemd-resolve /run/systemd/resolve
    rm -f /etc/resolv.conf
    ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf`;
  await host.run(['sh', '-c', prepare], { input: BUS });
  const bus = host.start(['dbus-daemon', '--config-file=/run/bus.conf', '--nofork', '--nopidfile']);
  await until(
    'the bus is there',
    async () => (await host.try(['test', '-S', '/run/dbus/system_bus_socket'])).code === 0,
    {
      context: () => bus.output,
    },
  );
  const resolved = host.start(['/usr/lib/systemd/systemd-resolved']);
  await until('systemd-resolved answers', async () => (await host.try(['resolvectl', 'dns'])).code === 0, {
    context: () => resolved.output,
  });
  return resolved;
}

/** openresolv, told of the server that DHCP brought. It writes /etc/resolv.conf itself. */
export async function useOpenresolv(host: Host, server: string): Promise<void> {
  await lay(host, 'openresolv');
  await host.run(['cp', `${packages}openresolv/etc/resolvconf.conf`, '/etc/resolvconf.conf']);
  await host.run(['resolvconf', '-a', 'eth0.dhcp'], { input: `nameserver ${server}\n` });
}

/** Debian's resolvconf as its package sets it up: /etc/resolv.conf is a link to what it writes. */
export async function useDebianResolvconf(host: Host, server: string): Promise<void> {
  await lay(host, 'resolvconf');
  const prepare = `
    set -e
    cp -a "$1" /etc/resolvconf
    mkdir -p /run/resolvconf/interface
    rm -f /etc/resolv.conf
    ln -s /run/resolvconf/resolv.conf /etc/resolv.conf
    resolvconf --enable-updates`;
  await host.run(['sh', '-c', prepare, 'sh', `${packages}resolvconf/etc/resolvconf`]);
  await host.run(['resolvconf', '-a', 'eth0.dhclient'], { input: `nameserver ${server}\n` });
}

/** A name server on an address of the host that knows one answer. Its output names what it was asked. */
export async function startDnsServer(host: Host, address: string, answer: string): Promise<Daemon> {
  const script = fileURLToPath(new URL('dns-server.ts', import.meta.url));
  const server = host.start([process.execPath, script, address, answer]);
  await until('the name server is there', () => server.output.includes('ready'), {
    context: () => server.output,
  });
  return server;
}

/** The address a program on the host gets for a name through the C library, or `nothing`. */
export async function lookUp(host: Host, name: string): Promise<string> {
  const { stdout } = await host.try(['timeout', '5', 'getent', 'ahostsv4', name]);
  return stdout.split(/\s/)[0] || 'nothing';
}
