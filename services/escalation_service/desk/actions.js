// What can be done with a case: chase, acknowledge, promise, hand over, take over; and acknowledge many at once.

import * as api from "./api.js";
import { dayFromToday, longDay, nextWeekday, parseDay, parseInstant, instant, typed } from "./dates.js";
import { say, el } from "./dom.js";
import { openForm, openNote } from "./forms.js";
import { lineOf, may, state, waitsForNotice } from "./state.js";
import { choices, word, sentence } from "./words.js";

let changed = async () => {};
export const onChange = (call) => (changed = call);

const MOST = 100; // as many as the API takes at once
const DAY_HINT = "วัน/เดือน/ปี พ.ศ. เช่น 4/2/2569 หรือ +1 คือพรุ่งนี้";
const TIME_HINT = "วัน/เดือน/ปี พ.ศ. และเวลา เช่น 4/2/2569 15:30 (ไม่ใส่เวลาคือ 16:30)";
const readDay = (text) => (parseDay(text) ? longDay(parseDay(text)) : null);
const readInstant = (text) => (parseInstant(text) ? instant(parseInstant(text)) : null);
const wrongTime = "อ่านวันเวลานี้ไม่ได้ ใช้รูปแบบ 4/2/2569 15:30";
const promise = (required) => ({ name: "promised_at", label: "นัดแล้วเสร็จ", required, hint: TIME_HINT, read: readInstant, parse: parseInstant, wrong: wrongTime });
const note = { name: "note", label: "บันทึก", type: "text", longest: 500, hint: "ห้ามใส่หมายเลขโทรศัพท์หรือข้อมูลส่วนบุคคล" };
const hours = { name: "defer_hours", label: "เลื่อนขั้นถัดไป (ชั่วโมง)", hint: "0 ถึง 24 เว้นว่างไว้คือนานที่สุดที่นโยบายยอมให้", parse: (text) => (/^\d{1,2}$/.test(text) && Number(text) <= 24 ? Number(text) : null), wrong: "ใส่จำนวนชั่วโมง 0 ถึง 24" };
const about = (line) => `${line.number ?? "ยังไม่มีเลข"} · ${line.subject_name ?? line.subject ?? "ยังไม่ระบุหัวข้อ"} · ${line.office_name ?? line.office}`;

const after = (text) => async () => {
  say(text);
  await changed();
};

/** The officers whom the rungs called upon, as suggestions of whom to chase; the newest first. */
function whom(line, rungs) {
  const called = (rungs ?? []).filter((rung) => rung.state === "fired").reverse();
  const names = called.map((rung) => [word("posts", rung.post), rung.officer?.name].filter(Boolean).join(" "));
  const office = line.office === "HQ" ? "หัวหน้างาน สำนักงานใหญ่" : `ผจก.${line.office_name ?? line.office}`;
  return [...new Set([...names, office])];
}

/** The chase log's form: whom, by which means, the answer, when to ask again. */
export function chase(line, rungs) {
  if (!line || !may("follow_ups:write")) return;
  const people = whom(line, rungs);
  openForm({
    title: "บันทึกการติดตาม", about: about(line), button: "บันทึก",
    fields: [
      { name: "whom", label: "ติดตามใคร", required: true, longest: 120, value: people[0], suggestions: people },
      { name: "means", label: "วิธีติดตาม", type: "choice", required: true, options: choices("means"), value: "phone" },
      { name: "answer", label: "คำตอบ", type: "text", required: true, longest: 500, hint: "ห้ามใส่หมายเลขโทรศัพท์หรือข้อมูลส่วนบุคคล" },
      { name: "next_chase_on", label: "ติดตามครั้งถัดไป", value: typed(nextWeekday()), hint: DAY_HINT, read: readDay, parse: notPast, wrong: "ต้องเป็นวันนี้หรือวันข้างหน้า เช่น 4/2/2569" },
      promise(false),
    ],
    send: (values, key) => api.post(`/follow-ups/${line.case_id}/chases`, values, key),
    done: after("บันทึกการติดตามแล้ว"),
  });
}

function notPast(text) {
  const found = parseDay(text);
  return found && found >= dayFromToday() ? found : null;
}

/** An officer, or กสส. for them, takes notice of the rung fired last. */
export function acknowledge(line) {
  if (!line || !may("rungs:acknowledge")) return;
  if (!waitsForNotice(line)) return void say("เรื่องนี้ไม่มีขั้นที่รอรับทราบ");
  openForm({
    title: `รับทราบขั้นที่ ${line.rung}`, about: about(line), fields: [note, promise(false), hours], button: "รับทราบ",
    send: (values, key) => api.post(`/cases/${line.case_id}/rungs/${line.rung}/acknowledge`, values, key),
    done: after("บันทึกการรับทราบแล้ว"),
  });
}

/** One notice for all lines that are marked. */
export function acknowledgeMany() {
  const lines = [...state.selected.values()];
  if (!lines.length || !may("rungs:acknowledge")) return void say("ยังไม่ได้เลือกเรื่อง กด x เพื่อเลือก");
  openForm({
    title: `รับทราบ ${lines.length} เรื่อง`, about: lines.map((line) => line.number).slice(0, 5).join(", ") + (lines.length > 5 ? " …" : ""),
    fields: [note, hours], button: `รับทราบทั้ง ${lines.length} เรื่อง`,
    send: inParts(lines),
    done: (answer) => toldOfMany(answer, lines),
  });
}

/** Sends as many lines at once as the API takes; after a failure it goes on with those that were not sent yet. */
function inParts(lines) {
  const waiting = lines.map((line) => ({ case_id: line.case_id, rung: line.rung }));
  const items = [];
  return async (values, key) => {
    while (waiting.length) {
      const answer = await api.post("/acknowledgements", { items: waiting.slice(0, MOST), ...values }, `${key}-${waiting.length}`);
      items.push(...answer.items);
      waiting.splice(0, MOST);
    }
    return { items };
  };
}

async function toldOfMany(answer, lines) {
  const refused = answer.items.filter((each) => each.result !== "acknowledged");
  state.selected.clear();
  await after(`รับทราบแล้ว ${answer.items.length - refused.length} เรื่อง`)();
  if (!refused.length) return;
  const rows = refused.map((each) => {
    const line = lines.find((one) => one.case_id === each.case_id) ?? lineOf(each.case_id);
    return el("li", {}, `${line?.number ?? each.case_id}: ${sentence({ code: each.result })}`);
  });
  openNote(`รับทราบไม่สำเร็จ ${refused.length} เรื่อง`, el("ul", {}, rows));
}

const reason = { name: "reason", label: "เหตุผล", type: "text", required: true, longest: 500, hint: "ห้ามใส่หมายเลขโทรศัพท์หรือข้อมูลส่วนบุคคล" };

/** A new date by which the office says that it will be done. */
export function promiseFor(line) {
  if (!line?.rung || !may("rungs:acknowledge")) return;
  openForm({
    title: "บันทึกนัดแล้วเสร็จ", about: about(line), fields: [promise(true), note], button: "บันทึกนัด",
    send: (values, key) => api.post(`/cases/${line.case_id}/rungs/${line.rung}/promise`, values, key),
    done: after("บันทึกนัดแล้ว"),
  });
}

/** Somebody else is in charge of the rung from now on. */
export function handOver(line) {
  if (!line?.rung || !may("rungs:acknowledge")) return;
  openForm({
    title: `มอบหมายขั้นที่ ${line.rung}`, about: about(line), button: "มอบหมาย",
    fields: [{ name: "to_staff_code", label: "รหัสพนักงานผู้รับมอบ", required: true, longest: 32, hint: "เช่น PWA-48211" }, reason],
    send: (values, key) => api.post(`/cases/${line.case_id}/rungs/${line.rung}/hand-over`, values, key),
    done: after("มอบหมายแล้ว"),
  });
}

/** Whoever is signed in takes charge of the rung. */
export function takeOver(line) {
  if (!line?.rung || !may("rungs:acknowledge")) return;
  openForm({
    title: `รับเรื่องมาดูแลเอง ขั้นที่ ${line.rung}`, about: about(line), fields: [reason], button: "รับมาดูแล",
    send: (values, key) => api.post(`/cases/${line.case_id}/rungs/${line.rung}/take-over`, values, key),
    done: after("รับมาดูแลแล้ว"),
  });
}
