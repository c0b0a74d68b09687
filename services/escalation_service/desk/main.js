// Signs in, wires the parts together, and keeps tabs and filters.

import * as actions from "./actions.js";
import * as api from "./api.js";
import { byId, el, fill, say, warn } from "./dom.js";
import { closeForms } from "./forms.js";
import * as keys from "./keys.js";
import * as list from "./list.js";
import * as panel from "./panel.js";
import * as review from "./review.js";
import { lineOf, may, state } from "./state.js";
import { loadWords, sentence } from "./words.js";
import { VIEWS, view } from "./views.js";
import { explain } from "./why.js";

const shownViews = () => VIEWS.filter((each) => !each.right || may(each.right));
const isReview = () => state.view === "review";
const current = () => lineOf(state.open ?? state.current);
const onCurrent = (call) => () => !isReview() && call(current(), state.open ? panel.rungsShown() : []);

function showSignIn(problem) {
  closeForms();
  panel.close();
  Object.assign(state, { me: null, lines: [], counts: null, cursor: null, current: null });
  state.selected.clear();
  fill(byId("lines"));
  byId("desk").hidden = byId("who").hidden = true;
  byId("sign-in").hidden = false;
  byId("token-error").textContent = problem && problem.code !== "token_missing" ? sentence(problem) : "";
  byId("token").focus();
}

async function signIn() {
  if (!api.hasToken()) return void showSignIn();
  try {
    state.me = await api.get("/me");
  } catch (problem) {
    if (problem.status !== 401) showSignIn(problem);
    return;
  }
  if (!may("follow_ups:read")) {
    api.dropToken();
    return void showSignIn({ status: 403, code: "forbidden" });
  }
  byId("token").value = "";
  byId("sign-in").hidden = true;
  byId("who-name").textContent = state.me.id;
  byId("desk").hidden = byId("who").hidden = false;
  await choose("all");
  const asked = new URLSearchParams(location.search).get("case"); // where a message to an officer leads
  if (asked) await panel.openCase(asked);
  if (!state.open) list.focusLine();
}

async function choose(id) {
  if (!shownViews().some((each) => each.id === id)) return;
  panel.close();
  state.view = id;
  say("");
  state.current = null;
  list.unselect();
  byId("list-title").textContent = view(id).title;
  byId("filters").hidden = isReview();
  showTabs();
  await load();
}

async function load({ keep = null } = {}) {
  if (isReview()) return void (await review.showReview());
  await list.reload({ keep });
  if (may("messages:review") && !keep) review.countReview().catch(() => {}); // the list does not wait for it
}

let waiting = null;
function showTabs() {
  const tabs = shownViews().map((each) => {
    const count = each.id === "review" ? waiting : state.counts && String(each.count(state.counts.total));
    const attributes = { type: "button", "data-view": each.id, "aria-current": each.id === state.view ? "true" : null, on: { click: () => choose(each.id) } };
    return el("li", {}, el("button", attributes, each.title, " ", count !== null && el("span", { class: "count" }, count)));
  });
  const focused = document.activeElement?.dataset?.view;
  fill(byId("tabs"), tabs);
  if (focused) byId("tabs").querySelector(`[data-view="${focused}"]`)?.focus();
}

function options(select, entries) {
  const chosen = select.value;
  fill(select, entries.map(([value, text]) => el("option", { value }, text)));
  select.value = entries.some(([value]) => value === chosen) ? chosen : entries[0][0];
}

function showOffices() {
  const offices = state.counts.offices.map((each) => [each.office, `${each.office_name ?? each.office} (${each.total})`]);
  const chosen = byId("f-office").value;
  const kept = chosen && !offices.some(([code]) => code === chosen) ? [[chosen, `${chosen} (0)`]] : [];
  options(byId("f-office"), [["", "ทุกหน่วยงาน"], ...offices, ...kept]);
}

function fillFilters() {
  const regions = Array.from({ length: 10 }, (_, index) => [String(index + 1), `เขต ${index + 1}`]);
  options(byId("f-region"), [["", "ทุกเขต"], ...regions]);
  options(byId("f-office"), [["", "ทุกหน่วยงาน"]]);
  options(byId("f-rung"), [["", "ทุกขั้น"], ["0", "ยังไม่แจ้ง"], ["1", "1 ผจก.กปภ.สาขา"], ["2", "2 ผอ.กปภ.เขต"], ["3", "3 รองผู้ว่าการภาค"]]);
  options(byId("f-age"), [["", "ไม่จำกัด"], ["24", "1 วัน"], ["72", "3 วัน"], ["168", "7 วัน"], ["720", "30 วัน"]]);
  options(byId("f-sort"), [["urgent", "ความเร่งด่วน"], ["overdue", "เกินกำหนดนานที่สุด"]]);
}

async function saveFile(button) {
  button.disabled = true;
  say("กำลังสร้างไฟล์");
  try {
    const file = await api.getFile("/follow-ups.xlsx", list.exportQuery());
    const address = URL.createObjectURL(file.content);
    el("a", { href: address, download: file.name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    say(`บันทึกไฟล์ ${file.name} แล้ว`);
  } catch (problem) {
    warn(sentence(problem));
  } finally {
    button.disabled = false;
  }
}

function wire() {
  let typing = 0;
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("change", () => load());
  byId("f-number").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => load(), 250);
  });
  byId("more-filters").addEventListener("click", (event) => {
    const isOpen = byId("filters").classList.toggle("unfolded");
    event.currentTarget.setAttribute("aria-expanded", String(isOpen));
  });
  byId("clear").addEventListener("click", () => {
    byId("filters").reset();
    load();
  });
  byId("export").addEventListener("click", (event) => saveFile(event.currentTarget));
  byId("reload").addEventListener("click", () => load({ keep: "case" }));
  byId("more").addEventListener("click", () => (isReview() ? review.moreReview() : list.more()));
  byId("bulk").addEventListener("click", actions.acknowledgeMany);
  byId("unselect").addEventListener("click", () => {
    list.unselect();
    list.focusLine();
  });
  byId("help").addEventListener("click", keys.help);
  byId("sign-out").addEventListener("click", () => {
    api.dropToken();
    showSignIn();
  });
  byId("sign-in-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const token = byId("token").value.trim();
    byId("token-error").textContent = token ? "" : "ต้องวางโทเค็น";
    if (!token) return;
    api.keepToken(token);
    await signIn();
  });
}

function connect() {
  api.onSignedOut(showSignIn);
  list.onOpen((caseId) => panel.openCase(caseId));
  list.onCounts(() => {
    showTabs();
    showOffices();
  });
  panel.onClose(() => !isReview() && state.me && list.focusLine());
  review.onReview((count, isMore) => {
    waiting = `${count}${isMore ? "+" : ""}`;
    showTabs();
  });
  actions.onChange(async () => {
    await list.reload({ keep: "place" });
    if (state.open) await panel.openCase(state.open);
    else list.focusLine();
  });
  keys.listen({
    j: () => !isReview() && list.move(1), k: () => !isReview() && list.move(-1), x: () => !isReview() && list.select(),
    c: onCurrent(actions.chase), a: onCurrent(actions.acknowledge), p: onCurrent(actions.promiseFor),
    "Shift+a": () => !isReview() && actions.acknowledgeMany(), "/": () => byId("f-number").focus(), r: () => load({ keep: "case" }), "?": keys.help,
    w: explain, Escape: panel.close,
    ...Object.fromEntries(VIEWS.map((_, index) => [String(index + 1), () => shownViews()[index] && choose(shownViews()[index].id)])),
  });
}

await loadWords();
api.takeTokenFromAddress();
fillFilters();
wire();
connect();
await signIn();
