/* Dialogs, keys, selection and suggestions. Everything here also works as plain links and forms without it. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const dialog = document.getElementById("wm-dialog");
  const live = document.getElementById("wm-live");

  // --- dialogs: a link opens the form in place; the server answers 204 with the address to go to when it is done ---
  const place = (html) => {
    dialog.innerHTML = html;
    wire(dialog);
    if (!dialog.open) dialog.showModal();
    (dialog.querySelector("[role=alert]") || dialog.querySelector("[data-first]") || dialog.querySelector(".is-wrong input, .is-wrong select, .is-wrong textarea") || dialog.querySelector("input:not([type=hidden]), select, textarea, button"))?.focus();
  };
  const ask = async (address, options = {}) => {
    const answer = await fetch(address, { ...options, headers: { "X-Dialog": "1" }, credentials: "same-origin" });
    if (answer.status === 204) return location.assign(answer.headers.get("X-Go"));
    const type = answer.headers.get("Content-Type") || "";
    if (!type.includes("html") || answer.redirected || ![200, 409, 422].includes(answer.status)) return location.assign(address);
    place(await answer.text());
  };
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("a[data-dialog]");
    if (opener && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      ask(opener.href).catch(() => location.assign(opener.href));
    } else if (event.target.closest("[data-close]") && dialog.open) {
      event.preventDefault();
      dialog.close();
    }
  });
  // What is proposed is put into the fields at a click.
  document.addEventListener("click", (event) => {
    const proposal = event.target.closest("[data-fill]");
    if (!proposal) return;
    for (const [name, value] of new URLSearchParams(proposal.dataset.fill)) {
      const field = proposal.closest("form")?.elements.namedItem(name);
      if (field) field.value = value;
    }
  });
  dialog?.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const button = form.querySelector("button:not([type=button])");
    if (button.disabled) return;
    button.disabled = true;
    ask(form.action, { method: "POST", body: new FormData(form) })
      .catch(() => { button.disabled = false; form.submit(); });
  });

  // --- suggestions for fields that name a row --------------------------------------------------------------------
  const wire = (root) => {
    for (const input of root.querySelectorAll("input[data-suggest]")) {
      const list = document.createElement("datalist");
      list.id = "wm-s" + Math.random().toString(36).slice(2);
      input.after(list);
      input.setAttribute("list", list.id);
      let asked = "";
      input.addEventListener("input", async () => {
        const text = input.value.trim();
        if (text.length < 2 || text === asked) return;
        asked = text;
        const [app, model] = input.dataset.suggest.split("_");
        const answer = await fetch(`/admin/${app}/${model}/suggest/?q=${encodeURIComponent(text)}`);
        if (!answer.ok || input.value.trim() !== text) return;
        list.replaceChildren(...(await answer.json()).results.map(({ value, words }) => new Option(words, value)));
      });
    }
    for (const field of root.querySelectorAll("[data-select]")) field.addEventListener("focus", () => field.select());
  };
  wire(document);

  // --- selection of rows -----------------------------------------------------------------------------------------
  const rows = document.querySelector("[data-rows]");
  const boxes = rows ? [...rows.querySelectorAll("tbody input[type=checkbox]")] : [];
  const bar = rows?.querySelector("[data-bulk]");
  const count = () => {
    if (!bar) return;
    const chosen = boxes.filter((box) => box.checked).length;
    bar.hidden = !chosen;
    bar.querySelector("[data-count]").textContent = `${chosen} / ${boxes.length}`;
    live.textContent = chosen ? bar.querySelector("[data-count]").textContent : "";
  };
  rows?.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) boxes.forEach((box) => { box.checked = event.target.checked; });
    count();
  });

  // --- what goes on is shown as it goes on: the marked part is fetched again, the page when it has ended -------------
  const watched = document.querySelector("[data-refresh]");
  const look = async () => {
    if (!document.hidden && !dialog.open) {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return location.reload();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-refresh]");
      if (!fresh) return location.reload();
      watched.replaceChildren(...fresh.childNodes);
    }
    setTimeout(() => look().catch(() => {}), 2000);
  };
  if (watched) setTimeout(() => look().catch(() => {}), 2000);

  // --- keys ------------------------------------------------------------------------------------------------------
  const lines = rows ? [...rows.querySelectorAll("[data-row]")] : [];
  let at = -1;
  const go = (step) => {
    if (!lines.length) return;
    lines[at]?.classList.remove("is-current");
    at = Math.min(Math.max(at + step, 0), lines.length - 1);
    lines[at].classList.add("is-current");
    lines[at].scrollIntoView({ block: "nearest" });
    lines[at].querySelector("a, button")?.focus({ preventScroll: true });
  };
  const keys = {
    "/": () => document.querySelector("[data-search]")?.focus(),
    j: () => go(1),
    k: () => go(-1),
    x: () => { const box = lines[at]?.querySelector("input[type=checkbox]"); if (box) { box.checked = !box.checked; count(); } },
    e: () => (lines[at]?.querySelector(".c-act a") || (!lines.length && document.querySelector(".wm-actions a.is-main")))?.click(),
  };
  document.addEventListener("keydown", (event) => {
    if (dialog.open && event.key === "Enter" && (event.ctrlKey || event.metaKey)) return dialog.querySelector("form")?.requestSubmit();
    if (dialog.open || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.wm-filters[open]")) if (!open.contains(event.target)) open.open = false;
  });

  // --- the frame looks for a text field of its own beside every file field and stumbles over there being none ----------
  document.addEventListener("change", (event) => {
    if (event.target.matches("input[type=file]")) event.stopPropagation();
  }, true);

  // --- repairs of the frame: its icons are words to a screen reader, and some controls are not reachable by keyboard --
  for (const glyph of document.querySelectorAll(".material-symbols-outlined:not([role])")) glyph.setAttribute("aria-hidden", "true");
  for (const control of document.querySelectorAll("#nav-sidebar [x-on\\:click]:not(a[href], button, input)")) {
    control.setAttribute("role", "button");
    control.setAttribute("tabindex", "0");
    if (!control.textContent.trim() || control.matches(".material-symbols-outlined")) control.setAttribute("aria-label", control.textContent.trim() || "Menu");
    control.removeAttribute("aria-hidden");
    control.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); control.click(); }
    });
  }
  document.querySelector("#nav-sidebar li a.active")?.setAttribute("aria-current", "page");
});
