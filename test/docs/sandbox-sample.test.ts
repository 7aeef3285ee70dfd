/** What docs/sandbox.md shows, run as it stands there: a client of a vendor, tested against the fake desk. */
import { expect, test } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/index.ts';

test('the sample of docs/sandbox.md', async () => {
  const [desk] = await startSandbox({ only: ['helpdesk'] });
  if (desk === undefined) throw new Error('no such desk');
  try {
    const headers = { authorization: `Bearer ${desk.credentials['key']}`, 'x-workspace-id': desk.credentials['workspace'] ?? '', 'content-type': 'application/json' };
    const create = (subject: string): Promise<Response> =>
      fetch(`${desk.url}/helpdesk/api/v1/tickets`, { method: 'POST', headers, body: JSON.stringify({ ticket: { subject } }) });

    // An ordinary call: the vendor's own paths, bodies and headers.
    expect((await create('Cannot log in')).status).toBe(201);

    // The next create is done, and its answer is lost on the way: what does your client do?
    desk.faults({ kind: 'lost-response', method: 'POST', times: 1 });
    await expect(create('Cannot log out')).rejects.toThrow();

    // The desk's own account of what happened to it.
    const { tickets, write_count } = desk.state() as { tickets: { subject: string }[]; write_count: number };
    expect(tickets.map(({ subject }) => subject)).toEqual(['Cannot log in', 'Cannot log out']);
    expect(write_count).toBe(2);

    // As it was at the start.
    desk.reset();
    expect((desk.state() as { tickets: unknown[] }).tickets).toEqual([]);

    // A limit of two calls a minute, and then the minute is over, without waiting for it.
    desk.settings({ rate_limit: 2 });
    const statuses = [];
    for (const subject of ['a', 'b', 'c']) statuses.push((await create(subject)).status);
    expect(statuses).toEqual([201, 201, 429]);
    desk.settings({ clock_offset_ms: 61_000 });
    expect((await create('d')).status).toBe(201);
  } finally {
    await desk.close();
  }
});
