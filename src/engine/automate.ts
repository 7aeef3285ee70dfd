/** Runs automations for events: each run is decided by the core and committed whole. Desks are written to by the loop, not from here. */
import { automationsOf, type Automations, type Happening } from '../core/automation.ts';
import { automate as decide, type Surroundings } from '../core/automate.ts';
import { retryDelay } from '../core/backoff.ts';
import type { CompileWhere } from '../core/rules.ts';
import type { AutomationStore, Run, RunDraft, RunOutcome } from '../ports/automation.ts';
import type { World } from '../ports/world.ts';
import type { Roster } from './roster.ts';

/** Runs that are taken at once. */
const MOST = 50;
/** A process that died holds its runs no longer than this. */
const LEASE_MS = 30_000;
/** How often due runs are looked for without being told. */
const TICK_MS = 1_000;
const MOST_STALE = 20;

export interface Automate {
  /** The runs that an event asks for. */
  runs(event: Happening): readonly RunDraft[];
  /** There are runs: they begin at once. */
  nudge(): void;
  start(): void;
  /** Takes no more runs, and resolves when those that were taken are done or given back. */
  stop(): Promise<void>;
}

/** The accounts and rules as they are now. */
export function surroundingsOf(roster: Roster, world: Pick<World, 'id'>): Surroundings {
  return {
    rules: roster.rules(),
    // The lane that next changes such a ticket takes it further, and looks for its counterparts before.
    grows: roster.pairings().length === 0,
    byId: (id) => roster.member(id)?.sight ?? null,
    byName: (name) => roster.member(roster.byName(name)?.id ?? -1)?.sight ?? null,
    id: world.id,
  };
}

export function createAutomate(ports: {
  readonly automations: AutomationStore;
  readonly roster: Roster;
  readonly compileWhere: CompileWhere;
  readonly world: World;
  /** Lanes are due now. */
  readonly nudgeLanes: () => void;
  /** Deliveries are due now. */
  readonly nudgeDeliveries: () => void;
}): Automate {
  const { automations: store, roster, world } = ports;
  const stopping = new AbortController();
  let ready: Automations = automationsOf([]);
  let read = ready.all;
  let said = JSON.stringify(read);
  let working: Promise<void> | null = null;
  let again = false;

  /** Made ready again only if they say something else: the roster is read anew for many other reasons. */
  function current(): Automations {
    const all = roster.automations();
    if (all === read) return ready;
    read = all;
    const now = JSON.stringify(all);
    if (now !== said) ready = automationsOf(all, compile);
    said = now;
    return ready;
  }

  /** A `where` that cannot be used any more fits nothing: it was checked when it was applied, and must not hold up the others. */
  function compile(schema: Readonly<Record<string, unknown>>): (event: unknown) => boolean {
    try {
      return ports.compileWhere(schema);
    } catch (error) {
      world.log.error('automation.where_broken', { message: error instanceof Error ? error.message : String(error) });
      return () => false;
    }
  }

  function nudge(): void {
    again = true;
    if (working !== null || stopping.signal.aborted) return;
    working = work().finally(() => {
      working = null;
      if (again) nudge();
    });
  }

  async function work(): Promise<void> {
    try {
      while (again && !stopping.signal.aborted) {
        again = false;
        const runs = await store.claim(MOST, LEASE_MS);
        // One at a time: of one ticket each is decided on what the last one left.
        for (const run of runs) await tried(run);
        // The next of the same tickets could not be taken with these.
        if (runs.length > 0) again = true;
      }
    } catch (error) {
      again = false;
      world.log.warn('automations.not_run', { message: error instanceof Error ? error.message : String(error) });
    }
  }

  async function tried(run: Run): Promise<void> {
    if (stopping.signal.aborted) return store.putOff(run, 'stopped before it was begun', 0);
    try {
      await done(run);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      world.log.warn('automation.failed', { automation: run.automation.name, event: run.event.id, tries: run.tries, message });
      await store.putOff(run, message, retryDelay(run.tries, world.random()));
    }
  }

  async function done(run: Run): Promise<void> {
    for (let tries = 0; tries < MOST_STALE; tries += 1) {
      const outcome = await decided(run);
      const result = await store.commit(run, outcome);
      if (result === 'stale') continue;
      if (result === 'done') {
        const { automation, event } = run;
        world.log.info('automation.ran', { automation: automation.name, event: event.id, link: event.link, moves: outcome.moves.length, notes: outcome.notes.map(({ what }) => what) });
        if (outcome.moves.length > 0) ports.nudgeLanes();
        if (outcome.notify.length > 0) ports.nudgeDeliveries();
      }
      return;
    }
    throw new Error('the link would not hold still');
  }

  /** A fault of ours would be the same the next time: it is told where a person looks, and the ticket's later events go on. */
  async function decided({ automation, event }: Run): Promise<RunOutcome> {
    const link = event.link === null ? null : await store.link(event.link);
    try {
      return decide(automation, event, link, surroundingsOf(roster, world));
    } catch (error) {
      world.log.error('automation.broken', { automation: automation.name, event: event.id, error });
      const because = `automation ${automation.name}: it cannot be decided, which is a fault of Deskmesh; the log has it`;
      return { moves: [], notes: [{ what: 'not done', because }], notify: [] };
    }
  }

  async function tick(): Promise<void> {
    while (!stopping.signal.aborted) {
      nudge();
      await world.sleep(TICK_MS, stopping.signal);
    }
  }

  return {
    runs: (event) => current().meant(event).map((automation) => ({ automation, event })),
    nudge,
    start: () => void tick(),
    async stop() {
      stopping.abort();
      await working;
    },
  };
}
