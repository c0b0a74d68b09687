// Lists what a page lacks for somebody with a screen reader, a keyboard or weak eyes: names of controls, labels,
// unique ids, references that lead somewhere, the order of headings, contrast (WCAG 2 AA).
const found = [];
const seen = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true });
const what = (node) => `${node.tagName.toLowerCase()}#${node.id}.${node.className} "${(node.textContent || "").trim().slice(0, 30)}"`;
const text = (ids) => ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
const nameOf = (node) => (node.getAttribute("aria-label") || (node.getAttribute("aria-labelledby") && text(node.getAttribute("aria-labelledby")))
  || [...(node.labels ?? [])].map((label) => label.textContent).join(" ") || (["BUTTON", "A"].includes(node.tagName) ? node.textContent : "")).trim();

if (document.documentElement.lang !== "th") found.push("the page does not say that it is Thai");
if (!document.title.trim()) found.push("no title");
const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`two elements are #${id}`);
for (const name of ["for", "aria-labelledby", "aria-describedby", "aria-controls", "list"])
  for (const node of [...document.querySelectorAll(`[${name}]`)].filter(seen))
    for (const id of node.getAttribute(name).split(/\s+/)) if (!document.getElementById(id)) found.push(`${what(node)}: ${name} leads nowhere`);
for (const node of document.querySelectorAll("button, a[href], input, select, textarea"))
  if (seen(node) && !nameOf(node)) found.push(`${what(node)} has no name`);
for (const node of document.querySelectorAll("section, nav, dialog, [role=search], [role=group]"))
  if (seen(node) && node.tagName !== "SECTION" && !nameOf(node)) found.push(`${what(node)} is a region without a name`);
for (const node of document.querySelectorAll("img")) if (!node.hasAttribute("alt")) found.push(`${what(node)} has no alt`);
for (const node of document.querySelectorAll("[tabindex]")) if (node.tabIndex > 0) found.push(`${what(node)} jumps the queue of the tab key`);
if ([...document.querySelectorAll("main")].filter(seen).length > 1) found.push("more than one main part");
if ([...document.querySelectorAll("h1")].filter(seen).length !== 1) found.push("not one h1");
let level = 1;
for (const node of [...document.querySelectorAll("h1, h2, h3, h4")].filter(seen)) {
  const here = Number(node.tagName[1]);
  if (here > level + 1) found.push(`${what(node)} skips a level of headings`);
  level = here;
}

const rgba = (color) => { const parts = color.match(/[\d.]+/g).map(Number); return [parts[0], parts[1], parts[2], parts[3] ?? 1]; };
const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3])).concat(1);
const ground = (node) => {
  const layers = [];
  for (let each = node; each; each = each.parentElement) {
    layers.push(rgba(getComputedStyle(each).backgroundColor));
    if (layers.at(-1)[3] === 1) break;
  }
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
};
const light = (color) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, n) => {
  const part = color[n] / 255;
  return sum + weight * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
}, 0);
const modal = document.querySelector("dialog:modal");
for (const node of (modal ?? document.body).querySelectorAll("*")) {
  const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  if (!own || !seen(node) || node.closest(":disabled, option, select")) continue;
  const style = getComputedStyle(node);
  const [fore, back] = [over(rgba(style.color), ground(node)), ground(node)];
  const [bright, dark] = [light(fore), light(back)].sort((a, b) => b - a);
  const ratio = (bright + 0.05) / (dark + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  if (ratio < (large ? 3 : 4.5)) found.push(`${what(node)} has contrast ${ratio.toFixed(2)}`);
}
return found;
