/** Where a text stops being JSON, and what is due there: for the message only, after the parser has refused it. */

export interface JsonFault {
  /** Index of the first character that does not belong; the text's length if it ends too early. */
  readonly at: number;
  readonly expected: string;
}

type Due =
  | 'a value' | 'a value or ]' | 'a name in double quotes' | 'a name in double quotes or }'
  | 'a colon' | 'a comma or }' | 'a comma or ]' | 'the end';

const BLANK = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Null if the text is JSON after all. Iterative: a deep text cannot exhaust the stack. */
export function findJsonFault(text: string): JsonFault | null {
  const open: ('}' | ']')[] = [];
  const afterValue = (): Due => {
    const closer = open.at(-1);
    return closer === undefined ? 'the end' : closer === '}' ? 'a comma or }' : 'a comma or ]';
  };
  let due: Due = 'a value';
  let at = 0;
  for (;;) {
    at = matchEnd(BLANK, text, at);
    const char = text[at];
    if (char === undefined) return due === 'the end' ? null : { at, expected: due };

    const closes = (char === '}' && (due === 'a name in double quotes or }' || due === 'a comma or }'))
      || (char === ']' && (due === 'a value or ]' || due === 'a comma or ]'));
    if (closes) {
      open.pop();
      at += 1;
      due = afterValue();
    } else if (due === 'a value' || due === 'a value or ]') {
      if (char === '{' || char === '[') {
        open.push(char === '{' ? '}' : ']');
        due = char === '{' ? 'a name in double quotes or }' : 'a value or ]';
        at += 1;
      } else {
        const end = char === '"' ? textEnd(text, at) : matchEnd(SCALAR, text, at);
        if (typeof end !== 'number') return end;
        if (end === at) return { at, expected: due };
        at = end;
        due = afterValue();
      }
    } else if (char === '"' && (due === 'a name in double quotes' || due === 'a name in double quotes or }')) {
      const end = textEnd(text, at);
      if (typeof end !== 'number') return end;
      at = end;
      due = 'a colon';
    } else if (char === ':' && due === 'a colon') {
      at += 1;
      due = 'a value';
    } else if (char === ',' && (due === 'a comma or }' || due === 'a comma or ]')) {
      due = due === 'a comma or }' ? 'a name in double quotes' : 'a value';
      at += 1;
    } else {
      return { at, expected: due };
    }
  }
}

/** Where the match of a sticky pattern ends; `at` itself if there is none. */
function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** The index after the closing quote of the text that opens at `from`, or what is wrong in it. */
function textEnd(text: string, from: number): number | JsonFault {
  let at = from + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return { at, expected: 'an escape such as \\n instead of the bare control character' };
    if (code === 0x5c) {
      const end = matchEnd(ESCAPE, text, at);
      if (end === at) return { at, expected: 'a valid escape after the backslash' };
      at = end;
    } else {
      at += 1;
    }
  }
  return { at, expected: 'the closing quote of a text' };
}
