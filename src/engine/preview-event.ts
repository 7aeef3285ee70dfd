/** What the automations of a mesh.yaml would do for one event, and every write that would follow, worked out from the stored state; nothing is written anywhere. */
import { automationsOf, type Happening } from '../core/automation.ts';
import { automate, type LinkMove } from '../core/automate.ts';
import { foresee, newSteps } from '../core/foresee.ts';
import { meshChanges } from '../core/mesh-changes.ts';
import type { MeshEvent } from '../core/mesh-event.ts';
import { EVENT_TYPES, type EventType } from '../core/model.ts';
import type { Link, Note, Replica } from '../core/state.ts';
import { tell } from '../core/telling.ts';
import type { AutomationStore } from '../ports/automation.ts';
import { surroundingsOf } from './automate.ts';
import { createNaming } from './naming.ts';
import { learn, notAsked, rosterOf, type Desired, type Preview, type PreviewPorts } from './preview.ts';
import type { ReplicaOutlook } from './rehearse.ts';
import type { Roster } from './roster.ts';

/** One that happened, by its id; or one that could, by its type and the ticket as it stands (`account:ticket-id`). */
export type Asked = { readonly id: string } | { readonly type: EventType; readonly ticket: string };

export interface AutomationOutlook {
  readonly name: string;
  /** What would be decided, and what could not be done and why. */
  readonly notes: readonly Note[];
  readonly notify: readonly string[];
  /** Only replicas that would be written to, or of which there is something to say. */
  readonly replicas: readonly ReplicaOutlook[];
}

export interface EventPreview {
  readonly event: Happening;
  /** Those that are meant, in their order, each on what the ones before it left. */
  readonly automations: readonly AutomationOutlook[];
  readonly unasked: Preview['unasked'];
}

export interface EventPreviewPorts extends Omit<PreviewPorts, 'progress'> {
  readonly automations: Pick<AutomationStore, 'event'>;
}

/** A sentence if there is no such event, or no such ticket. */
export async function previewEvent(ports: EventPreviewPorts, desired: Desired, asked: Asked): Promise<EventPreview | string> {
  const { before, after } = await ports.mesh.rehearse(desired.accounts, desired.mirrors, ports.limits, desired.automations);
  const changes = meshChanges(before, after, new Set(desired.accounts.map(({ name }) => name)));
  const roster = await rosterOf(after, ports);
  const event = 'id' in asked ? await ports.automations.event(asked.id) : await madeUp(ports, roster, asked);
  if (event === null) return 'there is no such event; events are kept for a while only';
  if (typeof event === 'string') return event;
  const unasked = [...(await learn(roster, changes)), ...notAsked(changes)];
  const meant = automationsOf(after.automations, ports.compileWhere).meant(event);
  const [link = null] = event.link === null ? [] : await ports.survey.links([event.link]);
  const replicas = link === null ? [] : (await ports.survey.replicasOfLinks([link.id])).map(({ replica }) => replica);
  let now: { readonly link: Link | null; readonly replicas: readonly Replica[] } = { link, replicas };
  const automations = meant.map((automation): AutomationOutlook => {
    const acted = automate(automation, event, now.link, surroundingsOf(roster, ports.world));
    const own = acted.moves.find((move) => move.before !== null);
    const outlook = acted.moves.flatMap((move) => followed(move, now.replicas, roster, ports));
    if (own !== undefined) now = { link: own.after, replicas: [...now.replicas, ...own.spawn] };
    return { name: automation.name, notes: acted.notes, notify: acted.notify, replicas: outlook };
  });
  return { event, automations, unasked };
}

/** The writes that a move adds to those that are due anyway. */
function followed(move: LinkMove, standing: readonly Replica[], roster: Roster, { world }: EventPreviewPorts): readonly ReplicaOutlook[] {
  const { before } = move;
  const known = before === null ? [] : standing;
  return [...known, ...move.spawn].flatMap((replica) => {
    const member = roster.member(replica.account_id);
    if (member === null) return [];
    const due = before === null || !known.includes(replica) ? [] : foresee(before, replica, member.sight, world.now()).steps;
    const { steps, notes } = foresee(move.after, replica, member.sight, world.now());
    const fresh = newSteps(due, steps);
    return fresh.length === 0 && notes.length === 0 ? [] : [{ account: member.account.name, ticket_id: replica.ticket_id, steps: fresh, notes }];
  });
}

/** The event as it would be told if it happened now to this ticket; of a comment, to its newest. */
async function madeUp({ survey, world }: EventPreviewPorts, roster: Roster, { type, ticket }: { readonly type: EventType; readonly ticket: string }): Promise<MeshEvent | string> {
  const named = await createNaming({ survey, accounts: roster }).replicas(ticket);
  if (typeof named === 'string') return named;
  const [replica, ...others] = named.map((one) => one.replica);
  if (replica?.ticket_id == null || others.length > 0) return 'name the ticket as account:ticket-id';
  const [link] = replica.link_id === null ? [] : await survey.links([replica.link_id]);
  const member = roster.member(replica.account_id);
  if (link === undefined || member === null) return 'this ticket belongs to no link yet';
  const newest = Object.values(link.comments).filter(({ uid, deleted }) => !deleted && replica.copies[uid]?.comment_id != null).sort((a, b) => b.created - a.created)[0];
  if (type.startsWith('comment.') && newest === undefined) return 'this ticket has no comment';
  const commentId = newest === undefined || !type.startsWith('comment.') ? null : (replica.copies[newest.uid]?.comment_id ?? null);
  const { id, name, service } = member.account;
  const scene = { account: { id, name, service }, page: (ticketId: string) => member.desk.page?.(ticketId) ?? null };
  const [told] = tell([{ type, ticket_id: replica.ticket_id, comment_id: commentId, changed: [] }], { before: link, after: link, replica, was: replica }, scene);
  return told === undefined ? 'this cannot happen to a ticket' : { id: world.id(), time: new Date(world.now()).toISOString(), ...told };
}

export function isEventType(text: string): text is EventType {
  return (EVENT_TYPES as readonly string[]).includes(text);
}
