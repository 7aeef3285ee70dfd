/** What goes wrong between Deskmesh and the rest: calls, answers, webhooks, the database, and the processes themselves. */
import { DeskFailure } from '../../src/ports/connector.ts';
import type { Chance, Dice, VirtualClock } from './clock.ts';
import type { FakeDesk } from './desk.ts';
import type { History, Mishap, Phase } from './history.ts';
import type { Weather } from './weather.ts';

/** The store's calls that change what is kept. */
const COMMITS: ReadonlySet<string> = new Set(['accept', 'commit', 'signal', 'swept', 'saw', 'signalled', 'advance']);

/** How far the clocks of our machines may be from the true time, either way. */
export const CLOCK_OFF_MS = 2_500;

/** Never resolves: what a dead process awaits. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

export interface Mortal {
  readonly alive: boolean;
  /** Until when it stands still (epoch milliseconds): a machine that was put to sleep, a pause for memory. */
  readonly frozenUntil: number;
  /** It stands still for so long (milliseconds), and does not know. */
  freeze(ms: number): void;
  /** Its clock is set to be so far from the true time (milliseconds). */
  setClock(offsetMs: number): void;
  /** Whether its clock was set since this was last asked. */
  clockWasSet(): boolean;
  /** The process ends here: nothing that it awaits ever comes back. */
  kill(why: string): void;
}

/** One thing after which the world is different: a call to a desk, or a commit. */
export interface DurableStep {
  readonly name: string;
  /** How many there were before it. */
  readonly index: number;
}

/** A call to a desk. */
export interface Call {
  readonly name: string;
  readonly phase: Phase;
  readonly writes: boolean;
  /** The ticket that it is about; empty for none. */
  readonly token: string;
  /** What it writes: fields, or a comment. */
  readonly things?: readonly string[];
}

export interface Faults {
  weather: Weather;
  /** Asked before and after each durable step; true ends the process there. */
  crashAt: ((step: DurableStep, when: 'before' | 'after') => boolean) | null;
  /** Account by account: until when it does not answer, and until when it does not let us in. */
  readonly down: Map<number, number>;
  readonly locked: Map<number, number>;
  /** Account by account: until when every call to it ends in a time-out. */
  readonly hanging: Map<number, number>;
  /** One call over the network: `effect` takes place at the desk, at once and once, or not at all. */
  call<T>(desk: FakeDesk, who: Mortal, call: Call, effect: () => T): Promise<T>;
  /** One call to the database; `token` as of a call to a desk. */
  store<T>(who: Mortal, name: string, token: string, act: () => Promise<T>): Promise<T>;
}

/** How often work is struck, compared with a write; comments are written more seldom, and what was sent is looked for seldom. */
const shareOf = (phase: Phase): number => (phase === 'find' ? 3 : phase === 'write a comment' ? 2 : phase === 'write a ticket' ? 1 : 0.2);

type Struck = Pick<Mishap, 'account' | 'token' | 'call' | 'phase'>;

export function createFaults(parts: { readonly clock: VirtualClock; readonly dice: Dice; readonly history: History; readonly weather: Weather }): Faults {
  const { clock, dice, history } = parts;
  const refusedBefore = new Set<string>();
  const down = new Map<number, number>();
  const locked = new Map<number, number>();
  const hanging = new Map<number, number>();
  let steps = 0;

  const faults: Faults = {
    weather: parts.weather,
    crashAt: null,
    down,
    locked,
    hanging,
    async call(desk, who, call, effect) {
      const { name, token, phase, writes } = call;
      const struck = { account: desk.account, token, call: name, phase };
      gust(desk, who, struck);
      await thaw(who, struck);
      const step: DurableStep = { name: `${desk.name} ${name}`, index: (steps += 1) - 1 };
      const chance = dice(`${desk.account} ${token} ${name}`);
      if (!who.alive || crashes(who, `before ${desk.name} ${name}`, struck, chance, step, 'before')) return never();
      const fate = fateOf(desk, call, chance);
      const limit = desk.profile.can.callTimeoutMs;
      if (fate !== 'well') {
        history.mishaps.push({ ...struck, at: clock.now(), fate });
        history.tell(token, () => `${desk.name} ${name}: ${fate}`);
      }
      await clock.sleep(fate === 'slow' ? chance.between(500, limit * 0.6) : chance.between(15, 150));
      const result = outcome(desk, fate, writes, chance, effect);
      if ('failure' in result && result.failure instanceof DeskFailure && result.failure.kind === 'refused') {
        for (const thing of call.things ?? [name]) refusedBefore.add(`${desk.account} ${token} ${thing}`);
      }
      // Not before: a request that leaves a process after everybody's look for it is limit 2.
      stall(who, struck);
      if (fate === 'hangs') await clock.sleep(limit);
      else if (fate === 'cutBefore' || fate === 'cutAfter') await clock.sleep(chance.hit(0.5) ? chance.between(10, 500) : limit * 0.8);
      else await clock.sleep(fate === 'slow' ? chance.between(0, limit * 0.3) : chance.between(15, chance.hit(0.1) ? 2_000 : 150));
      await thaw(who, struck);
      if (!who.alive || crashes(who, `after ${desk.name} ${name}`, struck, chance, step, 'after')) {
        history.mishaps.push({ ...struck, at: clock.now(), fate: 'lost with its process' });
        return never();
      }
      if ('failure' in result) throw result.failure;
      return result.value;
    },
    async store(who, name, token, act) {
      const commits = COMMITS.has(name);
      const struck = { account: 0, token, call: `store ${name}`, phase: commits ? ('commit' as const) : ('other' as const) };
      if (commits) {
        gust(null, who, struck);
        stall(who, struck);
      }
      await thaw(who, struck);
      const step: DurableStep | null = commits ? { name: `store ${name}`, index: (steps += 1) - 1 } : null;
      const chance = dice(`store ${token} ${name}`);
      if (!who.alive || crashes(who, `before store ${name}`, struck, chance, step, 'before')) return never();
      if (chance.hit(0.2)) await clock.sleep(chance.between(1, 30));
      if (!who.alive) return never();
      if (chance.hit(faults.weather.storeBefore)) {
        history.mishaps.push({ ...struck, at: clock.now(), fate: 'storeBefore' });
        throw new Error(`store: ${name} not done`);
      }
      const result = await act();
      if (chance.hit(0.2)) await clock.sleep(chance.between(1, 30));
      await thaw(who, struck);
      if (!who.alive || crashes(who, `after store ${name}`, struck, chance, step, 'after')) return never();
      if (chance.hit(faults.weather.storeAfter)) {
        history.mishaps.push({ ...struck, at: clock.now(), fate: 'storeAfter' });
        throw new Error(`store: ${name} done, answer lost`);
      }
      return result;
    },
  };

  /** The desk, or the process's clock, changes just now, because there is work on a ticket just now. */
  function gust(desk: FakeDesk | null, who: Mortal, { account, token, call, phase }: Struck): void {
    const { outageAtWork, lockedAtWork, clockSetAtWork } = faults.weather;
    if (token === '' || !who.alive || outageAtWork + lockedAtWork + clockSetAtWork === 0) return;
    const chance = dice(`gust ${account} ${token} ${call}`);
    const share = shareOf(phase);
    if (desk !== null && chance.hit(outageAtWork * share)) down.set(desk.account, clock.now() + chance.between(3_000, 30_000));
    if (desk !== null && chance.hit(lockedAtWork * share)) locked.set(desk.account, clock.now() + chance.between(5_000, 40_000));
    if (chance.hit(clockSetAtWork * share)) who.setClock(Math.round(chance.between(-CLOCK_OFF_MS, CLOCK_OFF_MS)));
  }

  /** The process stands still at this moment of its work. */
  function stall(who: Mortal, { account, token, call, phase }: Struck): void {
    const { freezeAtWork } = faults.weather;
    if (token === '' || !who.alive || freezeAtWork === 0) return;
    const chance = dice(`stall ${account} ${token} ${call}`);
    if (chance.hit(freezeAtWork * shareOf(phase))) who.freeze(chance.between(20_000, 50_000));
  }

  async function thaw(who: Mortal, struck: Struck): Promise<void> {
    if (who.clockWasSet()) history.mishaps.push({ ...struck, at: clock.now(), fate: 'clockSet' });
    if (who.frozenUntil > clock.now()) history.mishaps.push({ ...struck, account: 0, at: clock.now(), fate: 'freeze' });
    while (who.frozenUntil > clock.now()) await clock.sleep(who.frozenUntil - clock.now());
  }

  function crashes(who: Mortal, where: string, struck: Struck, chance: Chance, step: DurableStep | null, when: 'before' | 'after'): boolean {
    const meant = step !== null && faults.crashAt !== null && faults.crashAt(step, when);
    const { crash, crashAtWork } = faults.weather;
    // Asked before and after, so half each time.
    const gusty = struck.token === '' ? 0 : (crashAtWork * shareOf(struck.phase)) / 2;
    if (!meant && !chance.hit(crash + gusty)) return false;
    // It strikes everything that its process was at.
    history.mishaps.push({ ...struck, account: 0, at: clock.now(), fate: 'crash' });
    who.kill(where);
    return true;
  }

  function fateOf(desk: FakeDesk, { name, writes, token, things = [name] }: Call, chance: Chance): string {
    const { weather } = faults;
    if ((locked.get(desk.account) ?? 0) > clock.now()) return 'locked';
    if ((hanging.get(desk.account) ?? 0) > clock.now()) return 'hangs';
    if ((down.get(desk.account) ?? 0) > clock.now()) return chance.hit(0.5) ? 'outage' : 'cutBefore';
    const at = things.map((thing) => `${desk.account} ${token} ${thing}`);
    let roll = chance.next();
    const falls = (probability: number): boolean => {
      roll -= probability;
      return roll < 0;
    };
    if (falls(weather.throttled)) return 'throttled';
    if (falls(weather.slow)) return 'slow';
    if (falls(weather.cutBefore)) return 'cutBefore';
    if (falls(weather.errorBefore)) return 'errorBefore';
    if (!writes) return 'well';
    if (falls(weather.cutAfter)) return 'cutAfter';
    if (falls(weather.lateEffect)) return 'lateEffect';
    if (falls(weather.tooLate) && name === 'createComment' && desk.profile.can.comments.delete) return 'tooLate';
    if (falls(weather.errorAfter)) return 'errorAfter';
    if (falls(weather.surprise)) return 'surprise';
    // A real refusal is repeated; one that is not must not look like one.
    if (falls(weather.refused) && !at.some((one) => refusedBefore.has(one))) {
      for (const one of at) refusedBefore.add(one);
      return 'refused';
    }
    for (const one of at) refusedBefore.delete(one);
    return 'well';
  }

  function outcome<T>(desk: FakeDesk, fate: string, writes: boolean, chance: Chance, effect: () => T): { value: T } | { failure: unknown } {
    const unsure = (status: number | null): { failure: DeskFailure } => ({
      failure: new DeskFailure(writes ? 'unsure' : 'unavailable', 'no answer', { status }),
    });
    const run = (): { value: T } | { failure: unknown } => {
      try {
        return { value: effect() };
      } catch (failure) {
        return { failure };
      }
    };
    switch (fate) {
      case 'locked':
        return { failure: new DeskFailure('unauthorised', 'who are you', { status: 401 }) };
      case 'outage':
        return { failure: new DeskFailure('unavailable', 'down', { status: 503 }) };
      case 'throttled':
        return { failure: new DeskFailure('throttled', 'slow down', { status: 429, retryAt: clock.now() + chance.between(1_000, 15_000) }) };
      case 'refused':
        return { failure: new DeskFailure('refused', 'not now', { status: 409 }) };
      case 'cutBefore':
      case 'hangs':
        return unsure(null);
      case 'errorBefore':
        return unsure(500);
      case 'cutAfter':
        run();
        return unsure(null);
      case 'errorAfter':
        run();
        return unsure(500);
      case 'surprise':
        run();
        return { failure: new DeskFailure('surprise', 'what is this', { status: 200 }) };
      case 'lateEffect':
        clock.later(chance.between(1_000, desk.profile.can.callTimeoutMs - 1_000), run);
        return unsure(null);
      case 'tooLate':
        clock.later(desk.profile.can.callTimeoutMs + desk.profile.can.comments.listLagMs + chance.between(6_000, 30_000), run);
        return unsure(null);
      default:
        return run();
    }
  }

  return faults;
}
