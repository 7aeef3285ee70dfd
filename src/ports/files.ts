/** The port to where files wait between the desk they come from and the desk they go to. */
import type { Download } from './connector.ts';

/** A file on our own disk for as long as its write takes. */
export interface KeptFile {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  open(): AsyncIterable<Uint8Array>;
  blob(): Promise<Blob>;
  drop(): Promise<void>;
}

export interface FileStore {
  /** Takes a file in, part by part. Null if it has more than `most` bytes; rejects with `DeskFailure` if the desk stops in the middle. */
  keep(download: Download, most: number): Promise<KeptFile | null>;
}
