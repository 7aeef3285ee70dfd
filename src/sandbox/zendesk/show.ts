/** How tickets, comments and audits look in answers. Sources: recorded answers (37–38 keys of a ticket), "Ticket comments", "Ticket audits". */
import type { Json } from '../kit/desk.ts';
import { showCustom } from './custom-fields.ts';
import { metadataOf, type Audit, type Comment, type Ticket, type User } from './model.ts';
import type { Store } from './store.ts';
import type { Uploads } from './uploads.ts';

/** What `include=` asks to be put beside the rows. */
export type Wanted = ReadonlySet<string>;
export const wantedOf = (query: URLSearchParams): Wanted => new Set((query.get('include') ?? '').split(',').filter((name) => name !== ''));

export interface Show {
  ticket(ticket: Ticket, wanted?: Wanted): Json;
  comment(comment: Comment, inlineImages?: boolean): Json;
  audit(audit: Audit, ticket: Ticket): Json;
  /** The top-level keys that side-loading adds for these tickets. */
  beside(tickets: readonly Ticket[], wanted: Wanted): Json;
  /** The people with these ids, each once. */
  users(ids: Iterable<number | null>): Json[];
}

const NOTHING: Wanted = new Set();

export function createShow(parts: {
  readonly store: Store;
  readonly uploads: Uploads;
  readonly user: (user: User) => Json;
  readonly group: (id: number) => Json | null;
  readonly organization: (id: number) => Json | null;
  readonly url: () => string;
}): Show {
  const { store, uploads } = parts;

  function ticketJson(ticket: Ticket): Json {
    const custom = showCustom(ticket.custom, store);
    return {
      url: `${parts.url()}/api/v2/tickets/${ticket.id}.json`,
      id: ticket.id,
      external_id: ticket.external_id,
      via: ticket.via,
      created_at: ticket.created_at,
      updated_at: ticket.updated_at,
      generated_timestamp: ticket.generated,
      type: ticket.type,
      subject: ticket.subject,
      raw_subject: ticket.subject,
      description: ticket.comments[0]?.body ?? '',
      priority: ticket.priority,
      status: ticket.deletion ? 'deleted' : ticket.status,
      recipient: ticket.recipient,
      requester_id: ticket.requester_id,
      submitter_id: ticket.submitter_id,
      assignee_id: ticket.assignee_id,
      organization_id: ticket.organization_id,
      group_id: ticket.group_id,
      collaborator_ids: [...new Set([...ticket.email_cc_ids, ...ticket.follower_ids])],
      follower_ids: ticket.follower_ids,
      email_cc_ids: ticket.email_cc_ids,
      forum_topic_id: null,
      problem_id: ticket.problem_id,
      has_incidents: ticket.type === 'problem' && [...store.tickets.values()].some(({ problem_id: problem }) => problem === ticket.id),
      is_public: ticket.comments.some((comment) => comment.public),
      due_at: ticket.due_at,
      tags: ticket.tags,
      custom_fields: custom,
      satisfaction_rating: null,
      sharing_agreement_ids: [],
      custom_status_id: ticket.custom_status_id,
      fields: custom,
      followup_ids: ticket.followup_ids,
      ticket_form_id: ticket.ticket_form_id,
      brand_id: ticket.brand_id,
      allow_channelback: false,
      allow_attachments: true,
      from_messaging_channel: false,
    };
  }

  const users = (ids: Iterable<number | null>): Json[] =>
    [...new Set(ids)].flatMap((id) => (id === null ? [] : (store.users.get(id) ?? []))).map(parts.user);

  const commentJson = (comment: Comment, inlineImages: boolean): Json => ({
    id: comment.id,
    type: comment.type,
    author_id: comment.author_id,
    body: comment.body,
    html_body: comment.html_body,
    plain_body: comment.plain_body,
    public: comment.public,
    attachments: comment.attachments.filter(({ inline }) => inlineImages || !inline).map(uploads.show),
    audit_id: comment.audit_id,
    via: comment.via,
    created_at: comment.created_at,
    metadata: metadataOf(comment.custom),
  });

  function auditJson(audit: Audit, ticket: Ticket): Json {
    const { comment } = audit;
    const said =
      comment === null
        ? []
        : [
            {
              id: comment.id, type: 'Comment', author_id: comment.author_id, body: comment.body, html_body: comment.html_body, plain_body: comment.plain_body,
              public: comment.public, attachments: comment.attachments.filter(({ inline }) => !inline).map(uploads.show), audit_id: audit.id,
            },
          ];
    return {
      id: audit.id,
      ticket_id: ticket.id,
      created_at: audit.created_at,
      author_id: audit.author_id,
      metadata: metadataOf(audit.custom),
      events: [...said, ...audit.events],
      via: audit.via,
    };
  }

  return {
    users,
    ticket: (ticket, wanted = NOTHING) => (wanted.has('comment_count') ? { ...ticketJson(ticket), comment_count: ticket.comments.length } : ticketJson(ticket)),
    comment: (comment, inlineImages = false) => commentJson(comment, inlineImages),
    audit: auditJson,
    beside(tickets, wanted) {
      const shown = (ids: readonly (number | null)[], show: (id: number) => Json | null): Json[] =>
        [...new Set(ids)].map((id) => (id === null ? null : show(id))).filter((one) => one !== null);
      return {
        ...(wanted.has('users')
          ? { users: users(tickets.flatMap((ticket) => [ticket.requester_id, ticket.submitter_id, ticket.assignee_id, ...ticket.email_cc_ids, ...ticket.follower_ids])) }
          : {}),
        ...(wanted.has('groups') ? { groups: shown(tickets.map(({ group_id: id }) => id), parts.group) } : {}),
        ...(wanted.has('organizations') ? { organizations: shown(tickets.map(({ organization_id: id }) => id), parts.organization) } : {}),
        ...(wanted.has('last_audits')
          ? { last_audits: tickets.flatMap((ticket) => ticket.audits.slice(-1).map((last) => auditJson(last, ticket))) }
          : {}),
      };
    },
  };
}
