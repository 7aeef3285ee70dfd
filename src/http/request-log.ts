/** Which request a line of the log belongs to, also where it is written by code that knows of no requests. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Log } from '../ports/world.ts';

export interface RequestLog {
  /** The same log; a line that is written `within` a request has its id as `request_id`. */
  readonly log: Log;
  /** Everything that `work` awaits belongs to the request. What it starts and leaves running would too, so that is no place for it. */
  within<T>(requestId: string, work: () => T): T;
}

export function createRequestLog(log: Log): RequestLog {
  const requests = new AsyncLocalStorage<string>();
  const line = (level: keyof Log) => (event: string, fields?: Record<string, unknown>): void => {
    const id = requests.getStore();
    log[level](event, id === undefined ? fields : { request_id: id, ...fields });
  };
  return {
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    within: (requestId, work) => requests.run(requestId, work),
  };
}
