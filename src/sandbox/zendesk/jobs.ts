/**
 * Background jobs: queued in the answer, worked off at once, finished when somebody asks again. Kept for a day, thirty at a
 * time. Source: developer.zendesk.com "Job statuses", recorded answers.
 */
import { randomBytes } from 'node:crypto';
import { Refused, type Json, type Premises, type Reply, type Route } from '../kit/desk.ts';
import { missingParameter, notFound, tooManyJobs } from './errors.ts';

const LIFE_MS = 24 * 3_600_000;
const AT_ONCE = 30;

export interface Jobs {
  readonly routes: readonly Route[];
  /** Does `act` for each row in turn; what it throws as a refusal is that row's result. */
  run<Row>(type: string, rows: readonly Row[], act: (row: Row, index: number) => Json): Reply;
  clear(): void;
}

interface Job {
  readonly id: string;
  readonly type: string;
  readonly results: readonly Json[];
  readonly at: number;
  /** How often it has been asked for. */
  asked: number;
}

export function createJobs(premises: Premises, limited: () => boolean): Jobs {
  const jobs = new Map<string, Job>();

  const show = (job: Job): Json => {
    const done = job.asked > 0;
    const failed = done && job.results.length > 0 && job.results.every((result) => result['success'] === false || 'error' in result);
    return {
      id: job.id,
      job_type: job.type,
      url: `${premises.url()}/api/v2/job_statuses/${job.id}.json`,
      total: job.results.length,
      progress: done ? job.results.length : null,
      status: failed ? 'failed' : done ? 'completed' : 'queued',
      message: done ? `Completed at ${new Date(premises.clock.now()).toISOString().slice(0, 19)}Z` : null,
      results: done ? job.results : null,
    };
  };
  const ask = (id: string): Job | undefined => {
    const job = jobs.get(id);
    if (!job || job.at + LIFE_MS < premises.clock.now()) return undefined;
    job.asked += 1;
    return job;
  };

  return {
    run(type, rows, act) {
      const now = premises.clock.now();
      for (const [id, { at }] of jobs) if (at + LIFE_MS < now) jobs.delete(id);
      if (limited() && [...jobs.values()].filter(({ asked }) => asked === 0).length >= AT_ONCE) throw tooManyJobs();
      const results = rows.map((row, index): Json => {
        try {
          return act(row, index);
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          const body = error.reply.body as Json | undefined;
          return { index, success: false, error: typeof body?.['error'] === 'string' ? body['error'] : 'RecordInvalid', details: printable(body), status: 'Failed' };
        }
      });
      const job: Job = { id: `V3-${randomBytes(16).toString('hex')}`, type, results, at: now, asked: 0 };
      jobs.set(job.id, job);
      return { status: 200, body: { job_status: show(job) } };
    },
    clear: () => jobs.clear(),
    routes: [
      {
        method: 'GET',
        path: '/api/v2/job_statuses',
        handle: () => ({ status: 200, body: { job_statuses: [...jobs.values()].map(show) } }),
      },
      {
        method: 'GET',
        path: '/api/v2/job_statuses/show_many',
        handle: ({ query }) => {
          const ids = query.get('ids')?.split(',') ?? [];
          if (ids.length === 0) throw missingParameter('ids');
          return { status: 200, body: { job_statuses: ids.flatMap((id) => ask(id) ?? []).map(show) } };
        },
      },
      {
        method: 'GET',
        path: '/api/v2/job_statuses/:id',
        handle: ({ params }) => {
          const job = ask(params['id'] ?? '');
          return job ? { status: 200, body: { job_status: show(job) } } : notFound();
        },
      },
    ],
  };
}

const printable = (body: Json | undefined): string => (typeof body?.['description'] === 'string' ? body['description'] : '');
