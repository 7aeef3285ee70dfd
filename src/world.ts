/** The real world: the machine's clock and chance, ids that grow with time, and a log of JSON lines on standard error. */
import { randomBytes } from 'node:crypto';
import { destination, pino, type LevelWithSilent } from 'pino';
import type { Log, World } from './ports/world.ts';

/** Where log lines go. Standard error in life; a test hands in its own. */
export interface LogSink {
  write(line: string): void;
}

export interface WorldOptions {
  readonly level: LevelWithSilent;
  /** Lines for a person instead of JSON. */
  readonly pretty?: boolean;
  readonly sink?: LogSink;
}

export function createWorld({ level, pretty = false, sink = destination({ dest: 2, sync: true }) }: WorldOptions): World {
  return {
    now: () => Date.now(),
    sleep,
    id: idSource(),
    random: () => Math.random(),
    log: createLog(level, pretty ? forPeople(sink) : sink),
  };
}

/** The longest delay that a timer of Node takes; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = Date.now() + ms;
    let timer: NodeJS.Timeout;
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const wait = (): void => {
      const left = end - Date.now();
      timer = left > LONGEST_TIMER_MS ? setTimeout(wait, LONGEST_TIMER_MS) : setTimeout(done, Math.max(0, left));
    };
    wait();
    if (signal?.aborted === true) done();
    else signal?.addEventListener('abort', done, { once: true });
  });
}

/** Bytes of chance that ids are made of, drawn at once. */
const ID_PAGE = 4_096;

/**
 * UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, 12 bits that count within one millisecond (its method 1, started
 * below half so that there is room), 62 random bits. `crypto.randomUUIDv7` has no such counter and is missing before Node 24.
 */
export function idSource(now: () => number = Date.now): () => string {
  let last = 0;
  let count = 0;
  // Drawn by the page: a call for every 16 bytes costs more than everything else here.
  let page = randomBytes(ID_PAGE);
  let used = 0;
  return () => {
    if (used === ID_PAGE) {
      page = randomBytes(ID_PAGE);
      used = 0;
    }
    const bytes = page.subarray(used, (used += 16));
    const ms = now();
    if (ms > last) {
      last = ms;
      count = bytes.readUInt16BE(6) & 0x7ff;
    } else if (++count > 0xfff) {
      last += 1;
      count = 0;
    }
    bytes.writeUIntBE(last, 0, 6);
    bytes.writeUInt16BE(0x7000 | count, 6);
    bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
}

function createLog(level: LevelWithSilent, sink: LogSink): Log {
  const lines = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  const at = (name: 'debug' | 'info' | 'warn' | 'error') => (event: string, fields?: Record<string, unknown>): void => {
    if (!lines.isLevelEnabled(name)) return;
    lines[name](fields === undefined ? {} : loggable(fields), event);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** What every line has of its own; a field of that name would appear twice in one JSON object. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'msg']);
const SECRET_NAME = /(^|[_-])(authorization|cookie|token|key|password|passphrase|secrets?|credentials?)$/i;
const SECRET_NAME_IN_CAMELS = /[a-z](Authorization|Token|Key|Password|Secrets?|Credentials?)$/;
const DEEPEST = 6;

function loggable(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [OWN_FIELDS.has(name) ? `${name}_` : name, masked(name, value, 0)]),
  );
}

/** A value fit for a log line: secrets by name masked at every depth, errors as data, cycles and abysses cut. */
function masked(name: string, value: unknown, depth: number): unknown {
  if (value !== null && value !== undefined && (SECRET_NAME.test(name) || SECRET_NAME_IN_CAMELS.test(name))) return '[secret]';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEEPEST) return '[deeper]';
  if (value instanceof Error) return errorData(value, depth);
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((item: unknown) => masked('', item, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]: [string, unknown]) => [key, masked(key, item, depth + 1)]));
}

/** An error's own words only: its other properties may hold a request, and with it a secret. */
function errorData(error: Error, depth: number): Record<string, unknown> {
  const { code } = error as { readonly code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: masked('', error.cause, depth + 1) }),
  };
}

/** `12:00:01 INFO  event key=value …`, from a JSON line. */
function forPeople(sink: LogSink): LogSink {
  return {
    write(line) {
      const { level, time, msg, pid: _pid, ...fields } = JSON.parse(line) as Record<string, unknown>;
      const rest = Object.entries(fields).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
      sink.write(`${String(time).slice(11, 19)} ${String(level).toUpperCase().padEnd(5)} ${[String(msg), ...rest].join(' ')}\n`);
    },
  };
}
