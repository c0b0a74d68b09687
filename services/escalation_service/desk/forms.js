// Forms in a dialog: labels, hints, errors beside their fields, and never sent twice.

import { newKey } from "./api.js";
import { byId, el, say } from "./dom.js";
import { sentence, word } from "./words.js";

let opened = null;

export const isFormOpen = () => opened !== null;

function control(field) {
  const common = { id: `field-${field.name}`, name: field.name, "aria-describedby": `hint-${field.name} error-${field.name}` };
  const attributes = { ...common, required: field.required, "aria-required": field.required ? "true" : null, maxlength: field.longest };
  if (field.type === "choice")
    return el("select", attributes, field.options.map(([value, text]) => el("option", { value, selected: value === field.value }, text)));
  if (field.type === "text") return el("textarea", { ...attributes, rows: 3, value: field.value ?? "" });
  return el("input", { ...attributes, type: "text", autocomplete: "off", value: field.value ?? "", list: field.suggestions ? `list-${field.name}` : null });
}

function fieldShown(field) {
  const input = control(field);
  const hint = el("span", { class: "hint", id: `hint-${field.name}` }, field.hint ?? "");
  if (field.read) {
    const shown = el("output", { for: input.id, class: "read" });
    const read = () => (shown.textContent = input.value.trim() ? (field.read(input.value) ?? "อ่านวันเวลานี้ไม่ได้") : "");
    input.addEventListener("input", read);
    read();
    hint.append(" ", shown);
  }
  const suggestions = field.suggestions && el("datalist", { id: `list-${field.name}` }, field.suggestions.map((value) => el("option", { value })));
  return el(
    "div", { class: "field" }, el("label", { for: input.id }, field.label, field.required ? " (จำเป็น)" : ""), input, suggestions, hint,
    el("p", { class: "error", id: `error-${field.name}` }),
  );
}

function complain(form, name, text) {
  const input = form.querySelector(`[name="${CSS.escape(name)}"]`);
  if (!input) return false;
  input.setAttribute("aria-invalid", "true");
  byId(`error-${name}`).textContent = text;
  return true;
}

function clearComplaints(form) {
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const text of form.querySelectorAll(".error")) text.textContent = "";
}

function valuesOf(form, fields) {
  const values = {};
  for (const field of fields) {
    const written = form.elements[field.name].value.trim();
    if (!written) {
      if (field.required) complain(form, field.name, "ต้องกรอกช่องนี้");
      continue;
    }
    const value = field.parse ? field.parse(written) : written;
    if (value === null) complain(form, field.name, field.wrong ?? "อ่านค่านี้ไม่ได้");
    else values[field.name] = value;
  }
  return values;
}

function showProblem(form, problem) {
  const general = [];
  for (const error of problem.errors ?? []) {
    const name = /^#\/([a-z_]+)/.exec(error.pointer ?? "")?.[1];
    const text = `${word("problems", error.code)} [${error.code}]`;
    if (!name || !complain(form, name, text)) general.push(text);
  }
  byId("form-error").textContent = [sentence(problem), ...general].join(" · ");
  (form.querySelector("[aria-invalid]") ?? form.querySelector("[type=submit]")).focus();
}

/** Opens a form. `send(values, key)` may be called again after a failure, always with the key of this form. */
export function openForm({ title, about, reading, fields, button, send, done }) {
  if (opened) return;
  const key = newKey();
  const before = document.activeElement;
  const submit = el("button", { type: "submit", class: "main" }, button, " ", el("kbd", {}, "Ctrl+Enter"));
  const cancel = el("button", { type: "button", on: { click: () => dialog.close() } }, "ยกเลิก ", el("kbd", {}, "Esc"));
  const form = el(
    "form", { novalidate: true }, el("h2", { id: "form-title" }, title), about && el("p", { class: "about" }, about),
    reading && el("p", { class: "reading" }, reading), fields.map(fieldShown),
    el("p", { class: "error", id: "form-error", role: "alert" }), el("div", { class: "buttons" }, submit, cancel),
  );
  const dialog = el("dialog", { "aria-labelledby": "form-title" }, form);
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    clearComplaints(form);
    const values = valuesOf(form, fields);
    const wrong = form.querySelector("[aria-invalid]");
    if (wrong) return void wrong.focus();
    busy = submit.disabled = true;
    say("กำลังบันทึก");
    try {
      const answer = await send(values, key);
      dialog.close();
      await done(answer, values);
    } catch (problem) {
      busy = submit.disabled = false;
      if (dialog.open) showProblem(form, problem);
      else throw problem;
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(submit);
    }
  });
  dialog.addEventListener("cancel", (event) => busy && event.preventDefault());
  dialog.addEventListener("close", () => {
    dialog.remove();
    opened = null;
    if (before?.isConnected) before.focus();
  });
  open(dialog);
  const first = form.querySelector("input, textarea, select");
  (first ?? submit).focus();
  if (first?.select) first.select();
}

function open(dialog) {
  document.body.append(dialog);
  opened = dialog;
  dialog.showModal();
}

/** A page of reading in a dialog. */
export function openNote(title, ...content) {
  if (opened) return;
  const before = document.activeElement;
  const close = el("button", { type: "button", class: "main", on: { click: () => dialog.close() } }, "ปิด ", el("kbd", {}, "Esc"));
  const dialog = el("dialog", { "aria-labelledby": "form-title" }, el("h2", { id: "form-title" }, title), content, el("div", { class: "buttons" }, close));
  dialog.addEventListener("close", () => {
    dialog.remove();
    opened = null;
    if (before?.isConnected) before.focus();
  });
  open(dialog);
  close.focus();
}

/** Closes whatever dialog is open, when nobody is signed in any more. */
export function closeForms() {
  if (opened) opened.close();
}

