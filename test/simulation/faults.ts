/** What goes wrong between Deskmesh and the rest: calls, answers, webhooks, the database, and the processes themselves. */
import { DeskFailure } from '../../src/ports/connector.ts';
import type { Chance, VirtualClock } from './clock.ts';
import type { FakeDesk } from './desk.ts';
import type { History } from './history.ts';

/** Probabilities, each for one call, webhook or commit. */
export interface Weather {
  readonly refused: number;
  readonly throttled: number;
  readonly slow: number;
  readonly cutBefore: number;
  readonly cutAfter: number;
  readonly lateEffect: number;
  readonly errorBefore: number;
  readonly errorAfter: number;
  readonly surprise: number;
  readonly hookLost: number;
  readonly hookTwice: number;
  readonly hookLate: number;
  readonly storeBefore: number;
  readonly storeAfter: number;
  readonly crash: number;
  /** Outages and wrong credentials, for each account and minute. */
  readonly outage: number;
  readonly locked: number;
  /** Whole processes that stand still for longer than their leases, for each process and minute. */
  readonly freeze: number;
}

export const CALM: Weather = {
  refused: 0, throttled: 0, slow: 0, cutBefore: 0, cutAfter: 0, lateEffect: 0, errorBefore: 0, errorAfter: 0, surprise: 0,
  hookLost: 0, hookTwice: 0, hookLate: 0, storeBefore: 0, storeAfter: 0, crash: 0, outage: 0, locked: 0, freeze: 0,
};

export const STORM: Weather = {
  refused: 0.02, throttled: 0.02, slow: 0.05, cutBefore: 0.02, cutAfter: 0.05, lateEffect: 0.03, errorBefore: 0.02, errorAfter: 0.02,
  surprise: 0.01, hookLost: 0.12, hookTwice: 0.1, hookLate: 0.1, storeBefore: 0.008, storeAfter: 0.008, crash: 0.0012, outage: 0.1, locked: 0.07, freeze: 0.08,
};

/** The store's calls that change what is kept. */
const COMMITS: ReadonlySet<string> = new Set(['accept', 'commit', 'signal', 'swept']);

/** Never resolves: what a dead process awaits. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

export interface Mortal {
  readonly alive: boolean;
  /** Until when it stands still (epoch milliseconds): a machine that was put to sleep, a pause for memory. */
  readonly frozenUntil: number;
  /** The process ends here: nothing that it awaits ever comes back. */
  kill(why: string): void;
}

/** One thing after which the world is different: a call to a desk, or a commit. */
export interface DurableStep {
  readonly name: string;
  /** How many there were before it. */
  readonly index: number;
}

export interface Faults {
  weather: Weather;
  /** Asked before and after each durable step; true ends the process there. */
  crashAt: ((step: DurableStep, when: 'before' | 'after') => boolean) | null;
  /** Account by account: until when it does not answer, and until when it does not let us in. */
  readonly down: Map<number, number>;
  readonly locked: Map<number, number>;
  /** One call over the network: `effect` takes place at the desk, at once and once, or not at all. */
  call<T>(desk: FakeDesk, who: Mortal, call: { readonly name: string; readonly writes: boolean; readonly token: string }, effect: () => T): Promise<T>;
  /** One call to the database. */
  store<T>(who: Mortal, name: string, act: () => Promise<T>): Promise<T>;
}

export function createFaults(parts: { readonly clock: VirtualClock; readonly chance: Chance; readonly history: History; readonly weather: Weather }): Faults {
  const { clock, chance, history } = parts;
  const refusedBefore = new Set<string>();
  const down = new Map<number, number>();
  const locked = new Map<number, number>();

  let steps = 0;

  const faults: Faults = {
    weather: parts.weather,
    crashAt: null,
    down,
    locked,
    async call(desk, who, { name, writes, token }, effect) {
      await thaw(who);
      const step: DurableStep = { name: `${desk.name} ${name}`, index: (steps += 1) - 1 };
      if (!who.alive || crashes(who, `before ${desk.name} ${name}`, step, 'before')) return never();
      const fate = fateOf(desk, name, writes, token);
      const limit = desk.profile.can.callTimeoutMs;
      if (fate !== 'well') {
        history.mishaps.push({ at: clock.now(), account: desk.account, token, call: name, fate });
        history.tell(token, `${desk.name} ${name}: ${fate}`);
      }
      await clock.sleep(fate === 'slow' ? chance.between(500, limit * 0.6) : chance.between(15, 150));
      const result = outcome(desk, fate, writes, effect);
      if (fate === 'cutBefore' || fate === 'cutAfter') await clock.sleep(chance.hit(0.5) ? chance.between(10, 500) : limit * 0.8);
      else await clock.sleep(fate === 'slow' ? chance.between(0, limit * 0.3) : chance.between(15, chance.hit(0.1) ? 2_000 : 150));
      await thaw(who);
      if (!who.alive || crashes(who, `after ${desk.name} ${name}`, step, 'after')) {
        history.mishaps.push({ at: clock.now(), account: desk.account, token, call: name, fate: 'died' });
        return never();
      }
      if ('failure' in result) throw result.failure;
      return result.value;
    },
    async store(who, name, act) {
      await thaw(who);
      const step: DurableStep | null = COMMITS.has(name) ? { name: `store ${name}`, index: (steps += 1) - 1 } : null;
      if (!who.alive || crashes(who, `before store ${name}`, step, 'before')) return never();
      if (chance.hit(0.2)) await clock.sleep(chance.between(1, 30));
      if (!who.alive) return never();
      if (chance.hit(faults.weather.storeBefore)) {
        history.mishaps.push({ at: clock.now(), account: 0, token: '', call: `store ${name}`, fate: 'not done' });
        throw new Error(`store: ${name} not done`);
      }
      const result = await act();
      if (chance.hit(0.2)) await clock.sleep(chance.between(1, 30));
      await thaw(who);
      if (!who.alive || crashes(who, `after store ${name}`, step, 'after')) return never();
      if (chance.hit(faults.weather.storeAfter)) throw new Error(`store: ${name} done, answer lost`);
      return result;
    },
  };

  async function thaw(who: Mortal): Promise<void> {
    while (who.frozenUntil > clock.now()) await clock.sleep(who.frozenUntil - clock.now());
  }

  function crashes(who: Mortal, where: string, step: DurableStep | null, when: 'before' | 'after'): boolean {
    const meant = step !== null && faults.crashAt !== null && faults.crashAt(step, when);
    if (!meant && !chance.hit(faults.weather.crash)) return false;
    history.mishaps.push({ at: clock.now(), account: 0, token: '', call: where, fate: 'died' });
    who.kill(where);
    return true;
  }

  function fateOf(desk: FakeDesk, name: string, writes: boolean, token: string): string {
    const { weather } = faults;
    if ((locked.get(desk.account) ?? 0) > clock.now()) return 'locked';
    if ((down.get(desk.account) ?? 0) > clock.now()) return chance.hit(0.5) ? 'unavailable' : 'cutBefore';
    const at = `${desk.account} ${token} ${name}`;
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
    if (falls(weather.errorAfter)) return 'errorAfter';
    if (falls(weather.surprise)) return 'surprise';
    // A real refusal is repeated; one that is not must not look like one.
    if (falls(weather.refused) && !refusedBefore.has(at)) {
      refusedBefore.add(at);
      return 'refused';
    }
    refusedBefore.delete(at);
    return 'well';
  }

  function outcome<T>(desk: FakeDesk, fate: string, writes: boolean, effect: () => T): { value: T } | { failure: unknown } {
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
      case 'unavailable':
        return { failure: new DeskFailure('unavailable', 'down', { status: 503 }) };
      case 'throttled':
        return { failure: new DeskFailure('throttled', 'slow down', { status: 429, retryAt: clock.now() + chance.between(1_000, 15_000) }) };
      case 'refused':
        return { failure: new DeskFailure('refused', 'not now', { status: 409 }) };
      case 'cutBefore':
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
      default:
        return run();
    }
  }

  return faults;
}
