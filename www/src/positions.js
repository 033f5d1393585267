// From what the database says about the place of an error to a range of the text.

const encoder = new TextEncoder();

/**
 * The index in a JavaScript string of a byte of its UTF-8 form.
 *
 * @param {string} text
 * @param {number} bytes
 */
export function indexOfByte(text, bytes) {
  let left = bytes;
  let index = 0;
  for (const character of text) {
    const size = encoder.encode(character).length;
    if (left < size) break;
    left -= size;
    index += character.length;
  }
  return index;
}

/**
 * The part of a statement that an error is about, or undefined if the database did not say.
 *
 * @param {string} sql as it was sent
 * @param {{ offset?: number, message: string }} error
 * @returns {{ from: number, to: number } | undefined}
 */
export function errorRange(sql, error) {
  const place = placeInMessage(sql, error.message) ?? error.offset;
  if (place === undefined) return undefined;
  const end = sql.trimEnd().length;
  let from = indexOfByte(sql, place);
  if (from >= end) {
    // The end of the text cannot be underlined, so its last word is.
    from = end - (/[\w$#]+$/.exec(sql.slice(0, end))?.[0].length ?? 1);
    from = Math.max(from, 0);
  }
  const word = /^(?:[\w$#]+|"[^"]*"|.)/u.exec(sql.slice(from));
  return { from, to: from + (word ? word[0].length : 1) };
}

// PL/SQL's compiler reports `ORA-06550: line 2, column 7:`, which is better than the offset of the
// block that comes with it.
function placeInMessage(sql, message) {
  const match = /\bORA-06550: line (\d+), column (\d+)/.exec(message);
  if (!match) return undefined;
  const lines = sql.split("\n");
  const line = Number(match[1]) - 1;
  if (line >= lines.length) return undefined;
  const before = lines.slice(0, line).join("\n") + (line > 0 ? "\n" : "");
  return encoder.encode(before).length + Number(match[2]) - 1;
}
