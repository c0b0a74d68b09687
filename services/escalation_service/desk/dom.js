// Builds elements. Data enters the page as text only: there is no way through this module to markup.

/** An element with attributes and children; strings become text nodes, null and false are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, call] of Object.entries(value)) node.addEventListener(event, call);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** Puts children in the place of whatever an element held. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
}

/** A list of terms; entries without a value are left out. */
export function facts(entries, attributes = {}) {
  const shown = entries.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", attributes, shown.map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, value))));
}

/** Says something without moving the focus; a screen reader reads it out. */
export function say(text) {
  byId("status").textContent = text;
}

/** Shows what went wrong until it is dismissed or something goes right. */
export function warn(text) {
  const box = byId("alert");
  if (!text) return void fill(box);
  const close = el("button", { type: "button", class: "plain", on: { click: () => fill(box) } }, "ปิดข้อความ");
  fill(box, el("p", {}, text), close);
}
