/** Which files go along with a write, and what is said of the others. Pure. */
import type { FileDraft, Warning } from './model.ts';
import type { Terms } from './rules.ts';

/** A mirror that carries no files leaves them out without a word; a desk that takes none, or a limit, is told of. */
export function filesFor(all: readonly FileDraft[], taken: boolean, terms: Terms | null): { readonly files: readonly FileDraft[]; readonly warnings: readonly Warning[] } {
  const limit = terms === null ? 0 : terms.files;
  if (limit === 0 || all.length === 0) return { files: [], warnings: [] };
  if (!taken) return { files: [], warnings: all.map((file) => left(file, 'this desk takes no files here')) };
  const tooLarge = (file: FileDraft): boolean => limit !== null && file.size !== null && file.size > limit;
  return {
    files: all.filter((file) => !tooLarge(file)),
    warnings: all.filter(tooLarge).map((file) => left(file, `larger than the ${String(limit)} bytes that the mirror carries`)),
  };
}

function left({ filename }: FileDraft, why: string): Warning {
  return { field: 'attachments', reason: `${filename}: ${why}` };
}
