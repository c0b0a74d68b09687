// Messages that wait until somebody of กสส. lets them go to a deputy governor, or keeps them back.

import * as api from "./api.js";
import { duration, instant } from "./dates.js";
import { byId, el, facts, fill, say, warn } from "./dom.js";
import { openForm } from "./forms.js";
import { sentence, word } from "./words.js";

let cursor = null;
let loaded = () => {};
/** Calls back with how many are waiting, as far as they were loaded, whenever that is known anew. */
export const onReview = (call) => (loaded = call);

/** Shows the queue in the place of the list. */
export async function showReview() {
  try {
    const page = await api.get("/messages", { state: "held", limit: 50 });
    cursor = page.next_cursor;
    fill(byId("lines"), page.items.map(messageShown));
    byId("list-count").textContent = `${page.items.length}${cursor ? "+" : ""} ข้อความ`;
    byId("empty").hidden = page.items.length > 0;
    byId("empty").textContent = "ไม่มีข้อความรอตรวจ";
    byId("more").hidden = !cursor;
    loaded(page.items.length, cursor !== null);
    warn("");
  } catch (problem) {
    warn(sentence(problem));
  }
}

/** The next page of the queue. */
export async function moreReview() {
  try {
    const page = await api.get("/messages", { state: "held", limit: 50, cursor });
    cursor = page.next_cursor;
    byId("lines").append(...page.items.map(messageShown));
    byId("more").hidden = !cursor;
  } catch (problem) {
    warn(sentence(problem));
  }
}

/** How many wait, for the number on the tab. */
export async function countReview() {
  const page = await api.get("/messages", { state: "held", limit: 100 });
  loaded(page.items.length, page.next_cursor !== null);
}

function messageShown(message) {
  const node = el(
    "li", { class: "line message" },
    el(
      "div", { class: "case" }, el("h3", { class: "number" }, message.number ?? "ยังไม่มีเลข"),
      el("p", { class: "office" }, `ขั้นที่ ${message.rung} ${word("posts", message.post)} · ถึง ${to(message)}`),
      el("p", { class: "office" }, message.office_name ?? message.office),
    ),
    facts([["รอตรวจตั้งแต่", instant(message.held_at)], ["เกินกำหนด", duration(message.hours_overdue)], ["เหตุที่รอ", why(message)]], { class: "dates" }),
    el(
      "div", { class: "buttons" },
      el("button", { type: "button", class: "open main", on: { click: () => approve(message) } }, "อ่านและส่ง"),
      el("button", { type: "button", on: { click: () => reject(message) } }, "ไม่ส่ง"),
    ),
  );
  node.dataset.message = message.message_id;
  return node;
}

const to = (message) => (message.recipient ? `${message.recipient.name ?? ""} (${message.recipient.staff_code})` : "ยังไม่มีผู้รับ");
const why = (message) => (message.held_reason === "review" ? "นโยบายให้ตรวจก่อนส่ง" : message.held_reason);
const about = (message) => `${message.number ?? ""} · ขั้นที่ ${message.rung} · ถึง ${to(message)}`;

async function decided(text) {
  say(text);
  await showReview();
  (byId("lines").querySelector(".open") ?? byId("list-title")).focus();
}

async function approve(message) {
  try {
    const { preview } = await api.get(`/messages/${message.message_id}`);
    openForm({
      title: "ส่งข้อความถึงผู้บริหาร", about: about(message), reading: preview, fields: [], button: "ยืนยันให้ส่ง",
      send: (_values, key) => api.post(`/messages/${message.message_id}/approve`, undefined, key), done: () => decided("ให้ส่งข้อความแล้ว"),
    });
  } catch (problem) {
    warn(sentence(problem));
  }
}

function reject(message) {
  openForm({
    title: "ไม่ส่งข้อความ", about: about(message), button: "ยืนยันไม่ส่ง",
    fields: [{ name: "reason", label: "เหตุผล", type: "text", required: true, longest: 500, hint: "ห้ามใส่หมายเลขโทรศัพท์หรือข้อมูลส่วนบุคคล" }],
    send: (values, key) => api.post(`/messages/${message.message_id}/reject`, values, key), done: () => decided("บันทึกว่าไม่ส่งแล้ว"),
  });
}
