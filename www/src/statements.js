// Where one statement of a script ends and the next begins, as SQL*Plus users write them: `;` ends
// SQL, a line with nothing but `/` ends PL/SQL.

const WORD = /[A-Za-z0-9_$#]/;
const CLOSING = { "[": "]", "{": "}", "(": ")", "<": ">" };
// Texts that hold `;` inside and end with `/` or with the script.
const PLSQL = new RegExp(
  "^(?:<<|(?:BEGIN|DECLARE)\\b|WITH\\s+(?:FUNCTION|PROCEDURE)\\b|" +
    "CREATE\\s+(?:OR\\s+REPLACE\\s+)?(?:(?:NON)?EDITIONABLE\\s+)?" +
    "(?:FUNCTION|PROCEDURE|PACKAGE|TRIGGER|TYPE|LIBRARY|JAVA)\\b)",
  "i",
);

/**
 * @typedef {object} Statement
 * @property {number} from where its text begins, comments before it left out
 * @property {number} to where its text ends, without the terminator that only tools know
 * @property {number} end behind the terminator
 * @property {string} sql the text, as it goes to the database
 * @property {boolean} plsql
 */

/**
 * All statements of a script.
 *
 * @param {string} text
 * @returns {Statement[]}
 */
export function splitStatements(text) {
  const statements = [];
  let at = 0;
  while ((at = skipBlank(text, at)) < text.length) {
    const statement = readStatement(text, at);
    if (statement.sql !== "") statements.push(statement);
    at = statement.end;
  }
  return statements;
}

/**
 * The statement that a cursor is in, or the nearest: first what ends before it on its line, then
 * what follows, then the last.
 *
 * @param {string} text
 * @param {number} cursor
 * @returns {Statement | undefined}
 */
export function statementAt(text, cursor) {
  const statements = splitStatements(text);
  const inside = statements.find(({ from, end }) => from <= cursor && cursor <= end);
  if (inside) return inside;
  const lineStart = text.lastIndexOf("\n", cursor - 1) + 1;
  const before = statements.findLast(({ end }) => end <= cursor);
  if (before && before.end > lineStart) return before;
  return statements.find(({ from }) => from > cursor) ?? before;
}

// Skips white space and comments.
function skipBlank(text, start) {
  let at = start;
  for (;;) {
    while (at < text.length && /\s/.test(text[at])) at++;
    const comment = commentEnd(text, at);
    if (comment === at) return at;
    at = comment;
  }
}

// The end of the comment that begins at `at`; `at` itself if none does.
function commentEnd(text, at) {
  if (text.startsWith("--", at)) {
    const end = text.indexOf("\n", at);
    return end < 0 ? text.length : end;
  }
  if (text.startsWith("/*", at)) {
    const end = text.indexOf("*/", at + 2);
    return end < 0 ? text.length : end + 2;
  }
  return at;
}

// The end of the quoted text that begins at `at`; `at` itself if none does.
function quoteEnd(text, at) {
  const c = text[at];
  if (c === '"' || c === "'") {
    const end = text.indexOf(c, at + 1);
    return end < 0 ? text.length : end + 1;
  }
  // q'[...]' and nq'[...]', with any delimiter.
  const alone = at === 0 || !WORD.test(text[at - 1]);
  const opening = alone && /^n?q'(\S)/i.exec(text.slice(at, at + 4));
  if (!opening) return at;
  const closing = CLOSING[opening[1]] ?? opening[1];
  const end = text.indexOf(`${closing}'`, at + opening[0].length);
  return end < 0 ? text.length : end + 2;
}

function isSlashLine(text, at) {
  if (text[at] !== "/") return false;
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const lineEnd = text.indexOf("\n", at);
  return text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd).trim() === "/";
}

function readStatement(text, from) {
  const plsql = PLSQL.test(text.slice(from, from + 200));
  const finish = (to, end) => {
    const sql = text.slice(from, to).trimEnd();
    return { from, to: from + sql.length, end, sql, plsql };
  };
  let at = from;
  while (at < text.length) {
    if (isSlashLine(text, at)) return finish(at, at + 1);
    const skipped = Math.max(commentEnd(text, at), quoteEnd(text, at));
    if (skipped > at) {
      at = skipped;
    } else if (text[at] === ";" && !plsql) {
      return finish(at, at + 1);
    } else {
      at++;
    }
  }
  return finish(text.length, text.length);
}
