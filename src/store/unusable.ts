/** What keeps a database of somebody's own from being used at the start, in words for who can mend it. */
import { AppError } from '../errors.ts';
import { isAway } from './database.ts';

/** SQLSTATE → what is wrong, and what would be right. */
const REASONS: Readonly<Record<string, readonly [wrong: string, cure: string]>> = {
  '28P01': ['refuses this user or its password', 'correct them in DATABASE_URL'],
  '28000': ['refuses this user, or the way it connects', 'correct DATABASE_URL, or allow it on the server (pg_hba.conf)'],
  '3D000': ['does not exist', 'create it, or correct its name in DATABASE_URL'],
  '42501': ['does not let this user make tables', 'grant it CREATE on the database and on its schema public'],
};

/** A configuration error in place of what the driver said; anything else as it is. The password in `url` is never shown. */
export function explainUnusable(error: unknown, url: string): unknown {
  const cause = error instanceof AppError && error.code === 'service_not_available' ? error.cause : error;
  if (!(cause instanceof Error) || cause instanceof AppError) return error;
  const code = 'code' in cause ? String(cause.code) : '';
  // The driver gives a lost connection no code; then its words must do.
  const away = isAway(cause) && (code !== '' || /connect/i.test(cause.message));
  const [wrong, cure] = REASONS[code] ?? (away ? unreachable(code) : []);
  if (wrong === undefined) return error;
  const message = `The database ${placeOf(url)} ${wrong}: ${cure}.`;
  return new AppError('configuration', message, { cause, faults: [{ path: 'DATABASE_URL', message: 'must be the address of a database that can be used' }] });
}

function unreachable(code: string): readonly [string, string] {
  return [`cannot be reached (${code === '' ? 'no answer in time' : code})`, 'start it, or correct DATABASE_URL'];
}

function placeOf(url: string): string {
  const { host, pathname, searchParams } = new URL(url);
  return `${decodeURIComponent(pathname.slice(1)) || '(unnamed)'} at ${searchParams.get('host') ?? host}`;
}
