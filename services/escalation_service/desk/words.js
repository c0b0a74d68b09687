// Thai words for what the API calls by code, and for what it refuses.

let words = {};

/** Reads the tables; the page cannot speak before. */
export async function loadWords() {
  words = await (await fetch("/escalation/desk/words.json")).json();
}

/** The Thai word for a code, or the code itself where the table does not know it. */
export const word = (table, code) => (code ? (words[table]?.[code] ?? String(code)) : "");

/** The codes of a table with their words, in its order. */
export const choices = (table) => Object.entries(words[table] ?? {});

/** One sentence in Thai for a refusal of the API, with its code. */
export function sentence(problem) {
  const known = words.problems?.[problem.code] ?? words.statuses?.[String(problem.status)] ?? words.problems.unknown;
  const trace = problem.trace ? ` รหัสอ้างอิง ${problem.trace.split("-")[1] ?? problem.trace}` : "";
  return `${known} [${problem.code}]${problem.status >= 500 ? trace : ""}`;
}
