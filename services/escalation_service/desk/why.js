// Why the rungs of a case fired or did not, as the API explains them.

import * as api from "./api.js";
import { instant } from "./dates.js";
import { byId, el, facts, fill } from "./dom.js";
import { state } from "./state.js";
import { sentence, word } from "./words.js";

/** Asks, and shows the answer in the panel. */
export async function explain() {
  const box = byId("why");
  if (!state.open || !box) return;
  try {
    const found = await api.get(`/cases/${state.open}/explain`);
    fill(box, el("p", { class: "hint" }, `ณ ${instant(found.at)}`), found.cycles.map(cycleShown));
  } catch (problem) {
    fill(box, el("p", { class: "error" }, sentence(problem)));
  }
}

/** The part of the panel that the answer goes into. */
export function whySection() {
  const ask = el("button", { type: "button", "aria-keyshortcuts": "w", on: { click: explain } }, "ดูเหตุผล ", el("kbd", {}, "w"));
  return el("section", {}, el("h3", {}, "เหตุใดจึงแจ้ง หรือไม่แจ้ง"), ask, el("div", { id: "why", role: "status" }));
}

function cycleShown(cycle) {
  const held = cycle.held.map((span) => `${instant(span.begin)} ถึง ${span.end ? instant(span.end) : "ขณะนี้"}`).join(", ");
  return el(
    "div", {}, cycle.cycle > 1 && el("p", { class: "next" }, `รอบที่ ${cycle.cycle}`),
    facts([["ครบกำหนด", instant(cycle.due_at)], ["ยกเลิกการเกินกำหนดเมื่อ", instant(cycle.voided_at)], ["ช่วงที่หยุดนับ", held]]),
    el("ol", { class: "entries" }, cycle.rungs.map(rungShown)),
  );
}

function rungShown(rung) {
  return el(
    "li", {}, el("h4", {}, `ขั้นที่ ${rung.rung} ${word("posts", rung.post)}`), el("p", {}, word("reasons", rung.why)),
    facts([
      ["จนถึง", instant(rung.until)],
      ["กำหนดแจ้ง", instant(rung.scheduled_at)],
      ["แจ้งเมื่อ", instant(rung.fired_at)],
      ["ผู้รับแจ้ง", rung.officer],
      ["ในฐานะ", word("called_as", rung.called_as)],
      ["ให้เวลาขั้นก่อนหน้าถึง", instant(rung.gap_ends_at)],
      ["เลื่อนเพราะรับทราบแล้วถึง", instant(rung.deferred_until)],
    ]),
  );
}
