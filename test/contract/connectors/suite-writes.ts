/** Writes: once, found again when the answer is lost, nothing wider than asked, and absent, null and empty told apart. */
import { describe, expect, test } from '@jest/globals';
import { FIELD_NAMES, MIRRORED, type FieldName, type Ticket, type TicketFields } from '../../../src/core/model.ts';
import { DeskFailure, type Changes, type Page } from '../../../src/ports/connector.ts';
import { failureOf, REQUESTER, shown, type Bench } from './bench.ts';

const EMPTIES: Readonly<Record<(typeof MIRRORED)[FieldName], readonly unknown[]>> = { exact: [null], text: [null, ''], set: [[]], person: [null] };

export function writesSuite(bench: Bench): void {
  describe('writing', () => {
    test('the same create twice with one key is one ticket, or two that carry the key, of which the first is found', async () => {
      const { desk, newKey } = bench;
      const key = newKey();
      const sentAt = Date.now();
      const fields: TicketFields = { subject: 'Twice', description: '<p>x</p>', requester: REQUESTER };
      const first = await desk.createTicket(fields, key);
      const second = await desk.createTicket(fields, key);
      if (desk.can.tickets.idempotentCreateMs > 0) expect(second.id).toBe(first.id);
      expect((await bench.allTickets()).map(({ id, key: seen }) => `${id} ${seen}`).sort()).toEqual([...new Set([first.id, second.id])].map((id) => `${id} ${key}`).sort());
      expect((await desk.find(key, { sentAt }))?.id).toBe(first.id);
    });

    test('the same comment twice with one key can be told from two comments', async () => {
      const { desk, newKey } = bench;
      if (!desk.can.comments.keyVisible) return;
      const { id } = await bench.create();
      const key = newKey();
      for (let i = 0; i < 2; i += 1) await desk.createComment(id, { content: '<p>Twice</p>', public: false }, key);
      const seen = await bench.allComments(id);
      expect(seen.length).toBeLessThanOrEqual(2);
      const { content } = desk.forecastComment({ content: '<p>Twice</p>', public: false });
      for (const comment of seen) expect(comment).toMatchObject({ key, content, public: false });
      expect(new Set(seen.map((comment) => comment.id)).size).toBe(seen.length);
    });

    test('an update whose answer is lost is unsure, and the ticket shows it', async () => {
      const { desk, premises, newKey } = bench;
      const { id } = await bench.create();
      for (const method of ['PUT', 'PATCH', 'POST']) premises.fault({ kind: 'lost-response', method, times: 1 });
      expect((await failureOf(desk.updateTicket(id, { subject: 'Lost and found' }, newKey()))).kind).toBe('unsure');
      expect((await desk.getTicket(id)).subject).toBe('Lost and found');
    });

    test('a deletion whose answer is lost is unsure, and the ticket is gone', async () => {
      const { desk, premises, newKey } = bench;
      const { id } = await bench.create();
      for (const method of ['DELETE', 'PUT', 'POST']) premises.fault({ kind: 'lost-response', method, times: 1 });
      expect((await failureOf(desk.deleteTicket(id, newKey()))).kind).toBe('unsure');
      const gone = await desk.getTicket(id).then(({ is_deleted: deleted }) => deleted, (error: unknown) => error instanceof DeskFailure && error.kind === 'missing');
      expect(gone).toBe(true);
    });

    test.each([400, 409, 413, 422])('what the desk refuses with %i is refused, or may have been done, and is never sent again', async (status) => {
      const { desk, premises, newKey } = bench;
      const { id } = await bench.create();
      for (const method of ['PUT', 'PATCH', 'POST']) premises.fault({ kind: 'status', method, status, times: 1 });
      const failure = await failureOf(desk.updateTicket(id, { subject: 'x' }, newKey()));
      // A conflict is another write under way at some desks: not done, and worth another try.
      expect(status === 409 ? ['refused', 'unavailable', 'throttled', 'unsure'] : ['refused']).toContain(failure.kind);
      expect((await desk.getTicket(id)).subject).toBe('A ticket');
    });

    test('a private comment is never public: it is private for everybody or refused', async () => {
      const { desk, human, newKey } = bench;
      if (!desk.can.comments.create) return;
      const { id } = await bench.create();
      const drafts = ['<p>Between us</p>', '<p>😀 {{ticket.id}}</p>', `<p>${'long '.repeat(2_000)}</p>`].map((content) => ({ content, public: false }));
      for (const draft of drafts) {
        if (desk.can.comments.private) {
          expect(desk.forecastComment(draft).public).toBe(false);
          expect((await desk.createComment(id, draft, newKey())).comment.public).toBe(false);
        } else expect((await failureOf(desk.createComment(id, draft, newKey()))).kind).toBe('refused');
      }
      const seen = (await human.listComments(id, null)).items;
      expect(seen.map((comment) => comment.public)).toEqual(desk.can.comments.private ? drafts.map(() => false) : []);
    });

    test.each(FIELD_NAMES)('%s: absent leaves it, null and empty are written as forecast or left out', async (field) => {
      const { desk, premises, newKey } = bench;
      const writable = desk.can.fields[field];
      if (writable !== 'always' && writable !== 'update') return;
      const full: TicketFields = {
        subject: 'Full', description: '<p>Full</p>', status: 'pending', priority: 'high', ticket_type: 'incident', tags: ['one', 'two'],
        // Some desks keep a due date on tasks only.
        ...(field === 'due_at' && { ticket_type: 'task', due_at: '2031-05-06T07:08:09Z' }),
        ...(desk.can.fields.assignee && { assignee: { user_id: null, email: premises.agent, name: null } }),
      };
      for (const empty of EMPTIES[MIRRORED[field]]) {
        const { id } = await bench.create(full);
        await desk.updateTicket(id, { subject: 'Another' }, newKey());
        const before: Ticket = await desk.getTicket(id);
        const patch: TicketFields = { [field]: empty };
        const forecast = desk.forecast(patch);
        const written = await desk.updateTicket(id, patch, newKey());
        const after = await desk.getTicket(id);
        expect(shown(after)).toEqual({ ...shown(before), ...shown(forecast, [field]) });
        if (!(field in forecast) && before[field] !== empty) expect(written.warnings.map((warning) => warning.field)).toContain(field);
      }
    });
  });

  describe('pages of a list that moves', () => {
    const many = async (count: number): Promise<string[]> => {
      const ids: string[] = [];
      for (let i = 0; i < count; i += 10) await Promise.all(Array.from({ length: 10 }, async () => ids.push((await bench.create()).id)));
      return ids;
    };

    test('hold every ticket that was there all the time, whatever is changed and made between the pages', async () => {
      const { desk, human, newKey } = bench;
      const ids = await many(220);
      const seen = new Set<string>();
      const twice: string[] = [];
      let page: string | null = null;
      do {
        const found: Page<Ticket> = await desk.listTickets(page);
        for (const { id } of found.items) {
          if (seen.has(id)) twice.push(id);
          seen.add(id);
        }
        page = found.next;
        await human.updateTicket(ids[3] ?? '', { priority: 'urgent' }, newKey());
        await human.updateTicket(ids.at(-3) ?? '', { priority: 'low' }, newKey());
        if (seen.size < 200) await bench.create();
      } while (page !== null);
      expect(ids.filter((id) => !seen.has(id))).toEqual([]);
      if ((desk.can.lists?.pages ?? 'steady') === 'steady') expect(twice).toEqual([]);
    });

    test('of changes tell every change, also those that are made between the pages', async () => {
      const { desk, human, newKey } = bench;
      const since = Date.now() - 1_000;
      const ids = await many(220);
      /** The last call that told of a ticket. */
      const told = new Map<string, number>();
      const moved = ids.slice(0, 5);
      let cursor: string | null = null;
      for (let call = 0; ; call += 1) {
        if (call === 60) throw new Error('the changes do not end');
        const { items, cursor: next, more }: Changes = await desk.changes(cursor, since);
        for (const { ticketId } of items) told.set(ticketId, call);
        cursor = next;
        const id = moved[call];
        if (id !== undefined) await human.updateTicket(id, { subject: `Moved after call ${call}` }, newKey());
        else if (!more) break;
      }
      expect(ids.filter((id) => !told.has(id))).toEqual([]);
      moved.forEach((id, call) => expect(told.get(id)).toBeGreaterThan(call));
    });
  });
}
