/** What any text from a desk goes through. */

export { storableText as clean } from '../../core/storable.ts';

/** UTF-8 bytes. */
export function bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
