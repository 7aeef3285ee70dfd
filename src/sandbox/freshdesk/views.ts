/** Tickets and conversations as API v2 shows them; what they show beyond the reference was seen in recordings. */
import type { Json, Premises } from '../kit/desk.ts';
import { htmlToText } from '../kit/html.ts';
import type { Attachments } from './attachments.ts';
import { SUPPORT_EMAIL } from './catalog.ts';
import { notOneOf, validationFailed } from './errors.ts';
import type { Conversation, Person, Store, Ticket } from './model.ts';
import type { Settings } from './settings.ts';
import { settleSla } from './sla.ts';

export interface Views {
  /** As in a list. */
  row(ticket: Ticket): Json;
  texts(ticket: Ticket): Json;
  /** As by itself. */
  whole(ticket: Ticket): Json;
  extras(ticket: Ticket, wanted: ReadonlySet<string>): Json;
  conversation(ticket: Ticket, item: Conversation): Json;
  /** What `include` asks for; refuses what is not known. */
  includes(query: URLSearchParams, known: readonly string[]): ReadonlySet<string>;
}

/** Reply = source 0 and category 3, note = 2 and 2, forwarded mail = 8 and 6, survey answer = 6 and 7; a customer's mail is a reply of category 1. */
const KINDS: Readonly<Record<Conversation['kind'], { readonly source: number; readonly category: number }>> = {
  reply: { source: 0, category: 3 },
  note: { source: 2, category: 2 },
  forward: { source: 8, category: 6 },
  survey: { source: 6, category: 7 },
};

const contactOf = ({ id, name, email, mobile, phone }: Person): Json => ({ id, name, email, mobile, phone });

export function createViews(parts: { readonly store: Store; readonly attachments: Attachments; readonly premises: Premises; readonly settings: Settings }): Views {
  const { store, attachments, premises, settings } = parts;

  const row = (ticket: Ticket): Json => {
    settleSla(ticket, premises.clock.now(), settings.sla_fill_ms);
    return {
      cc_emails: ticket.cc_emails,
      fwd_emails: [],
      reply_cc_emails: ticket.cc_emails,
      ticket_cc_emails: ticket.cc_emails,
      ticket_bcc_emails: [],
      fr_escalated: false,
      spam: ticket.spam,
      email_config_id: null,
      group_id: ticket.group_id,
      priority: ticket.priority,
      requester_id: ticket.requester_id,
      responder_id: ticket.responder_id,
      source: ticket.source,
      company_id: ticket.company_id,
      status: ticket.status,
      subject: ticket.subject,
      association_type: null,
      support_email: null,
      to_emails: null,
      product_id: null,
      id: ticket.id,
      type: ticket.type,
      due_by: ticket.due_by,
      fr_due_by: ticket.fr_due_by,
      is_escalated: false,
      custom_fields: ticket.custom_fields,
      created_at: ticket.created_at,
      updated_at: ticket.updated_at,
      associated_tickets_count: null,
      tags: ticket.tags,
      nr_due_by: null,
      nr_escalated: false,
      // Only in the trash is the key there at all.
      ...(ticket.deleted ? { deleted: true } : {}),
    };
  };
  const texts = (ticket: Ticket): Json => ({ description: ticket.description, description_text: htmlToText(ticket.description) });

  const conversation = (ticket: Ticket, item: Conversation): Json => {
    const mailed = item.kind === 'reply' && !item.incoming;
    return {
      body: item.body,
      body_text: htmlToText(item.body),
      id: item.id,
      incoming: item.incoming,
      private: item.private,
      user_id: item.user_id,
      support_email: mailed ? SUPPORT_EMAIL : null,
      ...KINDS[item.kind],
      ...(item.kind === 'reply' && item.incoming && { category: 1 }),
      ticket_id: ticket.id,
      to_emails: item.to_emails.length > 0 ? item.to_emails : null,
      from_email: item.from_email,
      cc_emails: item.cc_emails,
      bcc_emails: item.bcc_emails.length > 0 ? item.bcc_emails : null,
      email_failure_count: null,
      outgoing_failures: null,
      thread_id: null,
      thread_message_id: null,
      created_at: item.created_at,
      updated_at: item.updated_at,
      last_edited_at: item.last_edited_at,
      last_edited_user_id: item.last_edited_user_id,
      attachments: attachments.show(item.attachments),
      automation_id: item.automation_id,
      automation_type_id: item.automation_id === null ? null : 4,
      auto_response: item.auto_response,
      threading_type: null,
      source_additional_info: null,
    };
  };

  const extras = (ticket: Ticket, wanted: ReadonlySet<string>): Json => {
    const requester = store.people.get(ticket.requester_id);
    const company = ticket.company_id === null ? undefined : store.companies.get(ticket.company_id);
    return {
      ...(wanted.has('description') ? texts(ticket) : {}),
      ...(wanted.has('requester') && requester ? { requester: contactOf(requester) } : {}),
      ...(wanted.has('company') ? { company: company ? { id: company.id, name: company.name } : {} } : {}),
      ...(wanted.has('stats') ? { stats: ticket.stats } : {}),
      // The oldest ten, and no word that there are more.
      ...(wanted.has('conversations') ? { conversations: ticket.conversations.slice(0, 10).map((item) => conversation(ticket, item)) } : {}),
    };
  };

  return {
    row,
    texts,
    whole: (ticket) => ({
      ...row(ticket), ...texts(ticket), structured_description: null, associated_tickets_list: null, attachments: attachments.show(ticket.attachments), form_id: null,
    }),
    extras,
    conversation,
    includes(query, known) {
      const wanted = (query.get('include') ?? '').split(',').map((word) => word.trim()).filter((word) => word !== '');
      if (wanted.some((word) => !known.includes(word))) throw validationFailed([notOneOf('include', known)]);
      return new Set(wanted);
    },
  };
}
