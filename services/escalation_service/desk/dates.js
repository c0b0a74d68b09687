// Bangkok time and the Buddhist era. The server's clock counts, not the one of this machine.

const ZONE = "+07:00";
const ERA = 543;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LOCALE = "th-TH-u-ca-buddhist-nu-latn";
const format = (options) => new Intl.DateTimeFormat(LOCALE, { timeZone: "Asia/Bangkok", ...options });
const DATE = format({ day: "numeric", month: "short", year: "numeric" });
const TIME = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const LONG = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
let ahead = 0;

/** Learns the server's clock from an answer. */
export function setClock(asOf) {
  ahead = Date.parse(asOf) - Date.now();
}

export const now = () => new Date(Date.now() + ahead);
const parts = (date) => DATE.formatToParts(date).filter((part) => ["day", "month", "year"].includes(part.type));
const written = (date) => parts(date).map((part) => part.value).join(" ");

/** 3 ก.พ. 2569 16:30 น., or nothing. */
export function instant(value) {
  if (!value) return "";
  const date = new Date(value);
  return `${written(date)} ${TIME.format(date)}\u00a0น.`;
}

/** 3 ก.พ. 2569 of a day written as 2026-02-03. */
export const day = (value) => (value ? written(noon(value)) : "");
/** วันอังคารที่ 3 กุมภาพันธ์ พ.ศ. 2569, to be sure which day is meant. */
export const longDay = (value) => LONG.format(noon(value));
const noon = (iso) => new Date(`${iso}T12:00:00${ZONE}`);

/** The day in Bangkok, so many days from today, as 2026-02-03. */
export function dayFromToday(days = 0) {
  return new Date(now().getTime() + 7 * HOUR + days * DAY).toISOString().slice(0, 10);
}

/** The next day that is no Saturday or Sunday. */
export function nextWeekday() {
  let days = 1;
  while ([0, 6].includes(new Date(`${dayFromToday(days)}T12:00:00Z`).getUTCDay())) days += 1;
  return dayFromToday(days);
}

/** 4/2/2569, as people type it. */
export function typed(iso) {
  const [year, month, date] = iso.split("-").map(Number);
  return `${date}/${month}/${year + ERA}`;
}

const latin = (text) => text.replace(/[๐-๙]/g, (digit) => String(digit.charCodeAt(0) - 0x0e50));

/** 2026-02-04 for "4/2/2569", "4/2/69", "4/2" or "+1"; null for what is no day. */
export function parseDay(text) {
  const plain = latin(text).trim();
  const later = /^\+(\d{1,3})$/.exec(plain);
  if (later) return dayFromToday(Number(later[1]));
  const found = /^(\d{1,2})[/.\- ](\d{1,2})(?:[/.\- ](\d{2}|\d{4}))?$/.exec(plain);
  if (!found) return null;
  const [date, month] = [Number(found[1]), Number(found[2])];
  const iso = (year) => `${year}-${String(month).padStart(2, "0")}-${String(date).padStart(2, "0")}`;
  const exists = (value) => !Number.isNaN(Date.parse(`${value}T00:00:00Z`)) && new Date(`${value}T00:00:00Z`).toISOString().startsWith(value);
  if (found[3]) {
    const year = (found[3].length === 2 ? 2500 + Number(found[3]) : Number(found[3])) - ERA;
    return year >= 2000 && year < 2200 && exists(iso(year)) ? iso(year) : null;
  }
  const thisYear = Number(dayFromToday().slice(0, 4));
  const next = [thisYear, thisYear + 1].map(iso).find((value) => value >= dayFromToday());
  return next && exists(next) ? next : null;
}

/** 2026-02-04T15:30:00+07:00 for "4/2/2569 15:30"; without a time the end of office hours; null for what is no time. */
export function parseInstant(text) {
  const plain = latin(text).trim();
  const found = /^(.*?)(?:\s+(\d{1,2})[:.](\d{2}))?$/.exec(plain);
  const date = parseDay(found[1]);
  const [hour, minute] = found[2] ? [Number(found[2]), Number(found[3])] : [16, 30];
  if (!date || hour > 23 || minute > 59) return null;
  return `${date}T${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}:00${ZONE}`;
}

/** "2 วัน 3 ชม." for 51 hours. */
export function duration(hours) {
  const days = Math.floor(hours / 24);
  const rest = hours % 24;
  return [days ? `${days.toLocaleString("th-TH-u-nu-latn")} วัน` : "", rest || !days ? `${rest} ชม.` : ""].filter(Boolean).join(" ");
}
