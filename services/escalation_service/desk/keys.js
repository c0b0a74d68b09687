// Single keys. They mean the key's place, so that they work while the keyboard is set to Thai; they can be turned off.

import { el } from "./dom.js";
import { isFormOpen, openNote } from "./forms.js";

const KEPT = "pwa-desk-keys";
const isOn = () => localStorage.getItem(KEPT) !== "off";
const TEXTS = [
  ["j หรือ ↓", "เรื่องถัดไป"], ["k หรือ ↑", "เรื่องก่อนหน้า"], ["Enter", "เปิดเรื่อง"], ["Esc", "กลับไปรายการ หรือปิดแบบฟอร์ม"],
  ["c", "บันทึกการติดตาม"], ["a", "รับทราบ"], ["p", "บันทึกนัดแล้วเสร็จ"], ["w", "ดูเหตุผลที่แจ้งหรือไม่แจ้ง"],
  ["x", "เลือกหรือยกเลิกการเลือก"], ["Shift+A", "รับทราบทุกเรื่องที่เลือก"], ["/", "ค้นหาเลขรับเรื่อง"], ["r", "โหลดรายการใหม่"],
  ["1 ถึง 8", "เปลี่ยนมุมมอง"], ["Ctrl+Enter", "ส่งแบบฟอร์ม"], ["?", "หน้าต่างนี้"],
];

function named(event) {
  const shift = event.shiftKey ? "Shift+" : "";
  if (event.key === "?" || (event.code === "Slash" && event.shiftKey)) return "?";
  if (event.key === "/" || event.code === "Slash") return "/";
  if (/^Key[A-Z]$/.test(event.code)) return shift + event.code.slice(3).toLowerCase();
  if (/^Digit[1-8]$/.test(event.code) && !event.shiftKey) return event.code.slice(5);
  return { ArrowDown: "j", ArrowUp: "k", Escape: "Escape" }[event.key] ?? shift + event.key.toLowerCase();
}

const isTyping = (target) => target.closest("input:not([type=checkbox]), textarea, select") !== null;

/** Listens for the keys of a table name → call; whatever is typed into a field or a dialog stays there. */
export function listen(table) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isFormOpen()) return;
    const name = named(event);
    if (isTyping(event.target)) {
      if (name === "Escape") event.target.blur();
      return;
    }
    if (!isOn() && name !== "Escape") return;
    const call = table[name];
    if (!call) return;
    event.preventDefault();
    call();
  });
}

/** What the keys do, and the switch that turns them off. */
export function help() {
  const box = el("input", { type: "checkbox", id: "keys-on" });
  box.checked = isOn();
  box.addEventListener("change", () => localStorage.setItem(KEPT, box.checked ? "on" : "off"));
  const rows = TEXTS.map(([key, text]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, text)));
  openNote("ปุ่มลัด", el("dl", { class: "keys" }, rows), el("p", {}, box, " ", el("label", { for: "keys-on" }, "ใช้ปุ่มลัดที่เป็นปุ่มเดียว")));
}
