/** The calls to one Pigeonhole. */
import type { Comment, CommentDraft, Person, Ticket, TicketFields, Warning } from '../../../src/core/model.ts';
import { DeskFailure, type Changes, type Page, type Written, type WrittenComment } from '../../../src/ports/connector.ts';
import { without } from '../../../src/connectors/kit/hold.ts';
import type { Http } from '../../../src/connectors/kit/http.ts';
import { nextPage, openPage } from '../../../src/connectors/kit/paging.ts';
import { bytes } from '../../../src/connectors/kit/text.ts';
import { fromCase, fromNote, hold, toCase, toNote } from './map.ts';
import { aCase, aNote, cases, changeLog, me, notes } from './shapes.ts';

export const MAX_NOTE_BYTES = 32_768;

export function openClient(http: Http) {
  const path = (id: string): string => `/cases/${encodeURIComponent(id)}`;

  return {
    async getTicket(id: string): Promise<Ticket> {
      return fromCase(aCase(await http.get(path(id))).case);
    },

    async listTickets(page: string | null): Promise<Page<Ticket>> {
      const turn = openPage(page);
      const number = Number(turn.cursor ?? '1');
      const found = cases(await http.get(`/cases?page=${number}`));
      return { items: found.cases.map(fromCase), next: nextPage(turn, found.more ? String(number + 1) : null) };
    },

    async listComments(id: string): Promise<Page<Comment>> {
      return { items: notes(await http.get(`${path(id)}/notes`)).notes.map(fromNote), next: null };
    },

    /** The desk numbers its changes, so the number is where to go on. */
    async changes(cursor: string | null, since: number): Promise<Changes> {
      const from = cursor === null ? `since=${new Date(since).toISOString()}` : `after=${Number(cursor)}`;
      const { changes, last, more } = changeLog(await http.get(`/changes?${from}`));
      if (more && cursor !== null && last <= Number(cursor)) throw new DeskFailure('surprise', 'the list of changes does not go on');
      return { items: changes.map((one) => ({ ticketId: String(one.case), modified_at: one.at, is_deleted: one.gone })), cursor: String(last), more };
    },

    async createTicket(fields: TicketFields, key: string, files: number): Promise<Written> {
      const { held, warnings } = hold(fields);
      const json = { case: { title: '(no title)', ...toCase(held), reference: key } };
      const ticket = fromCase(aCase(await http.send('POST', '/cases', { json })).case);
      return { id: ticket.id, ticket, warnings: [...warnings, ...noFiles(files)] };
    },

    async updateTicket(id: string, patch: TicketFields): Promise<Written> {
      const { held, warnings } = hold(patch);
      const told: Warning[] = held.requester === undefined ? [] : [{ field: 'requester', reason: 'it is set only when a case is made' }];
      const json = { case: toCase(without(held, ['requester'])) };
      if (Object.keys(json.case).length === 0) return { id, ticket: null, warnings: [...warnings, ...told] };
      return { id, ticket: fromCase(aCase(await http.send('PATCH', path(id), { json })).case), warnings: [...warnings, ...told] };
    },

    async deleteTicket(id: string): Promise<void> {
      await http.send('DELETE', path(id));
    },

    async createComment(id: string, draft: CommentDraft, key: string, files: number): Promise<WrittenComment> {
      const note = toNote(draft, key);
      if (bytes(String(note.html)) > MAX_NOTE_BYTES) throw new DeskFailure('refused', `a note has at most ${MAX_NOTE_BYTES} bytes`);
      return { comment: fromNote(aNote(await http.send('POST', `${path(id)}/notes`, { json: { note } })).note), warnings: noFiles(files) };
    },

    async find(key: string): Promise<Ticket | null> {
      const found = cases(await http.get(`/cases?reference=${encodeURIComponent(key)}`)).cases.map(fromCase);
      // A desk that did not know the parameter would list just any cases.
      return found.find((ticket) => ticket.key === key) ?? null;
    },

    async check(): Promise<Person> {
      const { name, mail } = me(await http.get('/me'));
      return { user_id: null, email: mail, name };
    },
  };
}

function noFiles(count: number): readonly Warning[] {
  return count === 0 ? [] : [{ field: 'attachments', reason: 'Pigeonhole takes no files' }];
}
