/** The files of a step: fetched from where they come from before the call, and let go of after it. */
import type { FileDraft, Warning } from '../core/model.ts';
import type { Intent } from '../core/state.ts';
import { DeskFailure, type Desk, type FileSource } from '../ports/connector.ts';
import type { FileStore, KeptFile } from '../ports/files.ts';
import type { Roster } from './roster.ts';

/** No write carries more files than this. */
const MOST_FILES = 50;

export interface Fetched {
  readonly sources: readonly FileSource[];
  /** Files that stay behind, with the reason. */
  readonly warnings: readonly Warning[];
  release(): Promise<void>;
}

export interface StepFiles {
  /** Rejects with `DeskFailure` `unavailable`, `throttled` or `unauthorised` where a later try may fetch them all; nothing is kept then. */
  fetch(intent: Intent, to: Desk): Promise<Fetched>;
}

const NOTHING: Fetched = { sources: [], warnings: [], release: () => Promise.resolve() };

export function createStepFiles({ roster, files }: { readonly roster: Roster; readonly files: FileStore }): StepFiles {
  async function fetchOne(draft: FileDraft, most: number): Promise<KeptFile | string> {
    const desk = roster.member(draft.from)?.desk;
    if (desk?.download === undefined) return 'the desk that it is on hands out no files';
    if (draft.size !== null && draft.size > most) return tooLarge(most);
    try {
      const download = await desk.download(draft, { ticketId: draft.ticket_id, commentId: draft.comment_id });
      return (await files.keep(download, most)) ?? tooLarge(most);
    } catch (error) {
      if (!(error instanceof DeskFailure)) throw error;
      if (error.kind === 'missing' || error.kind === 'refused' || error.kind === 'surprise') return error.message;
      // The trouble is the other desk's: this one's account is not to be judged by it.
      const retryAt = error.retryAt === null ? {} : { retryAt: error.retryAt };
      throw new DeskFailure('unavailable', `a file could not be fetched: ${error.message}`, retryAt);
    }
  }

  return {
    async fetch(intent, to) {
      const drafts = [...intent.files, ...(intent.draft?.files ?? [])];
      if (drafts.length === 0) return NOTHING;
      const { maxBytes, maxTotalBytes } = to.can.files;
      const kept: KeptFile[] = [];
      const release = async (): Promise<void> => {
        await Promise.all(kept.map((file) => file.drop()));
      };
      const sources: FileSource[] = [];
      const warnings: Warning[] = [];
      let left = maxTotalBytes;
      try {
        for (const [at, draft] of drafts.entries()) {
          const found = at < MOST_FILES ? await fetchOne(draft, Math.min(maxBytes, left)) : `only ${MOST_FILES} files go with one write`;
          if (typeof found === 'string') {
            warnings.push({ field: 'attachments', reason: `${draft.filename}: ${found}` });
            continue;
          }
          kept.push(found);
          left -= found.size;
          sources.push({ ...draft, size: found.size, sha256: found.sha256, open: () => found.open(), blob: () => found.blob() });
        }
      } catch (error) {
        await release();
        throw error;
      }
      return { sources, warnings, release };
    },
  };
}

function tooLarge(most: number): string {
  return `larger than the ${most} bytes that this desk takes`;
}
