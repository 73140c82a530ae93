/* Cells pasted from a spreadsheet fill the grid from the cell they are pasted into; arrow keys and Enter move. Without it all works by hand. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-grid]");
  const body = form?.querySelector(".eg-grid.is-edit tbody");
  if (!body) return;
  const MOST_ROWS = 200;
  const lines = () => [...body.rows];
  const cells = (line) => [...line.querySelectorAll("input")];
  const spot = (input) => {
    const line = input.closest("tr");
    return [lines().indexOf(line), cells(line).indexOf(input)];
  };
  const at = (row, column) => {
    const line = lines()[row];
    return line ? cells(line)[column] : undefined;
  };
  const grow = () => {
    const last = lines().at(-1);
    const number = Number(last.dataset.line) + 1;
    if (lines().length >= MOST_ROWS) return false;
    const line = last.cloneNode(true);
    line.dataset.line = number;
    for (const error of line.querySelectorAll(".eg-error, td .eg-soft")) error.remove();
    for (const input of cells(line)) {
      input.value = "";
      input.name = input.name.replace(/^([rx])\d+/, `$1${number}`);
      input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+(?=$|:)/, number + 1));
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
    body.append(line);
    return true;
  };
  const clear = (input) => {
    if (!input.hasAttribute("aria-invalid")) return;
    document.getElementById(input.getAttribute("aria-describedby"))?.remove();
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  };
  // A piece of a spreadsheet: tabs between cells, quotes round a cell with line breaks.
  const parse = (text) => {
    const found = [[""]];
    let quoted = false;
    const sign = /\t/.test(text) ? "\t" : "\n";
    const source = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
    for (let i = 0; i < source.length; i += 1) {
      const c = source[i];
      const row = found.at(-1);
      if (quoted) {
        if (c === '"' && source[i + 1] === '"') { row[row.length - 1] += '"'; i += 1; }
        else if (c === '"') quoted = false;
        else row[row.length - 1] += c === "\n" ? " " : c;
      } else if (c === '"' && row.at(-1) === "") quoted = true;
      else if (c === "\n") found.push([""]);
      else if (c === sign) row.push("");
      else row[row.length - 1] += c;
    }
    return found;
  };
  form.addEventListener("paste", (event) => {
    const input = event.target.closest?.("tbody input");
    const text = event.clipboardData?.getData("text/plain") || "";
    if (!input || !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    const [row, column] = spot(input);
    parse(text).forEach((values, down) => {
      if (!lines()[row + down] && !grow()) return;
      values.forEach((value, right) => {
        const cell = at(row + down, column + right);
        if (cell) { cell.value = value.trim().slice(0, 64); clear(cell); }
      });
    });
    input.focus();
  });
  form.addEventListener("input", (event) => clear(event.target));
  form.addEventListener("keydown", (event) => {
    const input = event.target.closest?.("tbody input");
    if (!input || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const [row, column] = spot(input);
    const whole = input.selectionStart === 0 && input.selectionEnd === input.value.length;
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [1, 0] };
    if (event.key === "ArrowLeft" && (whole || input.selectionEnd === 0)) steps.ArrowLeft = [0, -1];
    if (event.key === "ArrowRight" && (whole || input.selectionStart === input.value.length)) steps.ArrowRight = [0, 1];
    const step = steps[event.key];
    if (!step) return;
    const next = at(row + step[0], column + step[1]);
    if (event.key === "Enter" || next) event.preventDefault();
    if (next) { next.focus(); next.select(); }
  });
});
