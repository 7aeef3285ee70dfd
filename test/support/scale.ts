/** How large the stories are. The committed sizes are small; the environment makes them as large as the acceptance asks for. */

export function scale(name: string, usual: number): number {
  const given = process.env[`E2E_${name}`];
  return given === undefined ? usual : Number(given);
}

/** Runs `task` for each of 0 … count − 1, at most `width` at a time. */
export async function each(count: number, width: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await task(index);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** For stories told in numbers: the given shares of the sorted values. */
export function quantiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, slowest ${at(1)} ms`;
}
