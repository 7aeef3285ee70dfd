/** What desks have told of their own configuration: learnt before the first call, and again when it has grown old. */
import { DeskFailure, type Desk } from '../ports/connector.ts';
import type { World } from '../ports/world.ts';

/** Fields and statuses seldom change; a change is noticed after this long. */
const OLD_MS = 30 * 60_000;
/** After a failure it is not asked again for so long. */
const AGAIN_MS = 30_000;

export interface Lore {
  /** Resolves at once if the desk was asked before, however long ago. Rejects with `DeskFailure`. */
  ready(accountId: number, desk: Desk | undefined): Promise<void>;
  knows(accountId: number, desk: Desk | undefined): boolean;
}

interface Known {
  readonly desk: Desk;
  readonly at: number;
}

export function createLore(world: World): Lore {
  const known = new Map<number, Known>();
  const underway = new Map<number, { readonly desk: Desk; readonly learning: Promise<void> }>();

  function learn(id: number, desk: Desk): Promise<void> {
    const before = underway.get(id);
    if (before?.desk === desk) return before.learning;
    const learning = (desk.learn?.() ?? Promise.resolve())
      .then(() => void known.set(id, { desk, at: world.now() }))
      .finally(() => underway.delete(id));
    underway.set(id, { desk, learning });
    return learning;
  }

  return {
    async ready(id, desk) {
      if (desk?.learn === undefined) return;
      const found = known.get(id);
      if (found?.desk !== desk) return learn(id, desk);
      if (world.now() - found.at < OLD_MS) return;
      // What is known serves until it is renewed.
      known.set(id, { desk, at: world.now() - OLD_MS + AGAIN_MS });
      void learn(id, desk).catch((error: unknown) => {
        world.log.info('desk.not_learnt', { account: id, message: error instanceof DeskFailure ? error.message : String(error) });
      });
    },
    knows: (id, desk) => desk !== undefined && (desk.learn === undefined || known.get(id)?.desk === desk),
  };
}
