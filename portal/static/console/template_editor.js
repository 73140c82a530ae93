/* The plan follows what is typed; lines move without a new page; what is not saved is not lost unasked. Without it the buttons do all of it. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("te-form");
  if (!form) return;
  const live = document.getElementById("wm-live");
  const body = () => document.getElementById("te-body");
  const PAUSE = 350;
  let changed = body().hasAttribute("data-changed");
  let leaving = false;
  let timer = 0;
  let latest = 0;

  // --- what is not saved ------------------------------------------------------------------------------------------
  window.addEventListener("beforeunload", (event) => {
    if (changed && !leaving) event.preventDefault();
  });

  // --- problems, at their fields ----------------------------------------------------------------------------------
  const clear = () => {
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const wrong of form.querySelectorAll(".is-wrong")) wrong.classList.remove("is-wrong");
    for (const text of form.querySelectorAll(".wm-error")) text.textContent = "";
    document.getElementById("te-summary").replaceChildren();
  };
  const blame = (problems) => {
    clear();
    for (const { line, field, message } of problems) {
      const id = `te-${line}-${field}`;
      const text = document.getElementById(`${id}-error`);
      if (!text) {
        const note = document.createElement("div");
        note.className = "wm-note is-bad";
        note.textContent = message;
        document.getElementById("te-summary").append(note);
        continue;
      }
      text.textContent = message;
      document.getElementById(id)?.setAttribute("aria-invalid", "true");
      text.closest(".wm-field")?.classList.add("is-wrong");
      const card = text.closest(".te-line");
      card?.classList.add("is-wrong");
      const hidden = text.closest("details");
      if (hidden) hidden.open = true;
    }
  };

  // --- the plan follows what is typed -----------------------------------------------------------------------------
  const rows = (plan) => new Map([...plan.querySelectorAll("tbody tr")].map((row) => [row.querySelector("th")?.textContent, row.querySelector("td")?.textContent]));
  const show = async () => {
    const mine = ++latest;
    const plan = document.getElementById("te-plan");
    plan.setAttribute("aria-busy", "true");
    const answer = await fetch(form.dataset.plan, { method: "POST", body: new FormData(form), credentials: "same-origin" });
    if (mine !== latest) return;
    plan.setAttribute("aria-busy", "false");
    plan.classList.toggle("is-stale", !answer.ok);
    if (![200, 422].includes(answer.status) || answer.redirected) return;
    const said = await answer.json();
    if (mine !== latest) return;
    blame(said.problems);
    if (!answer.ok) return;
    const before = rows(plan);
    plan.innerHTML = said.plan;
    for (const [name, due] of rows(plan)) {
      if (!before.size || before.get(name) === due) continue;
      [...plan.querySelectorAll("tbody tr")].find((row) => row.querySelector("th").textContent === name)?.classList.add("is-moved");
    }
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => show().catch(() => {}), PAUSE);
  };
  form.addEventListener("input", (event) => {
    if (!event.target.name?.startsWith("s_")) changed = true;
    rename(event.target);
    soon();
  });

  // A line that is renamed is called so wherever another one counts from it.
  const rename = (input) => {
    const key = input.closest(".te-line")?.dataset.key;
    if (!key || input.name !== `${key}-name`) return;
    const name = input.value.trim() || document.getElementById(`te-${key}-type`).value;
    for (const option of form.querySelectorAll(`option[value="line:${key}"], select[name$="-after"] option[value="${key}"]`)) option.textContent = name;
  };

  // --- lines come, go and move ------------------------------------------------------------------------------------
  const step = async (button) => {
    const said = new FormData(form);
    said.set("step", button.value);
    const open = [...form.querySelectorAll(".te-line:has(details[open])")].map((line) => line.dataset.key);
    const answer = await fetch(form.action, { method: "POST", body: said, credentials: "same-origin" });
    if (![200, 422].includes(answer.status) || answer.redirected) throw new Error("not the page");
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("te-body");
    body().replaceWith(document.adoptNode(fresh));
    changed = true;
    for (const key of open) {
      const details = document.querySelector(`#te-line-${key} details`);
      if (details) details.open = true;
    }
    find(button.value, fresh.dataset.focus);
  };
  // The same button again, or the first field of a line that is new.
  const find = (value, key) => {
    const line = key ? document.getElementById(`te-line-${key}`) : null;
    if (!line) return form.querySelector("[value=add]").focus();
    const same = line.querySelector(`button[value="${value}"]:not([disabled])`);
    (same || (value === "add" ? document.getElementById(`te-${key}-type`) : line.querySelector(".te-moves button:not([disabled])"))).focus();
    const lines = [...line.parentElement.children];
    live.textContent = `${line.querySelector("legend").textContent} (${lines.indexOf(line) + 1}/${lines.length})`;
  };
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    const value = button?.value || "";
    if (value === "preview") {
      event.preventDefault();
      show().catch(() => {});
    } else if (value === "save") {
      leaving = true;
    } else if (button) {
      event.preventDefault();
      step(button).catch(() => { leaving = true; const kept = document.createElement("input"); kept.type = "hidden"; kept.name = "step"; kept.value = value; form.append(kept); form.submit(); });
    }
  });
});
