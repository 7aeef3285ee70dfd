/** A desk's budget of calls, as its latest answer told it. */
export interface CallBudget {
  /** Calls that the account has in all and has left, within a window that most desks let last a minute. */
  readonly limit: number;
  readonly left: number;
  /** When the answer came (epoch milliseconds). */
  readonly at: number;
}
