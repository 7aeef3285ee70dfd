/**
 * What every connector must do, told against a desk that answers: the real connector, a running desk, and a second pair of
 * credentials for the people who work there. What is expected follows from the desk's own `can`.
 */
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FIELD_NAMES, type TicketFields } from '../../../src/core/model.ts';
import { DeskFailure, type Desk, type FailureKind } from '../../../src/ports/connector.ts';
import { verify } from '../../../src/core/signature.ts';
import { createValidator } from '../../../src/contracts/validator.ts';
import { decoderFor } from '../../../src/engine/decode.ts';
import { failureOf, openBench, REQUESTER, shown, type Premises } from './bench.ts';
import { openReceiver } from './receiver.ts';
import { answersSuite } from './suite-answers.ts';
import { filesSuite } from './suite-files.ts';
import { pastSuite } from './suite-past.ts';
import { textsSuite } from './suite-texts.ts';
import { writesSuite } from './suite-writes.ts';

/** Values that are unlike any default, so that a field that was not written shows. */
const FULL: TicketFields = {
  subject: 'Screen <b>flickers</b> & “hums” 🖥️',
  description: '<p>Since <strong>Monday</strong> &amp; every day.</p><p>Second paragraph</p>',
  status: 'pending',
  priority: 'high',
  ticket_type: 'incident',
  tags: ['hardware', 'vip'],
  requester: REQUESTER,
};

export function deskSuite(name: string, open: () => Promise<Premises>): void {
  describe(name, () => {
    const bench = openBench(name, open);
    const { connect, newKey, create, allTickets, allComments } = bench;
    let premises: Premises;
    let desk: Desk;
    let human: Desk;

    beforeEach(async () => {
      await bench.ready();
      ({ premises, desk, human } = bench);
    });
    afterAll(() => bench.close());

    describe('credentials', () => {
      test('check tells who we are', async () => {
        const who = await desk.check();
        expect(who.name).toEqual(expect.any(String));
      });

      test('wrong ones are unauthorised, and are seen nowhere in the failure', async () => {
        const wrong = Object.fromEntries(Object.keys(premises.credentials).map((field) => [field, `${field}@wrong-secret-value.example`]));
        const failure = await failureOf(connect(wrong).check());
        expect(failure.kind).toBe('unauthorised');
        expect(`${failure.message} ${JSON.stringify(failure)} ${failure.stack}`).not.toContain('wrong-secret-value');
      });
    });

    describe('tickets', () => {
      test('a ticket reads back as forecast, with its key and without its mark', async () => {
        const fields = { ...FULL, ...(desk.can.fields.assignee && { assignee: { user_id: null, email: premises.agent, name: null } }) };
        const key = newKey();
        const written = await desk.createTicket(fields, key);
        const names = FIELD_NAMES.filter((field) => desk.can.fields[field] !== undefined);
        const expected = shown(desk.forecast(fields), names);
        const seen = await desk.getTicket(written.id);
        expect(shown(seen, Object.keys(expected))).toEqual(expected);
        expect({ ...expected, ...shown(written.ticket ?? {}, Object.keys(expected)) }).toEqual(expected);
        expect(seen.key).toBe(key);
        expect(JSON.stringify(seen.tags)).not.toContain(key);
        expect(seen.is_deleted).toBe(false);
        expect(seen.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      });

      test('a minimal ticket can be made', async () => {
        const written = await create();
        expect((await desk.getTicket(written.id)).subject).toBe('A ticket');
      });

      test('every status and priority survives the way there and back', async () => {
        for (const status of ['open', 'pending', 'resolved'] as const) {
          const { id, warnings } = await create({ status });
          const { status: seen } = await desk.getTicket(id);
          expect(seen).toBe(desk.forecast({ status }).status);
          // A desk with fewer words says so.
          expect(warnings.map(({ field }) => field)).toEqual(seen === status ? [] : ['status']);
        }
        if (desk.can.fields.priority === undefined) return;
        for (const priority of ['low', 'normal', 'high', 'urgent'] as const) {
          expect((await desk.getTicket((await create({ priority })).id)).priority).toBe(priority);
        }
      });

      test('an update changes what it names and nothing else, and leaves our mark', async () => {
        const { id } = await create({ ...FULL });
        const before = await desk.getTicket(id);
        const patch: TicketFields = { subject: 'Another subject', tags: ['changed'], status: 'open' };
        const written = await desk.updateTicket(id, patch, newKey());
        expect(written.warnings).toEqual([]);
        const after = await desk.getTicket(id);
        expect(shown(after)).toEqual({ ...shown(before), subject: 'Another subject', tags: ['changed'], status: 'open' });
        expect(after.key).toBe(before.key);
        // A connection that never saw the ticket keeps the mark as well.
        await connect(premises.credentials).updateTicket(id, { tags: [] }, newKey());
        const emptied = await desk.getTicket(id);
        expect(emptied.tags).toEqual([]);
        expect(emptied.key).toBe(before.key);
      });

      test('an empty patch sends nothing and an unknown type is left out with a warning', async () => {
        const { id } = await create();
        expect(await desk.updateTicket(id, {}, newKey())).toEqual({ id, ticket: null, warnings: [] });
        const written = await desk.updateTicket(id, { ticket_type: 'no-such-type' }, newKey());
        expect(written.warnings.map(({ field }) => field)).toEqual(['ticket_type']);
        expect(desk.forecast({ ticket_type: 'no-such-type' })).toEqual({});
      });

      test('somebody can be assigned and unassigned; a stranger is left out with a warning', async () => {
        if (desk.can.fields.assignee === undefined) return;
        const { id } = await create();
        const assigned = await desk.updateTicket(id, { assignee: { user_id: '1', email: premises.agent.toUpperCase(), name: 'x' } }, newKey());
        expect(assigned.warnings).toEqual([]);
        expect((await desk.getTicket(id)).assignee?.email).toBe(premises.agent);
        const stranger = await desk.updateTicket(id, { assignee: { user_id: '7', email: 'nobody@elsewhere.example', name: null } }, newKey());
        expect(stranger.warnings.map(({ field }) => field)).toEqual(['assignee']);
        expect((await desk.getTicket(id)).assignee?.email).toBe(premises.agent);
        await desk.updateTicket(id, { assignee: null }, newKey());
        expect((await desk.getTicket(id)).assignee).toBeNull();
      });

      test('the list ends and holds every ticket', async () => {
        const ids = new Set<string>();
        for (let i = 0; i < 23; i += 1) await Promise.all(Array.from({ length: 10 }, async () => ids.add((await create()).id)));
        const listed = new Set((await allTickets()).map(({ id }) => id));
        for (const id of ids) expect(listed.has(id)).toBe(true);
      });

      test('an unknown ticket is missing', async () => {
        expect((await failureOf(desk.getTicket('999999999'))).kind).toBe('missing');
        expect((await failureOf(desk.updateTicket('999999999', { subject: 'x' }, newKey()))).kind).toBe('missing');
        expect((await failureOf(desk.deleteTicket('999999999', newKey()))).kind).toBe('missing');
      });

      test('a deleted ticket is in the trash or missing, and comes back where it can be restored', async () => {
        const { id } = await create();
        await desk.deleteTicket(id, newKey());
        const gone = await desk.getTicket(id).then(
          (ticket) => ticket.is_deleted,
          (error: unknown) => error instanceof DeskFailure && error.kind === 'missing',
        );
        expect(gone).toBe(true);
        expect((await failureOf(desk.deleteTicket(id, newKey()))).kind).toBe('missing');
        expect((await failureOf(desk.updateTicket(id, { subject: 'x' }, newKey()))).kind).toBe('missing');
        expect(desk.restoreTicket !== undefined).toBe(desk.can.tickets.restore);
        if (desk.restoreTicket === undefined) return;
        await desk.restoreTicket(id, newKey());
        expect((await desk.getTicket(id)).is_deleted).toBe(false);
      });
    });

    describe('recognising our own', () => {
      test('find sees the ticket of a key and no other', async () => {
        const sentAt = Date.now();
        await create();
        const key = newKey();
        const { id } = await desk.createTicket({ subject: 'Mine', description: 'x', requester: REQUESTER }, key);
        await create();
        const found = await desk.find(key, { sentAt });
        expect(found).toMatchObject({ id, key, is_deleted: false });
        expect(await desk.find(newKey(), { sentAt })).toBeNull();
      });

      test('find sees the trash, where there is one', async () => {
        if (desk.can.tickets.delete !== 'soft') return;
        const sentAt = Date.now();
        const key = newKey();
        const { id } = await desk.createTicket({ subject: 'Mine', description: 'x', requester: REQUESTER }, key);
        await desk.deleteTicket(id, newKey());
        expect(await desk.find(key, { sentAt })).toMatchObject({ id, key, is_deleted: true });
      });

      test('a create whose answer is lost is unsure, and is found', async () => {
        premises.fault({ kind: 'lost-response', method: 'POST', times: 1 });
        const key = newKey();
        const sentAt = Date.now();
        const fields = { subject: 'Lost', description: 'x', requester: REQUESTER };
        const failure = await failureOf(desk.createTicket(fields, key));
        expect(failure).toMatchObject({ kind: 'unsure', status: null });
        const found = await desk.find(key, { sentAt });
        expect(found).toMatchObject({ key, subject: 'Lost' });
        if (desk.can.tickets.idempotentCreateMs === 0) return;
        const again = await desk.createTicket(fields, key);
        expect(again.id).toBe(found?.id);
        expect((await allTickets()).filter((ticket) => ticket.subject === 'Lost')).toHaveLength(1);
      });

      test('a create is sent once even if the desk fails', async () => {
        premises.fault({ kind: 'status', method: 'POST', status: 500, times: 1 });
        expect((await failureOf(create())).kind).toBe('unsure');
        expect(await allTickets()).toHaveLength(0);
      });
    });

    describe('comments', () => {
      test('are listed oldest first, with visibility, key and author, without the description', async () => {
        const { id } = await create();
        if (!desk.can.comments.list) {
          expect((await failureOf(desk.listComments(id, null))).kind).toBe('refused');
          return;
        }
        const drafts = [
          { content: '<p><strong>Ann &quot;A&quot;</strong> (desk):</p><p>First &amp; <em>public</em></p>', public: true },
          { content: '<p>Second, private</p>', public: false },
          { content: '<p>Third</p><p>public</p>', public: true },
        ];
        const made: { readonly key: string; readonly id: string }[] = [];
        for (const draft of drafts) {
          const key = newKey();
          const { comment } = await desk.createComment(id, draft, key);
          expect({ content: comment.content, public: comment.public, key: comment.key }).toEqual({ ...desk.forecastComment(draft), key });
          made.push({ key, id: comment.id });
        }
        const seen = await allComments(id);
        expect(seen.map(({ key, id: commentId }) => ({ key, id: commentId }))).toEqual(made);
        expect(seen.map(({ content, public: visible }) => ({ content, public: visible }))).toEqual(drafts.map((draft) => desk.forecastComment(draft)));
        for (const comment of seen) {
          expect(comment.author?.user_id).toEqual(expect.any(String));
          expect(Date.parse(comment.created_at ?? '')).not.toBeNaN();
        }
      });

      test('a private comment is private for everybody', async () => {
        if (!desk.can.comments.private) return;
        const { id } = await create();
        await desk.createComment(id, { content: '<p>Between us</p>', public: false }, newKey());
        const { items } = await human.listComments(id, null);
        expect(items.map((comment) => comment.public)).toEqual([false]);
      });

      test('a list of many ends and holds each once', async () => {
        if (!desk.can.comments.list) return;
        const { id } = await create();
        for (let i = 0; i < 105; i += 1) await desk.createComment(id, { content: `<p>No ${i}</p>`, public: i % 2 === 0 }, newKey());
        const seen = await allComments(id);
        expect(seen.map(({ content }) => content)).toEqual(Array.from({ length: 105 }, (_, i) => desk.forecastComment({ content: `<p>No ${i}</p>`, public: true }).content));
      });

      test('a comment whose answer is lost is unsure, and its key is in the list', async () => {
        if (!desk.can.comments.keyVisible) return;
        const { id } = await create();
        for (const method of ['POST', 'PUT']) premises.fault({ kind: 'lost-response', method, times: 1 });
        const key = newKey();
        expect((await failureOf(desk.createComment(id, { content: '<p>Lost</p>', public: false }, key))).kind).toBe('unsure');
        expect((await allComments(id)).map((comment) => comment.key)).toEqual([key]);
      });

      test('a text is changed where it can be, and keeps its key', async () => {
        if (!desk.can.comments.create) return;
        const { id } = await create();
        const key = newKey();
        const { comment } = await desk.createComment(id, { content: '<p>Before</p>', public: false }, key);
        if (!desk.can.comments.edit) {
          if (desk.updateComment === undefined) return;
          const { comment: open } = await desk.createComment(id, { content: '<p>Open</p>', public: true }, newKey());
          expect((await failureOf(desk.updateComment(id, open.id, { content: '<p>After</p>', public: true }, newKey()))).kind).toBe('refused');
          return;
        }
        for (const connection of [desk, connect(premises.credentials)]) {
          await connection.updateComment?.(id, comment.id, { content: '<p>After</p>', public: false }, key);
          expect(await allComments(id)).toMatchObject([{ id: comment.id, content: '<p>After</p>', key, public: false }]);
        }
        const failure = desk.updateComment?.(id, 'no-such', { content: 'x', public: false }, key);
        expect((await failureOf(failure ?? Promise.resolve())).kind).toBe('missing');
      });

      test('a public comment is made private where it can be, and never shown again', async () => {
        if (!desk.can.comments.makePrivate) return;
        const { id } = await create();
        const key = newKey();
        const { comment } = await desk.createComment(id, { content: '<p>Oops</p>', public: true }, key);
        const after = await desk.updateComment?.(id, comment.id, { content: '<p>Oops</p>', public: false }, key);
        expect(after?.comment).toMatchObject({ id: comment.id, public: false, key, content: '<p>Oops</p>' });
      });

      test('a comment is deleted where it can be, once', async () => {
        if (desk.deleteComment === undefined) {
          expect(desk.can.comments.delete).toBe(false);
          return;
        }
        const { id } = await create();
        const { comment } = await desk.createComment(id, { content: '<p>Gone soon</p>', public: false }, newKey());
        await desk.deleteComment(id, comment.id, newKey());
        expect(await allComments(id)).toEqual([]);
        expect((await failureOf(desk.deleteComment(id, comment.id, newKey()))).kind).toBe('missing');
      });

      test.each([
        ['emoji and right-to-left', '<p>😀 שלום مرحبا ﷽</p>'],
        ['braces', '<p>{{ticket.id}} and {{ nothing }} and {% if %}</p>'],
        ['XML ends', '<p>]]&gt; &lt;!-- --&gt; &amp;amp;</p>'],
        ['markdown', '<p># not *a* [heading](x)</p>'],
        ['blanks and breaks', '<p>a<br>b   c</p><ul><li>d</li></ul>'],
        ['a key of ours in the middle', '<p>They wrote dm-aaaaaaaaaaaaaaaa above</p><p>and went on</p>'],
      ])('%s arrive as they left', async (_what, content) => {
        if (!desk.can.comments.create) return;
        const { id } = await create();
        await desk.createComment(id, { content, public: true }, newKey());
        expect((await allComments(id)).map((comment) => comment.content)).toEqual([desk.forecastComment({ content, public: true }).content]);
      });

      test('a comment that is too long is refused, not cut', async () => {
        if (!desk.can.comments.create) return;
        const { id } = await create();
        const content = `<p>${'x'.repeat(desk.can.comments.maxBytes)}</p>`;
        expect((await failureOf(desk.createComment(id, { content, public: true }, newKey()))).kind).toBe('refused');
        expect(await allComments(id)).toEqual([]);
      });
    });

    describe('changes', () => {
      const drain = async (cursor: string | null, since: number): Promise<{ readonly ids: ReadonlyMap<string, boolean>; readonly cursor: string }> => {
        const ids = new Map<string, boolean>();
        let at = cursor;
        for (let i = 0; i < 50; i += 1) {
          const { items, cursor: next, more } = await desk.changes(at, since);
          for (const item of items) ids.set(item.ticketId, item.is_deleted);
          at = next;
          if (!more) return { ids, cursor: next };
        }
        throw new Error('the changes do not end');
      };

      test('tell what was created, changed and, where they can, deleted; and go on from there', async () => {
        const since = Date.now();
        const first = await create();
        const second = await create();
        const begun = await drain(null, since);
        expect([...begun.ids.keys()].sort()).toEqual([first.id, second.id].sort());
        const third = await create();
        await human.updateTicket(first.id, { subject: 'Changed by a person' }, newKey());
        const next = await drain(begun.cursor, 0);
        expect([...next.ids.keys()]).toEqual(expect.arrayContaining([first.id, third.id]));
        await human.deleteTicket(second.id, newKey());
        const last = await drain(next.cursor, 0);
        if (desk.can.tickets.changesTellDeletes) expect(last.ids.get(second.id)).toBe(true);
        const quiet = await drain(last.cursor, 0);
        expect(quiet.ids.size).toBeLessThanOrEqual(3);
      });

      test('are complete over many pages', async () => {
        const since = Date.now();
        const ids = new Set<string>();
        for (let i = 0; i < 13; i += 1) await Promise.all(Array.from({ length: 20 }, async () => ids.add((await create()).id)));
        const { ids: told } = await drain(null, since);
        for (const id of ids) expect(told.has(id)).toBe(true);
      });
    });

    describe('failures', () => {
      test.each<[number, number | undefined, FailureKind, FailureKind]>([
        [401, undefined, 'unauthorised', 'unauthorised'],
        [403, undefined, 'unauthorised', 'unauthorised'],
        [429, 7, 'throttled', 'throttled'],
        [503, 7, 'throttled', 'throttled'],
        [500, undefined, 'unavailable', 'unsure'],
        [502, undefined, 'unavailable', 'unsure'],
        [503, undefined, 'unavailable', 'unsure'],
        [504, undefined, 'unavailable', 'unsure'],
      ])('%i is told by its class (Retry-After %s)', async (status, retry, reading, writing) => {
        const { id } = await create();
        const fault = { kind: 'status', status, ...(retry !== undefined && { retry_after: retry }) } as const;
        premises.fault({ ...fault, method: 'GET', times: 3 });
        const read = await failureOf(desk.getTicket(id));
        expect(read).toMatchObject({ kind: reading, status });
        premises.reset();
        premises.fault({ ...fault, method: 'POST', times: 1 });
        const before = Date.now();
        const write = await failureOf(create());
        expect(write).toMatchObject({ kind: writing, status });
        if (retry !== undefined) expect(Math.abs((write.retryAt ?? 0) - before - retry * 1000)).toBeLessThan(2000);
      });

      test('a read is tried again within the call, a few times', async () => {
        const { id } = await create();
        premises.fault({ kind: 'status', method: 'GET', status: 502, times: 2 });
        expect((await desk.getTicket(id)).id).toBe(id);
        premises.fault({ kind: 'reset', method: 'GET', times: 2 });
        expect((await desk.getTicket(id)).id).toBe(id);
      });

      test('a cut connection leaves a write unsure and a read unavailable', async () => {
        const { id } = await create();
        for (const method of ['PUT', 'PATCH']) premises.fault({ kind: 'reset', method, times: 1 });
        expect((await failureOf(desk.updateTicket(id, { subject: 'x' }, newKey()))).kind).toBe('unsure');
        premises.fault({ kind: 'reset', method: 'GET', times: 3 });
        expect((await failureOf(desk.getTicket(id))).kind).toBe('unavailable');
      });

      test('a desk that is not there is unavailable: nothing was sent', async () => {
        const nowhere = connect(premises.credentials, { url: 'http://127.0.0.1:9' });
        expect((await failureOf(nowhere.getTicket('1'))).kind).toBe('unavailable');
        expect((await failureOf(nowhere.createTicket({ subject: 'x', description: 'x', requester: REQUESTER }, newKey()))).kind).toBe('unavailable');
      });
    });

    describe('the webhook', () => {
      test('is registered once, or explained', async () => {
        const url = 'http://127.0.0.1:9/hooks/1/a-long-token';
        const first = await desk.ensureWebhook(url);
        if (first.status === 'manual') {
          expect(first.steps.join('\n')).toContain(url);
          return;
        }
        expect(first.secrets).toEqual([expect.any(String)]);
        const knowing = connect(premises.credentials, { inbound_secrets: first.secrets });
        expect(await knowing.ensureWebhook(url)).toEqual(first);
        const forgetful = await desk.ensureWebhook(url);
        expect(forgetful.status).toBe('registered');
      });

      test('what the desk sends is verified, fits its schema and names the ticket', async () => {
        const receiver = await openReceiver();
        try {
          const hook = await desk.ensureWebhook(receiver.url);
          const secrets = hook.status === 'registered' ? hook.secrets : [];
          const byHand = premises.credentials.webhook_secret;
          if (byHand !== undefined) await premises.installWebhook(receiver.url, byHand);
          const { id } = await human.createTicket({ subject: 'By a person', description: 'x', requester: REQUESTER }, newKey());
          await human.updateTicket(id, { status: 'pending' }, newKey());
          await human.deleteTicket(id, newKey());
          const { about, formats, read } = premises.connector;
          const fits = createValidator(about.webhooks);
          const due = new Set<string>(premises.tells ?? ['ticket.created', 'ticket.updated', 'ticket.deleted']);
          while (due.size > 0) {
            const inbound = await receiver.next();
            expect(verify(about.signature(premises.settings), inbound, secrets, Date.now())).toEqual({ ok: true });
            const body = decoderFor(inbound.headers['content-type'], formats)(inbound.rawBody).value;
            expect(fits(body)).toEqual([]);
            const reading = read(inbound, body, premises.settings);
            expect(reading).toMatchObject({ kind: 'ticket', ticketId: id, dedupe: expect.stringMatching(/^[\x21-\x7e ]{1,200}$/) });
            if (reading.kind !== 'ticket') continue;
            if (reading.event !== undefined) due.delete(reading.event);
            if (reading.snapshot !== undefined) expect(shown(reading.snapshot).subject).toBe('By a person');
            expect(reading.deleted === true).toBe(reading.event === 'ticket.deleted');
          }
        } finally {
          await receiver.close();
        }
      });
    });

    writesSuite(bench);
    textsSuite(bench);
    filesSuite(bench);
    answersSuite(bench);
    pastSuite(bench);
  });
}
