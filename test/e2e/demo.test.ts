/** The demo: its judge, on literal states, and the whole of it as a newcomer runs it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changesBetween } from '../../src/cli/demo/changes.ts';
import { judge, type DoneTicket } from '../../src/cli/demo/judge.ts';
import { rowsOf, tableOf } from '../../src/cli/demo/table.ts';
import { viewOf, type CommentView, type DeskView, type TicketView } from '../../src/cli/demo/views.ts';
import { freePort, isTaken } from '../support/free-port.ts';
import { deskmesh, descendants, finished, untilGone, type Running } from '../support/running.ts';
import { until } from '../support/until.ts';

const DONE: DoneTicket = {
  desk: 'zendesk',
  subject: 'Printer',
  description: 'On fire.',
  status: 'pending',
  priority: 'high',
  tags: ['paper', 'office'],
  assignee: 'ben@example.com',
  comments: [
    { desk: 'zendesk', text: 'On my way.', public: true },
    { desk: 'freshdesk', text: 'Again?', public: false },
  ],
  deletedOn: null,
};

const said = (text: string, open: boolean): CommentView => ({ id: text, text, public: open, by: 'ann@example.com' });
const ORIGINAL: TicketView = {
  id: '1',
  subject: 'Printer',
  description: 'On fire.',
  status: 'pending',
  priority: 'high',
  tags: ['office', 'paper'],
  assignee: 'ben@example.com',
  deleted: false,
  copy: false,
  comments: [said('On my way.', true), said('Ann Agent (freshdesk): Again?', false)],
};
const COPY: TicketView = { ...ORIGINAL, id: '2', copy: true, comments: [said('Ann Agent (zendesk): On my way.', true), said('Again?', false)] };

const view = (desk: string, ...tickets: readonly TicketView[]): DeskView => ({
  desk,
  tickets,
  names: new Map([['ann@example.com', 'Ann Agent']]),
  ids: new Map(),
  writes: [],
  writeCount: 0,
  faultCount: 0,
  webhooksWaiting: 0,
});
/** The verdict when Freshdesk shows this and Zendesk what people wrote. */
const verdictOn = (...shown: readonly TicketView[]) => judge([DONE], [view('zendesk', ORIGINAL), view('freshdesk', ...shown)]);
const kinds = (verdict: ReturnType<typeof judge>): readonly string[] => verdict.problems.map(({ desk, kind }) => `${desk} ${kind}`);

describe('the judge', () => {
  test('counts a ticket on the other desk, and each comment on the desk that it was not written on', () => {
    expect(verdictOn(COPY)).toEqual({ wanted: 3, mirrored: 3, problems: [] });
  });

  test('misses a ticket together with its comments', () => {
    const verdict = verdictOn();
    expect(verdict).toMatchObject({ wanted: 3, mirrored: 0 });
    expect(verdict.problems.map(({ what }) => what)).toEqual([
      'is missing',
      'the public comment “On my way.” is missing',
      'the private comment “Again?” is missing',
    ]);
  });

  test('misses a comment', () => {
    const verdict = verdictOn({ ...COPY, comments: COPY.comments.slice(1) });
    expect(verdict).toMatchObject({ wanted: 3, mirrored: 2 });
    expect(kinds(verdict)).toEqual(['freshdesk missing']);
  });

  test('sees a doubled ticket, also when one of the two is in the trash already', () => {
    for (const second of [{ ...COPY, id: '3', comments: [] }, { ...COPY, id: '3', comments: [], deleted: true }]) {
      const verdict = verdictOn(COPY, second);
      expect(verdict).toMatchObject({ wanted: 3, mirrored: 2 });
      expect(kinds(verdict)).toEqual(['freshdesk doubled']);
    }
  });

  test('sees a ticket doubled on the desk that it comes from', () => {
    const verdict = judge([DONE], [view('zendesk', ORIGINAL, { ...COPY, id: '3' }), view('freshdesk', COPY)]);
    expect(verdict.mirrored).toBeLessThan(verdict.wanted);
    expect(kinds(verdict)).toContain('zendesk doubled');
  });

  test('sees a doubled comment, whichever of the two has the author line', () => {
    for (const text of ['On my way.', 'Ann Agent (zendesk): On my way.', 'Bot (freshdesk): Ann Agent (zendesk): On my way.']) {
      const verdict = verdictOn({ ...COPY, comments: [...COPY.comments, { ...said(text, true), id: 'second' }] });
      expect(verdict).toMatchObject({ wanted: 3, mirrored: 2 });
      expect(kinds(verdict)).toEqual(['freshdesk doubled']);
    }
  });

  test('sees a private comment that is public elsewhere, also if it is private there a second time', () => {
    const wide = said('Again?', true);
    expect(kinds(verdictOn({ ...COPY, comments: [COPY.comments[0] ?? wide, wide] }))).toEqual(['freshdesk wider']);
    expect(kinds(verdictOn({ ...COPY, comments: [...COPY.comments, { ...wide, id: 'second' }] }))).toEqual(['freshdesk wider']);
  });

  test('sees a public comment that is private elsewhere', () => {
    expect(kinds(verdictOn({ ...COPY, comments: [said('On my way.', false), said('Again?', false)] }))).toEqual(['freshdesk different']);
  });

  test('sees what nobody wrote, and what nobody opened', () => {
    expect(kinds(verdictOn({ ...COPY, comments: [...COPY.comments, said('Hello?', true)] }))).toEqual(['freshdesk unexpected']);
    expect(kinds(verdictOn(COPY, { ...COPY, id: '3', subject: 'Scanner' }))).toEqual(['freshdesk unexpected']);
  });

  test.each([
    ['status', { status: 'open' }],
    ['priority', { priority: 'low' }],
    ['tags', { tags: ['office'] }],
    ['assignee', { assignee: null }],
    ['description', { description: 'On fir' }],
  ])('sees that the %s differs', (name, patch) => {
    const verdict = verdictOn({ ...COPY, ...patch });
    expect(verdict).toMatchObject({ wanted: 3, mirrored: 2, problems: [{ kind: 'different', desk: 'freshdesk' }] });
    expect(verdict.problems[0]?.what).toMatch(new RegExp(`^${name} is `));
  });

  test('counts a deletion on every other desk: in the trash or gone, but not still there, and not for nothing', () => {
    const gone = [{ ...DONE, deletedOn: 'zendesk' }];
    const trash = { ...ORIGINAL, deleted: true };
    expect(judge(gone, [view('zendesk', trash), view('freshdesk', { ...COPY, deleted: true }), view('helpdesk')])).toEqual({ wanted: 2, mirrored: 2, problems: [] });
    expect(kinds(judge(gone, [view('zendesk', trash), view('freshdesk', COPY)]))).toEqual(['freshdesk missing']);
    expect(kinds(judge(gone, [view('zendesk', trash), view('freshdesk', { ...COPY, deleted: true }, { ...COPY, id: '3', deleted: true })]))).toEqual(['freshdesk doubled']);
    expect(verdictOn({ ...COPY, deleted: true }).problems[0]?.what).toBe('is deleted, but nobody deleted it');
  });
});

test('the table shows every desk, and says where something is wrong', () => {
  const views = [view('zendesk', ORIGINAL), view('freshdesk')];
  expect(tableOf(rowsOf([DONE], views, judge([DONE], views)))).toEqual([
    'ticket   desk       status   priority  tags          assignee         comments             alike',
    '-------  ---------  -------  --------  ------------  ---------------  -------------------  -----',
    'Printer  zendesk    pending  high      office paper  ben@example.com  1 public, 1 private  yes',
    '         freshdesk  missing                                                                NO',
  ]);
});

describe('what is shown of a desk', () => {
  const state = (tickets: readonly unknown[], writes: readonly { readonly path: string; readonly by: string }[]) => ({
    service: 'freshdesk',
    tickets,
    users: [
      { id: 1, name: 'Ann Agent', email: 'ann@example.com' },
      { id: 9, name: 'Deskmesh Bot', email: 'bot@example.com' },
    ],
    writes,
    write_count: writes.length,
    fault_count: 0,
    deliveries: { waiting: 0 },
  });
  const ticket = {
    id: 12, subject: 'Printer', description_text: 'On\nfire.', status: 2, priority: 3, tags: ['office', 'dm-abcdefghijklmnop'], responder_id: null,
    comments: [{ id: 5, user_id: 9, body_text: 'Ann Agent (zendesk):\nAgain?\ndm-abcdefghijklmnoq', private: true }],
  };
  const before = state([ticket], [{ path: '/api/v2/tickets', by: 'bot@example.com' }]);

  test('is in common words, without our keys', () => {
    expect(viewOf(before).tickets).toEqual([
      {
        id: '12', subject: 'Printer', description: 'On fire.', status: 'open', priority: 'high', tags: ['office'], assignee: null, deleted: false, copy: true,
        comments: [{ id: '5', text: 'Ann Agent (zendesk): Again?', public: false, by: 'bot@example.com' }],
      },
    ]);
  });

  test('is told as changes, with who made them', () => {
    const after = state(
      [{ ...ticket, status: 3, responder_id: 1, comments: [...ticket.comments, { id: 6, user_id: 1, body_text: 'Yes.', private: false }] }],
      [...before.writes, { path: '/api/v2/tickets/12', by: 'ann@example.com' }],
    );
    const told = (from: typeof before | null, to: typeof before): readonly string[] =>
      changesBetween(from === null ? undefined : viewOf(from), viewOf(to)).map(({ by, what }) => `${by}: ${what}`);
    expect(told(null, before)).toEqual(['Deskmesh: opened, priority high, tags office', 'Deskmesh: private comment “Ann Agent (zendesk): Again?”']);
    expect(told(before, after)).toEqual(['Ann Agent: status open → pending', 'Ann Agent: assignee nobody → ann@example.com', 'Ann Agent: public comment “Yes.”']);
    expect(told(before, before)).toEqual([]);
  });
});

describe('deskmesh demo', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'deskmesh-demo-test-'));
    // The database of a demo that root starts runs as another user.
    await chmod(folder, 0o755);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Its processes, once it has started them all. */
  const started = async (demo: Running) => {
    await until(() => demo.lines.some((line) => line.startsWith('1. ')), { what: () => `the story has not begun: ${demo.stderr()}` });
    return descendants(demo.pid);
  };
  const nothingLeft = async (processes: Awaited<ReturnType<typeof started>>, port: number): Promise<void> => {
    expect(processes.some(({ command }) => command.includes('postgres'))).toBe(true);
    await untilGone(processes, 0);
    expect(await readdir(folder)).toEqual([]);
    await expect(isTaken(port)).resolves.toBe(false);
  };

  test('--once plays the story, says how much was mirrored, and leaves nothing behind', async () => {
    const port = await freePort();
    const demo = deskmesh(['demo', '--once'], { TMPDIR: folder, PORT: String(port) });
    const processes = await started(demo);
    const { code, stdout, stderr } = await finished(demo);
    expect({ code, stderr, last: stdout.split('\n').at(-1) }).toEqual({ code: 0, stderr: '', last: 'demo: 16 of 16 mirrored' });
    expect(stdout).not.toContain('\u001b');
    await nothingLeft(processes, port);
  });

  test('stops cleanly on Ctrl-C in the middle of the story', async () => {
    const port = await freePort();
    const demo = deskmesh(['demo'], { TMPDIR: folder, PORT: String(port) });
    const processes = await started(demo);
    expect(await demo.stop('SIGINT')).toEqual({ code: 130, signal: null });
    expect(demo.stderr()).toBe('');
    await nothingLeft(processes, port);
  });
});
