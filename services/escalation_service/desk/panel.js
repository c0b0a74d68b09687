// One case beside the list: its facts, its rungs, why they fired, the messages about them and the chases.

import * as actions from "./actions.js";
import * as api from "./api.js";
import { day, instant } from "./dates.js";
import { byId, el, facts, fill, say, warn } from "./dom.js";
import { where } from "./list.js";
import { lineOf, may, state, waitsForNotice } from "./state.js";
import { whySection } from "./why.js";
import { sentence, word } from "./words.js";

let closed = () => {};
let rungs = [];
export const onClose = (call) => (closed = call);
/** The rungs of the case in the panel, for suggestions of whom to chase. */
export const rungsShown = () => rungs;

/** Opens a case, or shows it anew; the keyboard goes to its heading. */
export async function openCase(caseId, { focus = true } = {}) {
  try {
    const line = lineOf(caseId) ?? (await lineApart(caseId));
    if (!line) return void (focus && say("เรื่องนี้ไม่อยู่ในรายการติดตาม"), close());
    state.open = caseId;
    const [view, messages] = await Promise.all([api.get(`/cases/${caseId}/rungs`), messagesOf(caseId)]);
    if (state.open !== caseId) return;
    rungs = view.rungs;
    fill(byId("panel"), content(line, view, messages));
    byId("panel").hidden = false;
    document.body.classList.add("with-panel");
    if (focus) byId("panel-title").focus();
  } catch (problem) {
    warn(sentence(problem));
  }
}

/** The line of a case that the list does not show at the moment. */
async function lineApart(caseId) {
  [state.apart] = (await api.get("/follow-ups", { case_id: caseId })).items;
  return state.apart;
}

async function messagesOf(caseId) {
  return (await api.get("/messages", { case_id: caseId })).items;
}

/** Back to the list. */
export function close() {
  if (!state.open) return;
  state.open = state.apart = null;
  rungs = [];
  byId("panel").hidden = true;
  fill(byId("panel"));
  document.body.classList.remove("with-panel");
  closed();
}

function content(line, view, messages) {
  return [
    el(
      "div", { class: "panel-head" },
      el("h2", { id: "panel-title", tabindex: "-1" }, line.number ?? "ยังไม่มีเลข"),
      el("button", { type: "button", class: "plain", on: { click: close } }, "กลับไปรายการ ", el("kbd", {}, "Esc")),
    ),
    el("p", { class: "subject" }, line.subject_name ?? line.subject ?? "ยังไม่ระบุหัวข้อ"),
    el("p", {}, where(line)),
    factsOf(line, view),
    buttons(line),
    section("ลำดับขั้นที่แจ้ง", view.rungs.map(rungShown), nextShown(view.next_rung) ?? "ยังไม่มีขั้นที่แจ้ง"),
    whySection(),
    section("ข้อความถึงผู้บริหาร", messages.map(messageShown), "ยังไม่มีข้อความ"),
    section("คำตอบของผู้บริหารและ กสส.", view.answers.map(answerShown), "ยังไม่มีคำตอบ"),
    section("บันทึกการติดตาม", view.chases.map(chaseShown), "ยังไม่มีการติดตาม"),
  ];
}

function factsOf(line, view) {
  return facts([
    ["เหตุเร่งด่วน", word("urgencies", line.urgency)],
    ["ประเภท", word("kinds", line.kind)],
    ["ความรุนแรง", word("severities", line.severity)],
    ["ช่องทาง", word("channels", line.channel)],
    ["รับเรื่องเมื่อ", instant(line.received_at)],
    ["ครบกำหนด", instant(view.due_at)],
    ["เกินกำหนดเมื่อ", instant(view.breached_at)],
    ["สถานะการแจ้ง", word("ladders", view.ladder)],
    ["นัดแล้วเสร็จ", line.promised_at && `${instant(line.promised_at)}${line.promise_broken ? " (ผิดนัด)" : ""}`],
    ["ติดตามครั้งถัดไป", day(line.next_chase_on)],
    ["รอบที่", view.cycle > 1 ? String(view.cycle) : null],
  ]);
}

function buttons(line) {
  const make = (text, key, call, shown) => shown && el("button", { type: "button", "aria-keyshortcuts": key, on: { click: call } }, text, key && " ", key && el("kbd", {}, key));
  const officer = may("rungs:acknowledge") && line.rung > 0 && line.repaired === null;
  return el(
    "div", { class: "buttons", role: "group", "aria-label": "ทำรายการ" },
    make("บันทึกการติดตาม", "c", () => actions.chase(line, rungs), may("follow_ups:write")),
    make("รับทราบ", "a", () => actions.acknowledge(line), officer && waitsForNotice(line)),
    make("นัดแล้วเสร็จ", "p", () => actions.promiseFor(line), officer),
    make("มอบหมาย", null, () => actions.handOver(line), officer),
    make("รับมาดูแลเอง", null, () => actions.takeOver(line), officer),
  );
}

function section(title, entries, nothing) {
  const list = entries.length ? el("ol", { class: "entries" }, entries) : null;
  const text = typeof nothing === "string" ? el("p", { class: "hint" }, nothing) : nothing;
  return el("section", {}, el("h3", {}, title), list, entries.length && typeof nothing === "string" ? null : text);
}

function rungShown(rung) {
  const officer = rung.officer ? `${rung.officer.name} (${rung.officer.staff_code})${rung.officer.acting ? " รักษาการ" : ""}` : "ตำแหน่งว่าง";
  const state = rung.state === "fired" ? "แจ้งแล้ว" : `ไม่ได้แจ้ง: ${word("lapses", rung.lapsed_reason)}`;
  return el(
    "li", {}, el("h4", {}, `ขั้นที่ ${rung.rung} ${word("posts", rung.post)} · ${state}`),
    facts([
      ["ผู้รับแจ้ง", rung.state === "fired" ? officer : null],
      ["กำหนดแจ้ง", instant(rung.scheduled_at)],
      ["แจ้งเมื่อ", instant(rung.fired_at)],
      ["รับทราบเมื่อ", rung.acknowledged_at && `${instant(rung.acknowledged_at)} โดย ${rung.acknowledged_by}`],
      ["เลื่อนขั้นถัดไปถึง", instant(rung.deferred_until)],
      ["นัดแล้วเสร็จ", instant(rung.promised_at)],
      ["บันทึก", rung.note],
      ["ข้อความ", rung.told && `${word("message_states", rung.told)}${rung.told_at ? ` ${instant(rung.told_at)}` : ""}`],
      ["ผู้ดูแลขณะนี้", rung.in_charge && `${rung.in_charge_name ?? ""} (${rung.in_charge})`],
      ["ยกเลิกการเกินกำหนดเมื่อ", instant(rung.corrected_at)],
    ]),
  );
}

function nextShown(next) {
  if (!next) return null;
  const at = next.fires_at ? `กำหนด ${instant(next.fires_at)}` : "หยุดนับชั่วคราว";
  return el("p", { class: "next" }, `ขั้นถัดไป ${next.rung} ${word("posts", next.post)} · ${at}`);
}

function answerShown(answer) {
  return el(
    "li", {}, el("h4", {}, `${instant(answer.answered_at)} · ขั้นที่ ${answer.rung} ${word("answer_kinds", answer.kind)}`), answer.note && el("p", {}, answer.note),
    facts([
      ["นัดแล้วเสร็จ", instant(answer.promised_at)],
      ["เลื่อนขั้นถัดไปถึง", instant(answer.deferred_until)],
      ["มอบให้", answer.to_code && `${answer.to_name ?? ""} (${answer.to_code})`],
      ["โดย", answer.answered_by],
    ]),
  );
}

function chaseShown(chase) {
  return el(
    "li", {}, el("h4", {}, `${instant(chase.chased_at)} · ${chase.whom} · ${word("means", chase.means)}`), el("p", {}, chase.answer),
    facts([["ติดตามครั้งถัดไป", day(chase.next_chase_on)], ["นัดแล้วเสร็จ", instant(chase.promised_at)], ["ผู้ติดตาม", chase.chased_by]]),
  );
}

function messageShown(message) {
  return el(
    "li", {}, el("h4", {}, `${word("message_kinds", message.kind)} · ${word("message_states", message.state)}`),
    facts([["ถึง", message.recipient && `${message.recipient.name ?? ""} (${message.recipient.staff_code})`], ["เมื่อ", instant(message.told_at ?? message.created_at)], ["เหตุผล", message.decided_reason ?? message.reason]]),
  );
}
