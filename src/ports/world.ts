/** The world outside: time, chance, identity and the log. Engine and core take them from here, so that a simulation can stand in. */
export interface World {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A new unique id: a UUID (version 7, so that ids grow with time). */
  id(): string;
  /** Uniform in [0, 1). */
  random(): number;
  readonly log: Log;
  /** Aborts when the process can wait for nobody any more: calls under way are cut, and nothing new is begun. */
  readonly ending?: AbortSignal;
}

/** Every line is an event's name plus fields; never a secret, never a body. */
export interface Log {
  debug(event: string, fields?: Record<string, unknown>): void;
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
  error(event: string, fields?: Record<string, unknown>): void;
}
