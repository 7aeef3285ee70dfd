/** The connection to PostgreSQL: a pool, transactions, and which errors mean that the database is away. */
import pg from 'pg';
import { AppError } from '../errors.ts';
import type { Log } from '../ports/world.ts';

export interface Sql {
  /** A prepared statement: `name` is sent once per connection, afterwards only its values are. */
  run<Row>(name: string, text: string, values: readonly unknown[]): Promise<Row[]>;
}

export interface Database extends Sql {
  /**
   * Everything in `work` is committed together, or nothing. It is done again from its beginning when it ran into another
   * transaction, so it keeps nothing of its own before it is through.
   */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** One statement may write the same table twice. */
  readonly wide: boolean;
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/**
 * Prepared statements keep the plan of their first executions, which on a young database is to read whole tables. Every
 * statement of ours finds its rows by an index, so that is what the planner is told to do.
 */
const BY_INDEX = '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';

/** `plain: true` is for a backend that only speaks PostgreSQL's protocol: no planner settings, no statement that writes a table twice. */
export function connectDatabase(url: string, log: Log, { plain = false }: { readonly plain?: boolean } = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    ...(plain ? {} : { options: BY_INDEX }),
  });
  let closing = false;
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => {
    if (!closing) log.warn('database.connection_lost', { message: error.message });
  });
  return {
    pool,
    wide: !plain,
    run: (name, text, values) => guarded(() => untilFree(() => query(pool, name, text, values))),
    transaction: (work) => guarded(() => untilFree(() => transact(pool, work))),
    close() {
      closing = true;
      return pool.end();
    },
  };
}

async function query<Row>(client: pg.Pool | pg.PoolClient, name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
  const result = await client.query({ name, text, values: values as unknown[] });
  return result.rows as Row[];
}

async function transact<T>(pool: pg.Pool, work: (sql: Sql) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const lost = (error: Error): void => {
    broken = error;
  };
  client.on('error', lost);
  try {
    await client.query('begin');
    const result = await work({ run: (name, text, values) => query(client, name, text, values) });
    await client.query('commit');
    return result;
  } catch (error) {
    if (broken === undefined) {
      await client.query('rollback').catch((again: unknown) => {
        broken = again instanceof Error ? again : new Error(String(again));
      });
    }
    throw error;
  } finally {
    client.off('error', lost);
    client.release(broken);
  }
}

/** Two transactions waited for each other, or cannot be put in an order: nothing of this one stands. */
const ENTANGLED = new Set(['40P01', '40001']);
const TRIES = 5;

/** Whoever was chosen to give way comes again at once: by then the other is through. */
async function untilFree<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES || !(error instanceof Error && 'code' in error && ENTANGLED.has(String(error.code)))) throw error;
    }
  }
}

/** SQLSTATE classes and socket codes that say that the database cannot be used now, whatever was asked of it. */
const AWAY = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', '57P01', '57P02', '57P03', '53300']);

/** True for failures of the database itself, as opposed to a statement's. */
export function isAway(error: unknown): boolean {
  if (error instanceof AppError) return error.code === 'service_not_available';
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  // The driver gives a lost connection and a connect time-out no code; what the language itself throws is a fault of ours.
  const lost = code === '' && !(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError);
  return AWAY.has(code) || code.startsWith('08') || lost;
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError || !isAway(error)) throw error;
    throw new AppError('service_not_available', 'The database cannot be reached just now. Nothing was stored; try again in a moment.', {
      cause: error,
      headers: { 'Retry-After': '5' },
    });
  }
}
