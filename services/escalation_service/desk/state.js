// What the page knows at the moment; every module reads it, each part has one writer.

export const state = {
  me: null, // main.js: who is signed in
  view: "all", // main.js: the tab
  counts: null, // list.js: the newest counts
  lines: [], // list.js: what is shown, in order
  cursor: null, // list.js: how to go on
  current: null, // list.js: the case under the keyboard
  selected: new Map(), // list.js: lines marked for one acknowledgement, by case
  open: null, // panel.js: the case in the panel
  apart: null, // panel.js: the line of that case where the list does not show it
};

export const may = (right) => state.me?.rights.includes(right) ?? false;
export const lineOf = (caseId) => [...state.lines, state.apart].find((line) => line?.case_id === caseId) ?? null;
/** Whether somebody may still take notice of the rung fired last. */
export const waitsForNotice = (line) => line.rung > 0 && !line.acknowledged_at && line.repaired === null;
