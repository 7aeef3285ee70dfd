/** Everything that is known of one ticket: how it stands, and how it came to that. */
import { parkedSteps, type ParkedStep } from '../core/parked.ts';
import type { Intent, Link } from '../core/state.ts';
import { story, type Entry } from '../core/story.ts';
import type { NoteRecord, OperationRecord, ReceiptRecord, Records } from '../ports/api.ts';
import type { Standing, Survey } from '../ports/repair.ts';
import type { World } from '../ports/world.ts';
import { ticketNamed, type Naming } from './naming.ts';
import type { Roster } from './roster.ts';

/** How one replica stands now. */
export interface ReplicaNow {
  readonly id: string;
  readonly account: string;
  readonly ticket_id: string | null;
  readonly state: string;
  /** Whether it shows all that its link says, and its desk was looked at whenever it spoke. */
  readonly caught_up: boolean;
  /** When it is tried again, if it waits (epoch milliseconds). */
  readonly due: number | null;
  readonly failures: number;
  /** The step that is under way, or whose outcome is not known yet. */
  readonly open: Pick<Intent, 'kind' | 'key' | 'first_sent' | 'sent' | 'answered' | 'tries' | 'refused'> | null;
  readonly parked: readonly ParkedStep[];
  /** Why deletions, or what only new rules bring, wait on the whole account. */
  readonly held: string | null;
  /** When it was last looked at whole (epoch milliseconds); null for never. */
  readonly looked: number | null;
}

export interface Explained {
  readonly link: Link | null;
  readonly replicas: readonly ReplicaNow[];
  /** The account's name by id, of every account that the story names. */
  readonly accounts: ReadonlyMap<number, string>;
  readonly entries: readonly Entry[];
  /** Something older was left out, since there is more than anybody reads. */
  readonly cut: boolean;
}

export interface Explain {
  /** A sentence if nothing goes by this name. */
  explain(name: string): Promise<Explained | string>;
}

/** Of each kind of record; newer ones first. */
const MOST = 5_000;
const NEWEST = { before: null, limit: MOST } as const;

interface TicketName {
  readonly account_id: number;
  readonly ticket_id: string;
}

export function createExplain(ports: {
  readonly survey: Survey;
  readonly records: Pick<Records, 'link' | 'notes' | 'operations' | 'receipts'>;
  readonly naming: Naming;
  readonly roster: Roster;
  readonly world: World;
}): Explain {
  const { survey, records, naming, roster, world } = ports;

  return {
    async explain(name) {
      const named = await naming.replicas(name);
      // A ticket may have been heard of and be known no longer: its receipts are there all the same.
      if (typeof named === 'string') return (await receiptsOnly(name)) ?? named;
      const linkId = named[0]?.replica.link_id ?? null;
      const [link = null] = linkId === null ? [] : await survey.links([linkId]);
      const replicas = linkId === null ? named : await survey.replicasOfLinks([linkId]);
      const born = linkId === null ? null : ((await records.link(linkId))?.created ?? null);
      const attempts = linkId === null ? [] : await records.operations({ link_id: linkId }, NEWEST);
      const notes = linkId === null ? [] : await records.notes(linkId, MOST);
      const receipts = await receiptsOf(ticketsOf(replicas, attempts, notes));
      const accountOf = new Map(replicas.map(({ replica }) => [replica.id, replica.account_id]));
      return {
        link,
        replicas: replicas.map(replicaNow),
        accounts: accountNames(),
        entries: story({ link, born, accountOf, receipts, notes, attempts }),
        cut: [receipts, notes, attempts].some((rows) => rows.length >= MOST),
      };
    },
  };

  async function receiptsOnly(name: string): Promise<Explained | null> {
    const ticket = ticketNamed(name);
    const account = ticket === null ? null : roster.byName(ticket.account);
    if (ticket === null || account === null) return null;
    const receipts = await receiptsOf([{ account_id: account.id, ticket_id: ticket.id }]);
    if (receipts.length === 0) return null;
    const entries = story({ link: null, born: null, accountOf: new Map(), receipts, notes: [], attempts: [] });
    return { link: null, replicas: [], accounts: accountNames(), entries, cut: receipts.length >= MOST };
  }

  async function receiptsOf(tickets: readonly TicketName[]): Promise<readonly ReceiptRecord[]> {
    return (await Promise.all(tickets.map((ticket) => records.receipts(ticket, NEWEST)))).flat();
  }

  function accountNames(): ReadonlyMap<number, string> {
    return new Map(roster.all().map(({ id, name }) => [id, name]));
  }

  function replicaNow({ replica, signalled, read, wanted, due, leased }: Standing): ReplicaNow {
    const { intent } = replica;
    const account = roster.byId(replica.account_id);
    const behind = signalled > read || wanted > replica.version || intent !== null || replica.state === 'unknown';
    return {
      id: replica.id,
      account: account?.name ?? `account ${replica.account_id}`,
      ticket_id: replica.ticket_id,
      state: replica.state,
      caught_up: !behind,
      due: leased || due === null || due <= world.now() ? null : due,
      failures: replica.failures,
      open: intent === null ? null : { kind: intent.kind, key: intent.key, first_sent: intent.first_sent, sent: intent.sent, answered: intent.answered, tries: intent.tries, refused: intent.refused },
      parked: parkedSteps(replica),
      held: account?.deletions_held ?? account?.rules_held ?? null,
      looked: replica.looked === 0 ? null : replica.looked,
    };
  }
}

/** Every ticket that a replica of the link has, or has had before it was made anew. */
function ticketsOf(replicas: readonly Standing[], attempts: readonly OperationRecord[], notes: readonly NoteRecord[]): readonly TicketName[] {
  const accountOf = new Map(replicas.map(({ replica }) => [replica.id, replica.account_id]));
  const tickets = new Map<string, TicketName>();
  const add = (accountId: number | undefined, ticketId: unknown): void => {
    if (accountId !== undefined && typeof ticketId === 'string') tickets.set(`${accountId} ${ticketId}`, { account_id: accountId, ticket_id: ticketId });
  };
  for (const { replica } of replicas) add(replica.account_id, replica.ticket_id);
  for (const { kind, account_id: id, answer } of attempts) if (kind === 'ticket.create') add(id, answer.id);
  for (const { replica_id: id, what, values } of notes) if (what === 'ticket given up') add(accountOf.get(id), values?.ticket_id);
  return [...tickets.values()];
}
