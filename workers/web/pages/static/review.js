// Makes the review of a translation smooth: a unit is saved without loading the page again, Ctrl+Enter saves it, and
// Alt+Shift+N goes to the next open one. Everything works without this script too, by the form of each unit.
"use strict";

(() => {
  const units = document.getElementById("units");
  const said = document.getElementById("said");
  if (!units) return;
  document.querySelectorAll(".no-script").forEach((one) => one.remove());

  const say = (words) => { said.textContent = words; };
  const all = () => [...units.querySelectorAll("article.unit")];

  // The next open unit after one, from the top again after the last.
  const next = (from) => {
    const list = all();
    const place = list.indexOf(from);
    return [...list.slice(place + 1), ...list.slice(0, place + 1)].find((one) => one.dataset.open === "yes");
  };

  const go = (unit) => {
    if (!unit) return say("No unit is open any more.");
    unit.querySelector("textarea")?.focus();
    unit.scrollIntoView({ block: "center" });
  };

  const save = async (form) => {
    const unit = form.closest("article");
    const button = form.querySelector("button");
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    button.disabled = true;
    let answer = null;
    try {
      answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "x-part": "1" }, redirect: "error",
      });
    } catch { /* said below */ }
    delete form.dataset.busy;
    button.disabled = false;
    const html = answer?.ok ? await answer.text() : "";
    if (!html.includes("<article")) {
      form.querySelector(".refusals").textContent = "Not saved: the server does not answer, or your session is over. " +
        "What you typed is still here; sign in again in another tab, and save again.";
      return form.querySelector("textarea").focus();
    }
    const holder = document.createElement("div");
    holder.innerHTML = html;
    const renewed = holder.querySelector("article");
    unit.replaceWith(renewed);
    const refused = renewed.dataset.refused === "yes";
    say(refused ? "Not saved." : "Saved.");
    go(refused ? renewed : next(renewed) ?? renewed);
  };

  units.addEventListener("submit", (event) => {
    event.preventDefault();
    save(event.target);
  });

  document.addEventListener("keydown", (event) => {
    const unit = document.activeElement?.closest?.("article.unit");
    if (event.ctrlKey && event.key === "Enter" && unit) {
      event.preventDefault();
      unit.querySelector("form.edit")?.requestSubmit();
    } else if (event.altKey && event.shiftKey && event.code === "KeyN") {
      event.preventDefault();
      go(next(unit ?? null));
    }
  });

  window.addEventListener("beforeunload", (event) => {
    const unsaved = [...units.querySelectorAll("textarea")].some((one) => one.value !== one.defaultValue);
    if (unsaved) event.preventDefault();
  });
})();
