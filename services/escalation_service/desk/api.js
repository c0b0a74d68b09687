// Speaks to the API in the name of whoever signed in. The token stays in this tab and is never written to the address.

const BASE = "/escalation/v1";
const KEPT = "pwa-desk-token";
let signedOut = () => {};

/** What the API, or the way to it, refused. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.code);
    Object.assign(this, { status, code: document.code, errors: document.errors ?? [], facts: document.facts, trace: document.trace });
  }
}

export const hasToken = () => sessionStorage.getItem(KEPT) !== null;
export const keepToken = (token) => sessionStorage.setItem(KEPT, token);
export const dropToken = () => sessionStorage.removeItem(KEPT);
export const onSignedOut = (call) => (signedOut = call);

/** Takes a token out of the address (#token=…) before anything else can see it there. */
export function takeTokenFromAddress() {
  const found = /^#token=([A-Za-z0-9._-]+)$/.exec(location.hash);
  if (!location.hash.startsWith("#token=")) return;
  history.replaceState(null, "", location.pathname + location.search);
  if (found) keepToken(found[1]);
}

/** A key that makes sending the same form twice harmless; works without a secure context too. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `desk-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function problemOf(response) {
  try {
    return new Problem(response.status, await response.json());
  } catch {
    return new Problem(response.status, { code: "no_problem_document" });
  }
}

async function ask(method, path, { body, key, query } = {}) {
  const wanted = new URLSearchParams(Object.entries(query ?? {}).filter(([, value]) => value !== "" && value !== null && value !== undefined));
  const headers = { Authorization: `Bearer ${sessionStorage.getItem(KEPT)}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  let response;
  try {
    response = await fetch(`${BASE}${path}${wanted.size ? `?${wanted}` : ""}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem(0, { code: "network" });
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status === 401) {
    dropToken();
    signedOut(problem);
  }
  throw problem;
}

export const get = async (path, query) => (await ask("GET", path, { query })).json();
export const post = async (path, body, key) => (await ask("POST", path, { body, key })).json();

/** A file of the API, with the name that it gives it. */
export async function getFile(path, query) {
  const response = await ask("GET", path, { query });
  const named = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "");
  return { name: named ? decodeURIComponent(named[1]) : "file.xlsx", content: await response.blob() };
}
