// The views of the list, one tab each: what the API is asked for, and which of its counts stands on the tab.

export const VIEWS = [
  { id: "all", title: "ทั้งหมด", query: {}, count: (tabs) => tabs.total, none: "ไม่มีเรื่องที่ต้องติดตาม" },
  { id: "unacknowledged", title: "ยังไม่รับทราบ", query: { unacknowledged: true }, count: (tabs) => tabs.unacknowledged, none: "ทุกขั้นที่แจ้งไปมีผู้รับทราบแล้ว" },
  { id: "promise_broken", title: "ผิดนัด", query: { promise_broken: true }, count: (tabs) => tabs.promise_broken, none: "ไม่มีนัดที่เลยกำหนด" },
  { id: "chase_due", title: "ถึงกำหนดติดตาม", query: { next_chase: "due" }, count: (tabs) => tabs.chase_today + tabs.chase_overdue, none: "วันนี้ไม่มีเรื่องที่ถึงกำหนดติดตาม" },
  { id: "late", title: "เกินกำหนด", query: { late: true }, count: (tabs) => tabs.late, none: "ไม่มีเรื่องที่เกินกำหนด" },
  { id: "warned", title: "ใกล้ครบกำหนด", query: { late: false }, count: (tabs) => tabs.warned, none: "ไม่มีเรื่องที่ใกล้ครบกำหนด" },
  { id: "not_repaired", title: "ไม่ได้ซ่อม", query: { not_repaired: true }, count: (tabs) => tabs.not_repaired, none: "ไม่มีเรื่องที่แจ้งเสร็จโดยไม่ได้ซ่อม" },
  { id: "review", title: "ข้อความรอตรวจ", right: "messages:review", none: "ไม่มีข้อความรอตรวจ" },
];

export const view = (id) => VIEWS.find((each) => each.id === id);
