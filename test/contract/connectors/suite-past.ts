/** Past the unified model: lists narrowed and sorted, the desk's own objects, and calls that are passed on; where the desk can. */
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Ticket, TicketFields } from '../../../src/core/model.ts';
import type { Desk, TicketQuery } from '../../../src/ports/connector.ts';
import { all, failureOf, type Bench } from './bench.ts';
import { openSpoiler, type Spoiler } from './spoiler.ts';

export function pastSuite(bench: Bench): void {
  describe('lists', () => {
    const listed = (query: TicketQuery): Promise<readonly Ticket[]> => all((page) => bench.desk.listTickets(page, query));

    test('are narrowed to exactly those that are asked for', async () => {
      const { desk, premises, newKey } = bench;
      const { filters = [] } = desk.can.lists ?? {};
      const made = new Map<string, TicketFields>();
      for (const fields of [{ status: 'open', priority: 'low' }, { status: 'pending', priority: 'urgent' }, { status: 'resolved', priority: 'low' }, { status: 'open', priority: 'urgent' }] as const) {
        // As the desk shows them: not every desk has each of these words.
        made.set((await bench.create(fields)).id, desk.forecast(fields));
      }
      const [first = ''] = made.keys();
      const those = (fits: (fields: TicketFields) => boolean): readonly string[] => [...made].filter(([, fields]) => fits(fields)).map(([id]) => id).sort();
      const ids = async (query: TicketQuery): Promise<readonly string[]> => (await listed(query)).map(({ id }) => id).sort();
      if (filters.includes('status')) {
        for (const status of ['open', 'pending', 'resolved', 'closed'] as const) expect([status, await ids({ status })]).toEqual([status, those((one) => one.status === status)]);
      }
      if (filters.includes('priority')) expect(await ids({ priority: 'urgent' })).toEqual(those(({ priority }) => priority === 'urgent'));
      if (filters.includes('status') && filters.includes('priority')) expect(await ids({ status: 'open', priority: 'low' })).toEqual([first]);
      if (filters.includes('assignee') && desk.can.fields.assignee !== undefined) {
        await desk.updateTicket(first, { assignee: { user_id: null, email: premises.agent, name: null } }, newKey());
        const { assignee } = await desk.getTicket(first);
        expect(await ids({ assignee: { user_id: null, email: premises.agent, name: null } })).toEqual([first]);
        if (assignee?.user_id != null) expect(await ids({ assignee: { user_id: assignee.user_id, email: null, name: null } })).toEqual([first]);
        expect(await ids({ assignee: { user_id: null, email: 'nobody@elsewhere.example', name: null } })).toEqual([]);
      }
      if (filters.includes('modified_after')) {
        expect(await ids({ modified_after: '2000-01-01T00:00:00Z' })).toEqual([...made.keys()].sort());
        expect(await ids({ modified_after: '2100-01-01T00:00:00Z' })).toEqual([]);
      }
    });

    test('come in the orders that are offered', async () => {
      const { desk, human, newKey } = bench;
      const ids: string[] = [];
      for (let i = 0; i < 3; i += 1) ids.push((await bench.create()).id);
      const touched = ids[0] ?? '';
      await human.updateTicket(touched, { subject: 'Touched last' }, newKey());
      for (const order_by of desk.can.lists?.orders ?? []) {
        const seen = await listed({ order_by });
        expect([...seen.map(({ id }) => id)].sort()).toEqual([...ids].sort());
        const times = seen.map((ticket) => Date.parse((order_by.endsWith('created_at') ? ticket.created_at : ticket.modified_at) ?? ''));
        expect([order_by, times]).toEqual([order_by, times.toSorted((a, b) => (order_by.startsWith('-') ? b - a : a - b))]);
      }
    });
  });

  describe('past the unified model', () => {
    let spoiler: Spoiler | undefined;
    let between: Spoiler;
    let through: Desk;
    beforeEach(async () => {
      between = spoiler ??= await openSpoiler(bench.premises.url);
      between.clear();
      through = bench.connect(bench.premises.credentials, { url: between.url });
    });
    afterAll(() => spoiler?.close());

    test('what a reading was made of is told, and of nothing else', async () => {
      const { desk, newKey } = bench;
      if (desk.raw === undefined) return;
      const { id } = await bench.create();
      const ticket = await desk.getTicket(id);
      expect(JSON.stringify(desk.raw(ticket))).toContain(id);
      const [listed] = (await desk.listTickets(null)).items;
      if (listed !== undefined) expect(desk.raw(listed)).toBeDefined();
      expect(desk.raw({ ...ticket })).toBeUndefined();
      if (!desk.can.comments.create) return;
      await desk.createComment(id, { content: '<p>Raw words</p>', public: false }, newKey());
      const [comment] = (await desk.listComments(id, null)).items;
      expect(comment === undefined ? undefined : JSON.stringify(desk.raw(comment))).toContain('Raw words');
    });

    test('a call is passed on as the account’s, to its own desk only, and every answer comes back', async () => {
      if (through.pass === undefined) return;
      const { id } = await bench.create();
      await through.getTicket(id);
      const [own] = between.asked;
      if (own === undefined) throw new Error('the desk was not asked');
      between.clear();
      const answer = await through.pass({ method: 'GET', path: own.path, headers: { 'x-more': 'yes', authorization: 'Bearer somebody-else' }, body: null });
      expect(answer.status).toBe(200);
      expect(Buffer.from(answer.body).toString('utf8')).toContain(id.replace(/^\D+/, ''));
      const identity = (headers: object): unknown => Object.entries(headers).filter(([name]) => ['authorization', 'x-token', 'x-workspace-id', 'hs-client-id'].includes(name)).sort();
      expect(between.asked.map(({ headers }) => [identity(headers), headers['x-more']])).toEqual([[identity(own.headers), 'yes']]);

      const missing = await through.pass({ method: 'POST', path: '/no/such/place', headers: {}, body: Buffer.from('{}') });
      expect(missing.status).toBeGreaterThanOrEqual(400);

      between.spoil(() => true, (response) => response.writeHead(302, { location: 'https://elsewhere.example/' }).end('moved'));
      expect(await through.pass({ method: 'GET', path: own.path, headers: {}, body: null })).toMatchObject({ status: 302, headers: { location: 'https://elsewhere.example/' } });
      between.clear();
      for (const path of ['//elsewhere.example/x', 'https://elsewhere.example/x', 'x', '\\\\elsewhere.example/x']) {
        expect((await failureOf(through.pass({ method: 'GET', path, headers: {}, body: null }))).kind).toBe('refused');
      }
      expect(between.asked).toEqual([]);

      between.spoil(() => true, (response) => response.destroy());
      expect((await failureOf(through.pass({ method: 'GET', path: own.path, headers: {}, body: null }))).kind).toBe('unavailable');
      expect((await failureOf(through.pass({ method: 'PUT', path: own.path, headers: {}, body: Buffer.from('{}') }))).kind).toBe('unsure');
      expect(between.asked).toHaveLength(2);
    });
  });
}
