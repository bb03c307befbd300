// What makes the desk quicker: keys, who else is here, drafts. Every page works without it.
"use strict";
(() => {
  const BEAT = 20000;   // ms between two signs of life
  const PAUSE = 1500;   // ms of not typing before a draft is kept
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // -- talking to the desk ---------------------------------------------------------------------------------

  const fields = (form, more) => {
    const sent = new FormData();
    sent.set("csrfmiddlewaretoken", one("[name=csrfmiddlewaretoken]", form || document).value);
    for (const [name, value] of Object.entries(more)) sent.set(name, value);
    return sent;
  };
  const post = async (url, body) => {
    const answer = await fetch(url, {method: "POST", body, headers: {"X-Atesaki-Script": "1"}, redirect: "error"});
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.status === 204 ? {} : answer.json();
  };

  // -- who else has this case open ---------------------------------------------------------------------------

  const room = one("[data-case]");
  if (room && one("[name=csrfmiddlewaretoken]")) {
    const place = one("[data-others]", room);
    const beat = async () => {
      if (document.hidden) return;
      try {
        const said = await post(room.dataset.presence, fields(null, {}));
        const now = all("p", place).map((each) => each.textContent);
        if (now.join("\n") === said.others.join("\n")) return;  // a status that did not change is not read out again
        place.replaceChildren(...said.others.map((text) => {
          const line = document.createElement("p");
          line.className = "warn";
          line.textContent = text;
          return line;
        }));
      } catch { /* offline, or signed out: the next press says so */ }
    };
    beat();
    setInterval(beat, BEAT);
    document.addEventListener("visibilitychange", beat);
    addEventListener("pagehide", () => navigator.sendBeacon(room.dataset.presence, fields(null, {leave: "1"})));
  }

  // -- drafts ------------------------------------------------------------------------------------------------

  for (const form of all("[data-draft]")) {
    const area = one("textarea", form);
    const said = one("[data-draft-said]", form);
    let waiting, kept = area.value, leaving = false;
    const keep = async () => {
      const text = area.value;
      if (leaving || text === kept) return;
      try {
        const answer = await post(form.dataset.draft, fields(form, {kind: form.elements.kind.value, text}));
        kept = text;
        said.textContent = answer.said;
        said.classList.remove("late");
      } catch {
        said.textContent = form.dataset.draftFailed;
        said.classList.add("late");
      }
    };
    area.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(keep, PAUSE); });
    area.addEventListener("blur", () => { clearTimeout(waiting); keep(); });
    form.addEventListener("submit", () => { leaving = true; clearTimeout(waiting); });
  }

  // -- one press, one act -----------------------------------------------------------------------------------

  for (const form of all("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      if (!form.action.endsWith("/print")) form.dataset.sent = "1";
    });
  }
  addEventListener("pageshow", () => { for (const form of all("form[data-sent]")) delete form.dataset.sent; });

  // -- the number ---------------------------------------------------------------------------------------------

  for (const button of all("[data-copy]")) {
    if (!navigator.clipboard) break;
    button.hidden = false;
    const before = button.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(one(button.dataset.copy).textContent.trim());
      button.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = before; }, 2000);
    });
  }

  // -- keys -----------------------------------------------------------------------------------------------------

  const sheet = one("#sheet");
  const isOn = () => localStorage.getItem("desk-keys") !== "off";
  const openSheet = (event) => {
    if (!sheet || !sheet.showModal) return false;
    if (event) event.preventDefault();
    if (!sheet.open) sheet.showModal();
    return true;
  };
  for (const link of all("[data-key-sheet]")) link.addEventListener("click", openSheet);
  const box = one("[data-keys-on]");
  if (box) {
    one("[data-keys-switch]").hidden = false;
    box.checked = isOn();
    box.addEventListener("change", () => localStorage.setItem("desk-keys", box.checked ? "on" : "off"));
  }

  const rows = all("[data-row]");
  let at = -1;
  const link = (row) => one("a.number", row);
  for (const row of rows) {
    row.addEventListener("focusin", () => choose(rows.indexOf(row), false));
  }
  function choose(wanted, focus = true) {
    at = Math.max(0, Math.min(rows.length - 1, wanted));
    rows.forEach((row, place) => row.classList.toggle("chosen", place === at));
    if (focus) { link(rows[at]).focus(); rows[at].scrollIntoView({block: "nearest"}); }
  }
  const go = (selector) => { const found = one(selector); if (found) found.click(); return Boolean(found); };
  const stand = (selector) => {
    const found = one(selector);
    if (!found) return false;
    const folded = found.closest("details:not([open])");
    if (folded) folded.open = true;
    found.focus();
    found.scrollIntoView({block: "center"});
    return true;
  };
  const press = (selector) => { const form = one(selector); if (form) form.requestSubmit(); return Boolean(form); };
  const takeRow = () => {
    const form = one("[data-take-row]");
    if (!form || at < 0) return false;
    form.elements.case.value = link(rows[at]).textContent.trim();
    form.requestSubmit();
    return true;
  };
  const acts = {
    j: () => (rows.length ? (choose(at + 1), true) : go("a[rel=next]")),
    k: () => (rows.length ? (choose(at < 0 ? 0 : at - 1), true) : go("a[rel=prev]")),
    enter: () => at >= 0 && document.activeElement === document.body && (link(rows[at]).click(), true),
    a: () => press("[data-key-take]") || takeRow(),
    n: () => stand("#note-text"),
    r: () => go("[data-key-reply]") || stand("#answer-text"),
    s: () => stand("[data-key-pending]"),
    e: () => stand("[data-key-end]"),
    "/": () => stand("[data-key-search]"),
    "?": () => openSheet() || go("[data-key-sheet]"),
  };
  const types = (element) => element.isContentEditable || (
    element.matches("textarea, select") ||
    (element.matches("input") && !["checkbox", "radio", "submit", "button"].includes(element.type)));

  document.addEventListener("keydown", (event) => {
    // 229: what some browsers give for a key that an input method takes before `isComposing` is set.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || event.repeat) return;
    if (!(event.target instanceof Element) || types(event.target)) return;
    if (!isOn() || (sheet && sheet.open)) return;
    const act = acts[event.key.toLowerCase()];
    if (act && act()) event.preventDefault();
  });
})();
