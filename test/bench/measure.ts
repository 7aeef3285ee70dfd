/** What the parts of the bench share: rounds by turns, and their medians. */

/** One round of the same work, done by Deskmesh and by what it is measured against. */
export interface Round<Value = number> {
  readonly ours: Value;
  readonly bare: Value;
}

export interface Row {
  readonly name: string;
  readonly ours: number;
  readonly bare: number | null;
  readonly ratio: number | null;
  readonly unit: string;
}

export const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

export function row(name: string, unit: string, rounds: readonly Round[]): Row {
  return { name, ours: median(rounds.map(({ ours }) => ours)), bare: median(rounds.map(({ bare }) => bare)), ratio: median(rounds.map(({ ours, bare }) => ours / bare)), unit };
}

export async function byTurns(count: number, measure: { ours: () => Promise<number>; bare: () => Promise<number> }): Promise<Round[]> {
  const all: Round[] = [];
  for (let i = 0; i < count; i += 1) {
    const bare = await measure.bare();
    all.push({ bare, ours: await measure.ours() });
  }
  return all;
}

/** Rows as the README has them. */
export function printRows(rows: readonly Row[]): void {
  const shown = (value: number | null): string => (value === null ? '' : value >= 100 ? value.toFixed(0) : value.toFixed(1));
  process.stdout.write('| figure | Deskmesh | bare | ratio |\n| --- | ---: | ---: | ---: |\n');
  for (const { name, ours, bare, ratio, unit } of rows) {
    process.stdout.write(`| ${name} (${unit}) | ${shown(ours)} | ${shown(bare)} | ${ratio === null ? '' : ratio.toFixed(2)} |\n`);
  }
}
