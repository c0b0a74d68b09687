// The list: asks for it, shows it, and keeps the keyboard's place in it.

import * as api from "./api.js";
import { day, duration, instant, setClock } from "./dates.js";
import { byId, el, fill, say, warn } from "./dom.js";
import { lineOf, may, state, waitsForNotice } from "./state.js";
import { sentence, word } from "./words.js";
import { view } from "./views.js";

const PAGE = 50;
const MOST = 200;
let asked = 0;
let opened = () => {};
let counted = () => {};

export const onOpen = (call) => (opened = call);
export const onCounts = (call) => (counted = call);

function filters() {
  const chosen = Object.fromEntries(new FormData(byId("filters")));
  const { sort, ...rest } = chosen;
  return { shared: rest, all: { ...rest, ...view(state.view).query, sort } };
}

export const exportQuery = () => {
  const { sort: _sort, ...query } = filters().all;
  return query;
};

/** Loads the list anew from its beginning. `keep`: as many lines, and the keyboard on the same "case" or "place". */
export async function reload({ keep = null } = {}) {
  const ticket = (asked += 1);
  byId("lines").setAttribute("aria-busy", "true");
  const limit = keep ? Math.min(MOST, Math.max(PAGE, state.lines.length)) : PAGE;
  try {
    const { shared, all } = filters();
    const [counts, page] = await Promise.all([api.get("/follow-ups/counts", shared), api.get("/follow-ups", { ...all, limit })]);
    if (ticket !== asked) return;
    setClock(counts.as_of);
    state.counts = counts;
    counted();
    show(page, { keep });
    warn("");
  } catch (problem) {
    if (ticket === asked) warn(sentence(problem));
  } finally {
    if (ticket === asked) byId("lines").removeAttribute("aria-busy");
  }
}

/** Adds the next page below. */
export async function more() {
  const button = byId("more");
  if (!state.cursor || button.disabled) return;
  const ticket = asked;
  button.disabled = true;
  try {
    const page = await api.get("/follow-ups", { ...filters().all, limit: PAGE, cursor: state.cursor });
    if (ticket !== asked) return;
    const from = state.lines.length;
    state.lines = [...state.lines, ...page.items];
    state.cursor = page.next_cursor;
    byId("lines").append(...page.items.map(lineShown));
    settle();
    say(`แสดงเพิ่ม ${page.items.length} เรื่อง`);
    if (page.items.length) focusLine(state.lines[from].case_id);
  } catch (problem) {
    warn(sentence(problem));
  } finally {
    button.disabled = false;
  }
}

function show(page, { keep }) {
  const before = state.lines.findIndex((line) => line.case_id === state.current);
  state.lines = page.items;
  state.cursor = page.next_cursor;
  const place = state.lines[keep ? Math.min(Math.max(before, 0), state.lines.length - 1) : 0];
  const kept = keep === "place" ? place : (state.lines.find((line) => line.case_id === state.current) ?? place);
  state.current = kept?.case_id ?? null;
  for (const caseId of [...state.selected.keys()]) {
    const line = lineOf(caseId);
    if (line && waitsForNotice(line)) state.selected.set(caseId, line);
    else state.selected.delete(caseId);
  }
  fill(byId("lines"), state.lines.map(lineShown));
  settle();
}

function settle() {
  const total = view(state.view).count(state.counts.total);
  byId("list-count").textContent = `แสดง ${state.lines.length} จาก ${total} เรื่อง`;
  byId("empty").hidden = state.lines.length > 0;
  byId("empty").textContent = view(state.view).none;
  byId("more").hidden = !state.cursor;
  for (const node of byId("lines").children) {
    const isCurrent = node.dataset.case === state.current;
    node.classList.toggle("current", isCurrent);
    node.querySelector(".open").tabIndex = isCurrent ? 0 : -1;
  }
  showSelection();
}

function lineShown(line) {
  const number = line.number ?? "ยังไม่มีเลข";
  const selectable = may("rungs:acknowledge") && waitsForNotice(line);
  const box = el("input", {
    type: "checkbox", "aria-label": `เลือก ${number}`, disabled: !selectable, tabindex: "-1",
    on: { change: () => select(line.case_id), focus: () => (state.current = line.case_id) },
  });
  box.checked = state.selected.has(line.case_id);
  const open = el(
    "button", { type: "button", class: "open", on: { click: () => opened(line.case_id), focus: () => mark(line.case_id) } },
    el("span", { class: "number" }, number), el("span", { class: "subject" }, line.subject_name ?? line.subject ?? "ยังไม่ระบุหัวข้อ"),
  );
  const node = el(
    "li", { class: "line" }, el("div", { class: "pick" }, box),
    el("div", { class: "case" }, open, el("p", { class: "office" }, where(line))),
    el("p", { class: `urgency ${line.urgency}` }, word("urgencies", line.urgency)), dates(line),
  );
  node.dataset.case = line.case_id;
  return node;
}

export const where = (line) => [line.office_name ?? line.office, line.region ? `เขต ${line.region}` : null].filter(Boolean).join(" · ");

function dates(line) {
  const late = line.hours_overdue > 0 && line.repaired === null ? `เกิน ${duration(line.hours_overdue)}` : "";
  const rung = line.rung ? `${line.rung} · ${line.acknowledged_at ? "รับทราบแล้ว" : "ยังไม่รับทราบ"}` : "ยังไม่แจ้ง";
  const entries = [
    ["ครบกำหนด", instant(line.due_at), late],
    ["ขั้นที่แจ้ง", line.repaired === null ? rung : `${line.rung || "ยังไม่แจ้ง"} · ปิดแล้ว`, line.told === "not_told" && "แจ้งผู้รับไม่ได้"],
    ["นัดแล้วเสร็จ", instant(line.promised_at), line.promise_broken && "ผิดนัด"],
    ["ติดตามครั้งถัดไป", day(line.next_chase_on)],
  ];
  const shown = ([term, value, more]) =>
    el("div", { class: value ? null : "none" }, el("dt", {}, term), el("dd", {}, value || "–"), more && el("dd", { class: "more" }, more));
  return el("dl", { class: "dates" }, entries.map(shown));
}

function mark(caseId) {
  if (state.current === caseId) return;
  state.current = caseId;
  settle();
}

/** Puts the keyboard on a case of the list. */
export function focusLine(caseId = state.current) {
  const node = [...byId("lines").children].find((each) => each.dataset.case === caseId);
  if (!node) return void byId("list-title").focus();
  mark(caseId);
  node.querySelector(".open").focus();
  node.scrollIntoView({ block: "nearest" });
}

/** One line up or down; past the last one the next page is fetched. */
export function move(by) {
  if (!state.lines.length) return;
  const at = state.lines.findIndex((line) => line.case_id === state.current);
  const isInside = byId("lines").contains(document.activeElement);
  const next = isInside ? at + by : Math.max(at, 0);
  if (next >= state.lines.length) return void more();
  focusLine(state.lines[Math.max(next, 0)].case_id);
}

/** Marks a line for acknowledgement together with others, or takes the mark away. */
export function select(caseId = state.current) {
  const line = lineOf(caseId);
  if (!line || !may("rungs:acknowledge")) return;
  if (!waitsForNotice(line)) return void say("เรื่องนี้ไม่มีขั้นที่รอรับทราบ");
  if (!state.selected.delete(caseId)) state.selected.set(caseId, line);
  const node = [...byId("lines").children].find((each) => each.dataset.case === caseId);
  node.querySelector("input").checked = state.selected.has(caseId);
  showSelection();
  say(`เลือก ${state.selected.size} เรื่อง`);
}

export function unselect() {
  state.selected.clear();
  for (const box of byId("lines").querySelectorAll("input")) box.checked = false;
  showSelection();
}

function showSelection() {
  byId("selection").hidden = state.selected.size === 0;
  byId("selected").textContent = `เลือก ${state.selected.size} เรื่อง`;
}
