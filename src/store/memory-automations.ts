/** Automations at work, in memory: the same promises as in the database. There are no subscriptions here. */
import { notTold } from '../core/automate.ts';
import type { Link, Note, Replica } from '../core/state.ts';
import type { AutomationStore, Run, RunDraft } from '../ports/automation.ts';
import type { World } from '../ports/world.ts';

interface Kept {
  readonly draft: RunDraft;
  readonly id: string;
  tries: number;
  /** Null once it ran. */
  due_at: number | null;
  lease: string | null;
}

export function createMemoryAutomations(ports: {
  readonly world: World;
  readonly links: ReadonlyMap<string, Link>;
  /** Keeps a link and makes its replicas due. */
  readonly put: (link: Link, spawn: readonly Replica[]) => void;
  readonly note: (linkId: string, accountId: number, note: Note) => void;
}): AutomationStore {
  const { world, links } = ports;
  const runs = new Map<string, Kept>();
  const nameOf = ({ automation, event }: RunDraft): string => JSON.stringify([automation.name, event.id]);
  const held = ({ lease, ...run }: Run): Kept | null => {
    const kept = runs.get(nameOf(run));
    return kept?.due_at != null && kept.lease === lease ? kept : null;
  };

  return {
    async enqueue(drafts) {
      for (const draft of drafts) {
        const name = nameOf(draft);
        if (draft.event.link !== null && !runs.has(name)) runs.set(name, { draft, id: String(runs.size + 1), tries: 0, due_at: world.now(), lease: null });
      }
    },
    async claim(most, leaseMs) {
      const now = world.now();
      const open = [...runs.values()].filter(({ due_at: due }) => due !== null);
      const first = (run: Kept): boolean => open.find(({ draft }) => draft.event.link === run.draft.event.link) === run;
      return open.filter((run) => (run.due_at ?? 0) <= now && first(run)).slice(0, most).map((run): Run => {
        const lease = world.id();
        Object.assign(run, { lease, due_at: now + leaseMs, tries: run.tries + 1 });
        return { ...run.draft, id: run.id, lease, tries: run.tries };
      });
    },
    event: async (id) => [...runs.values()].find(({ draft }) => draft.event.id === id)?.draft.event ?? null,
    link: async (id) => links.get(id) ?? null,
    async commit(run, { moves, notes, notify }) {
      const kept = held(run);
      if (kept === null) return 'already';
      if (moves.some(({ before, after }) => before !== null && links.get(after.id)?.version !== before.version)) return 'stale';
      Object.assign(kept, { due_at: null, lease: null });
      const accountId = run.event.account?.id ?? 0;
      for (const { before, after, spawn, notes: told } of moves) {
        if (before === null && links.has(after.id)) continue;
        ports.put(after, spawn);
        for (const note of told) ports.note(after.id, before === null ? after.origin : accountId, note);
      }
      for (const note of [...notes, ...notTold(run, notify, [])]) ports.note(run.event.link ?? '', accountId, note);
      return 'done';
    },
    async putOff(run, _reason, inMs) {
      const kept = held(run);
      if (kept !== null) Object.assign(kept, { due_at: world.now() + inMs, lease: null });
    },
  };
}
