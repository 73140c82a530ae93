/* The builder of conditions: groups of rows over the JSON of the text area, which stays what is sent. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-rule]");
  const source = form?.querySelector("[data-condition]");
  const place = form?.querySelector("[data-builder]");
  if (!source || !place) return;
  const told = JSON.parse(document.getElementById("rule-vocabulary").textContent);
  const fields = new Map(told.groups.flatMap((group) => group.fields).map((field) => [field.name, field]));
  const live = document.getElementById("wm-live");
  const counted = form.querySelector("[data-counted]");
  const NO_VALUE = ["is_empty", "is_not_empty"], LISTS = ["in", "not_in"];

  let tree;
  try { tree = source.value.trim() ? JSON.parse(source.value) : null; } catch { return; }  // left to the person
  const readable = (node, depth) => {
    if (!node || typeof node !== "object" || depth > told.depth) return false;
    if ("field" in node) return fields.has(node.field) && fields.get(node.field).operators.includes(node.op);
    const keys = Object.keys(node);
    if (keys.length !== 1 || !["all", "any", "not"].includes(keys[0])) return false;
    const inner = node[keys[0]];
    return Array.isArray(inner) ? keys[0] !== "not" && inner.every((each) => readable(each, depth + 1)) : keys[0] === "not" && readable(inner, depth + 1);
  };
  if (tree && !readable(tree, 1)) return;

  // --- the model: a group is {kind, items}; "not" is a group of one or more that must not all hold ---------------------
  const from = (node) => {
    if ("field" in node) return { ...node };
    const [kind] = Object.keys(node);
    if (kind !== "not") return { kind, items: node[kind].map(from) };
    const inner = from(node.not);
    return inner.kind === "all" ? { kind: "not", items: inner.items } : { kind: "not", items: [inner] };
  };
  const into = (node) => {
    if (!node.items) return "value" in node ? { field: node.field, op: node.op, value: node.value } : { field: node.field, op: node.op };
    const items = node.items.map(into).filter(Boolean);
    if (!items.length) return null;
    if (node.kind !== "not") return { [node.kind]: items };
    return { not: items.length === 1 ? items[0] : { all: items } };
  };
  const begun = tree ? from(tree) : null;
  const root = begun?.items ? begun : { kind: "all", items: begun ? [begun] : [] };

  // --- drawing ---------------------------------------------------------------------------------------------------------
  const make = (tag, values = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), values);
    made.append(...children);
    return made;
  };
  const chosen = (label, options, value) => {
    const made = make("select", {}, ...options);
    made.setAttribute("aria-label", label);
    made.value = value;
    return made;
  };
  const icon = (name) => { const made = make("span", { className: "material-symbols-outlined", textContent: name }); made.setAttribute("aria-hidden", "true"); return made; };
  const button = (text, name, act) => make("button", { type: "button", className: "wm-btn", onclick: act }, icon(name), text);
  const fresh = () => {
    const field = told.groups[0].fields[0];
    return { field: field.name, op: field.operators[0], value: start(field, field.operators[0]) };
  };
  const start = (field, op) => {
    if (NO_VALUE.includes(op)) return undefined;
    const one = field.type === "flag" ? true : field.choices.length ? field.choices[0][0] : field.type === "number" ? 0 : field.type === "money" ? "0" : field.type === "instant" ? "now" : "";
    return LISTS.includes(op) ? (one === "" ? [] : [one]) : one;
  };

  const valueOf = (row, field, changed) => {
    if (NO_VALUE.includes(row.op)) return make("span");
    const isList = LISTS.includes(row.op);
    const words = told.words;
    if (field.type === "flag") {
      const made = chosen(words.value, [new Option(words.yes, "true"), new Option(words.no, "false")], String(row.value));
      made.onchange = () => { row.value = made.value === "true"; changed(); };
      return made;
    }
    if (field.choices.length) {
      const made = chosen(words.value, field.choices.map(([value, label]) => new Option(label, value)), isList ? "" : row.value);
      made.multiple = isList;
      if (isList) for (const option of made.options) option.selected = row.value.includes(option.value);
      made.onchange = () => { row.value = isList ? [...made.selectedOptions].map((option) => option.value) : made.value; changed(); };
      return made;
    }
    const made = make("input", { type: "text", value: isList ? row.value.join(", ") : row.value, autocomplete: "off" });
    made.setAttribute("aria-label", words.value);
    made.placeholder = isList ? words.several : { instant: words.instant, money: words.money }[field.type] || "";
    if (field.type === "number" || field.type === "money") made.inputMode = "decimal";
    const read = (text) => field.type === "number" && text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text.trim();
    made.oninput = () => { row.value = isList ? made.value.split(",").map(read).filter((each) => each !== "") : read(made.value); changed(); };
    return made;
  };

  const drawRow = (row, remove) => {
    const item = make("li", { className: "rb-row" });
    item.node = row;
    const settle = () => {
      const value = start(fields.get(row.field), row.op);
      if (value === undefined) delete row.value; else row.value = value;
    };
    // What has the focus stays in its place: a person may be typing the name of a choice.
    const names = chosen(told.words.field, told.groups.map((group) =>
      make("optgroup", { label: group.label }, ...group.fields.map((each) => new Option(each.label, each.name)))), row.field);
    const ops = chosen(told.words.operator, [], "");
    const gone = make("button", { type: "button", className: "rb-remove", onclick: remove, title: told.words.remove }, icon("close"));
    gone.setAttribute("aria-label", told.words.remove);
    item.append(names, ops, make("span"), gone);
    const drawOps = () => {
      const { operators, said } = fields.get(row.field);
      ops.replaceChildren(...operators.map((op, at) => new Option(said[at], op)));
      ops.value = row.op;
      names.title = `${names.selectedOptions[0].parentElement.label} · ${names.selectedOptions[0].text}`;
    };
    const drawValue = () => item.children[2].replaceWith(valueOf(row, fields.get(row.field), written));
    names.onchange = () => {
      row.field = names.value;
      const { operators } = fields.get(row.field);
      if (!operators.includes(row.op)) row.op = operators[0];
      settle(); drawOps(); drawValue(); written();
    };
    ops.onchange = () => {
      const was = row.value, wasList = LISTS.includes(row.op);
      row.op = ops.value;
      if (NO_VALUE.includes(row.op) || was === undefined) settle();
      else if (LISTS.includes(row.op) !== wasList) row.value = wasList ? (was[0] ?? start(fields.get(row.field), row.op)) : was === "" ? [] : [was];
      drawValue(); written();
    };
    drawOps(); drawValue();
    return item;
  };

  const drawGroup = (group, depth, remove) => {
    const box = make("div", { className: "rb-group" });
    box.node = group;
    box.setAttribute("role", "group");
    const kinds = chosen(told.words.kind, ["all", "any", "not"].map((kind) => new Option(told.words[kind], kind)), group.kind);
    kinds.onchange = () => { group.kind = kinds.value; name(); written(); };
    const name = () => box.setAttribute("aria-label", told.words[group.kind]);
    const items = make("ul", { className: "rb-items" });
    const empty = make("p", { className: "rb-empty", textContent: told.words.empty });
    const add = (node, focus) => {
      const item = node.items ? make("li", {}, drawGroup(node, depth + 1, () => drop(node, item))) : drawRow(node, () => drop(node, item));
      items.append(item);
      if (focus) item.querySelector("select").focus();
    };
    const show = () => { empty.hidden = depth > 1 || group.items.length > 0; };
    const drop = (node, item) => {
      const at = group.items.indexOf(node);
      group.items.splice(at, 1);
      const next = item.nextElementSibling || item.previousElementSibling;
      item.remove();
      (next?.querySelector("select") || more).focus();
      live.textContent = told.words.removed;
      show(); written();
    };
    const put = (node) => { group.items.push(node); add(node, true); live.textContent = told.words.added; show(); written(); };
    const more = button(told.words.row, "add", () => put(fresh()));
    const tools = make("div", { className: "rb-add" }, more);
    // Room for a "not" around what is inside.
    if (depth < told.depth - 2) tools.append(button(told.words.group, "account_tree", () => put({ kind: "any", items: [fresh()] })));
    const head = make("div", { className: "rb-head" }, kinds);
    if (remove) {
      const gone = make("button", { type: "button", className: "rb-remove", onclick: remove, title: told.words.remove }, icon("close"));
      gone.setAttribute("aria-label", told.words.remove);
      head.append(gone);
    }
    for (const node of group.items) add(node, false);
    box.append(head, items, empty, tools);
    name(); show();
    return box;
  };

  // --- what is written, and for how many it holds ----------------------------------------------------------------------
  const written = () => {
    const made = into(root);
    source.value = made ? JSON.stringify(made) : "";
    soon();
  };
  let timer, asked = 0;
  const soon = () => { clearTimeout(timer); timer = setTimeout(ask, 400); };
  const say = (text, isWrong = false) => { counted.textContent = text; counted.classList.toggle("is-wrong", isWrong); };
  const mark = (path) => {
    for (const wrong of place.querySelectorAll(".is-wrong")) wrong.classList.remove("is-wrong");
    if (path === null) return;
    let node = into(root) && root, last = node;
    const walk = path.split(".");
    // The model leaves out the group inside a "not" and the place of its only row: go down as far as it fits.
    for (const step of walk) if (/^\d+$/.test(step) && node?.items?.[Number(step)]) { node = node.items[Number(step)]; last = node; }
      else if (step === "not" && node?.items?.length === 1 && node.kind === "not") { node = node.items[0]; last = node; }
    for (const drawn of place.querySelectorAll(".rb-row, .rb-group")) if (drawn.node === last) drawn.classList.add("is-wrong");
  };
  const ask = async () => {
    const turn = ++asked;
    if (!source.value) { mark(null); say(""); return; }
    say(told.words.counting);
    try {
      const body = new FormData();
      body.set("condition", source.value);
      body.set("mode", form.elements.mode.value);
      body.set("type", form.elements.type.value);
      body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
      const answer = await fetch(form.dataset.count, { method: "POST", body, credentials: "same-origin" });
      if (turn !== asked) return;
      if (![200, 422].includes(answer.status)) throw new Error(answer.status);
      const said = await answer.json();
      mark(answer.status === 422 ? said.path : null);
      say(said.message, answer.status === 422);
    } catch {
      if (turn === asked) say(told.words.offline, true);
    }
  };
  place.append(drawGroup(root, 1, null));
  place.hidden = false;
  source.hidden = true;
  for (const name of ["mode", "type"]) form.elements[name].addEventListener("change", soon);
  if (source.value) ask();
  form.querySelector("[role=alert]")?.focus();
});
