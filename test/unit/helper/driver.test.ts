/** The driver between an engine, its sockets and the clock: order, timers, faults. */
import { describe, expect, it } from 'vitest';
import type { Connection, ConnectionEvent, Datagram } from '#core/ikev2/connection-types.ts';
import type { Path } from '#core/net/address.ts';
import { FakeClock } from '#helper/clock-fake.ts';
import { Driver } from '#helper/driver.ts';

const PATH: Path = {
  local: { address: '192.0.2.2', port: 1 },
  remote: { address: '203.0.113.1', port: 500 },
};
const datagram = (text: string): Datagram => ({ path: PATH, bytes: Buffer.from(text) });
const progress = (detail: string): ConnectionEvent => ({ type: 'progress', state: 'ike-auth', detail });

/** An engine that does what a test has written down, and keeps what it was told. */
class ScriptedConnection {
  readonly told: string[] = [];
  readonly events: ConnectionEvent[] = [];
  readonly datagrams: Datagram[] = [];
  deadline: number | undefined;
  fault: Error | undefined;

  #tell(what: string, now: number): void {
    this.told.push(`${what} at ${now}`);
    if (this.fault) throw this.fault;
  }
  initiate(now: number): void {
    this.#tell('initiate', now);
  }
  handleDatagram(now: number, bytes: Uint8Array): void {
    this.#tell(`datagram ${Buffer.from(bytes).toString()}`, now);
  }
  handleTimeout(now: number): void {
    this.deadline = undefined;
    this.#tell('timeout', now);
  }
  delete(now: number, spiIn?: number): void {
    this.#tell(`delete ${spiIn ?? 'all'}`, now);
  }
  abandon(now: number): void {
    this.#tell('abandon', now);
  }
  noteInboundTraffic(now: number): void {
    this.#tell('inbound', now);
  }
  pollEvent(): ConnectionEvent | undefined {
    return this.events.shift();
  }
  pollTransmit(): Datagram | undefined {
    return this.datagrams.shift();
  }
  pollTimeout(): number | undefined {
    return this.deadline;
  }
}

function driving(
  onEvent: (detail: string, driver: Driver, engine: ScriptedConnection) => void = () => undefined,
) {
  const clock = new FakeClock();
  const engine = new ScriptedConnection();
  const log: string[] = [];
  const driver = new Driver({
    connection: engine as unknown as Connection,
    clock,
    send: ({ bytes }) => log.push(`send ${Buffer.from(bytes).toString()}`),
    onEvent: (event) => {
      const detail = event.type === 'progress' ? event.detail : event.type;
      log.push(`event ${detail}`);
      onEvent(detail, driver, engine);
    },
    onFault: (error) => log.push(`fault ${(error as Error).message}`),
  });
  return { clock, engine, log, driver };
}

describe('the driver', () => {
  it('drains all events, then all datagrams', () => {
    const { engine, log, driver } = driving();
    engine.events.push(progress('one'), progress('two'));
    engine.datagrams.push(datagram('a'), datagram('b'));
    driver.receive(Buffer.from('x'), PATH);
    expect(engine.told).toEqual(['datagram x at 0']);
    expect(log).toEqual(['event one', 'event two', 'send a', 'send b']);
  });

  it('keeps the timer at the engine’s next deadline', async () => {
    const { clock, engine, driver } = driving();
    engine.deadline = 100;
    driver.initiate(PATH);
    await clock.advance(50);
    engine.deadline = 300;
    driver.noteInboundTraffic();
    await clock.advance(249);
    expect(engine.told).toEqual(['initiate at 0', 'inbound at 50']);
    await clock.advance(1);
    expect(engine.told.at(-1)).toBe('timeout at 300');
    expect(clock.pending).toBe(0);
  });

  it('takes what an event’s listener asks at once, and its effects in the same turn', () => {
    const { engine, log, driver } = driving((detail, me, scripted) => {
      if (detail !== 'one') return;
      scripted.events.push(progress('from delete'));
      scripted.datagrams.push(datagram('DELETE'));
      me.delete();
    });
    engine.events.push(progress('one'));
    driver.initiate(PATH);
    expect(engine.told).toEqual(['initiate at 0', 'delete all at 0']);
    expect(log).toEqual(['event one', 'event from delete', 'send DELETE']);
  });

  it('stops for good, and says so once, when the engine throws', async () => {
    const { clock, engine, log, driver } = driving();
    engine.deadline = 100;
    driver.initiate(PATH);
    engine.fault = new Error('a bug');
    await clock.advance(100);
    driver.receive(Buffer.from('x'), PATH);
    driver.delete();
    await clock.advance(1000);
    expect(log).toEqual(['fault a bug']);
    expect(engine.told).toEqual(['initiate at 0', 'timeout at 100']);
    expect(clock.pending).toBe(0);
  });
});
