/** The port to the queue. The queue only wakes; what is due is decided by the replicas' rows. */

export interface QueueWork {
  /** Lanes may be due. */
  lanes(): Promise<void>;
  /** An account's turn to be swept. */
  sweep(accountId: number): Promise<void>;
  /** Time to remove what is old. */
  retention(): Promise<void>;
}

export interface Queue {
  /** Begins to work. */
  start(work: QueueWork): Promise<void>;
  /** Has this account swept after `inMs` milliseconds. A turn that is queued already stands. */
  sweepSoon(accountId: number, inMs: number): Promise<void>;
  /** Rejects when the queue does not work. */
  ping(): Promise<void>;
  stop(): Promise<void>;
}
