/** The text without what no store and no XML document can hold: NUL, and halves of surrogate pairs, which JSON's escapes can bring in. */
export function storableText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  return whole.includes('\0') ? whole.replaceAll('\0', '') : whole;
}
