/** Has the normal loop look at tickets again, and waits until it has done what it could; nothing is written to a desk from here. */
import type { ParkedStore, Standing, Survey } from '../ports/repair.ts';
import type { LaneStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import type { StrangerPlace } from './drift-strangers.ts';
import { untilQuiet, type Rest } from './quiet.ts';

export interface Repaired {
  readonly rest: Rest;
  /** The links that were looked at, those included that began with it. */
  readonly links: readonly string[];
}

export interface Repair {
  /** Signals every ticket of these links, and these tickets that belong to none. `told` hears how many lanes are left. */
  repair(links: readonly string[], strangers: readonly StrangerPlace[], told: (left: number) => void): Promise<Repaired>;
}

const PAGE = 500;
const WITHIN_MS = 15 * 60_000;

export function createRepair({ survey, lanes, parked, world }: { readonly survey: Survey; readonly lanes: Pick<LaneStore, 'signal'>; readonly parked: ParkedStore; readonly world: World }): Repair {
  const look = (ticketId: string, force: boolean) => ({ ticketId, modified_at: null, is_deleted: false, force });

  async function replicasOf(links: readonly string[]): Promise<readonly Standing[]> {
    return paged(links, (some) => survey.replicasOfLinks(some));
  }

  async function rowsOf(strangers: readonly StrangerPlace[]): Promise<readonly Standing[]> {
    const rows = [...byAccount(strangers)].map(([id, tickets]) => paged(tickets, (some) => survey.replicasOfTickets(id, some)));
    return (await Promise.all(rows)).flat();
  }

  return {
    async repair(links, strangers, told) {
      const standing = await replicasOf(links);
      const known = standing.flatMap(({ replica: { account_id, ticket_id } }) => (ticket_id === null ? [] : [{ account_id, ticket_id }]));
      for (const [id, tickets] of byAccount([...known, ...strangers])) await paged(tickets, (some) => lanes.signal(id, some.map((ticket) => look(ticket, true))).then(() => []));
      // What was never heard of gets a lane; what has one was signalled just now.
      for (const [id, tickets] of byAccount(strangers)) await paged(tickets, (some) => lanes.signal(id, some.map((ticket) => look(ticket, false))).then(() => []));
      await paged(standing.flatMap(({ replica }) => (replica.ticket_id === null ? [replica.id] : [])), (some) => parked.wake(some).then(() => []));
      let all: readonly string[] = links;
      const rest = await untilQuiet(
        async () => {
          const strange = await rowsOf(strangers);
          all = [...new Set([...links, ...strange.flatMap(({ replica: { link_id: id } }) => (id === null ? [] : [id]))])];
          return [...(await replicasOf(all)), ...strange.filter(({ replica }) => replica.link_id === null)];
        },
        { world, withinMs: WITHIN_MS, told },
      );
      return { rest, links: all };
    },
  };
}

function byAccount(places: readonly StrangerPlace[]): ReadonlyMap<number, readonly string[]> {
  const groups = Map.groupBy(places, ({ account_id: id }) => id);
  return new Map([...groups].map(([id, group]) => [id, group.map(({ ticket_id: ticket }) => ticket)]));
}

async function paged<T, R>(items: readonly T[], task: (some: readonly T[]) => Promise<readonly R[]>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += PAGE) results.push(...(await task(items.slice(at, at + PAGE))));
  return results;
}
