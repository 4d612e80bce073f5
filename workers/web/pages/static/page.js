// Keeps an open page up to date. A part of a page with data-live="ADDRESS" and data-live-of="KIND KIND" is fetched anew
// when something of those kinds has changed. Everything works without this script, by reloading the page.
"use strict";

(() => {
  const parts = [...document.querySelectorAll("[data-live]")];
  const shown = document.getElementById("live");
  if (!parts.length || !shown || !window.EventSource) return;

  const LEAST_MS = 1500; // between two fetches of one part
  const waiting = new WeakMap(); // a part, and when it may be fetched again

  const say = (state, words) => {
    shown.hidden = false;
    shown.dataset.liveState = state;
    shown.querySelector(".words").textContent = words;
  };

  const isInUse = (part) => {
    const active = document.activeElement;
    return part.contains(active) && active.matches("input, textarea, select");
  };

  const open = (part) => [...part.querySelectorAll("details[open][id]")].map((one) => one.id);

  const renew = async (part) => {
    const began = performance.now();
    const answer = await fetch(part.dataset.live, { headers: { "x-live": "1" } });
    if (answer.status === 401) return location.reload(); // the session is over
    if (!answer.ok) return say("off", "not live");
    const html = await answer.text();
    if (isInUse(part)) return;
    const before = open(part);
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.innerHTML = html;
    before.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    if (focused) document.getElementById(focused)?.focus();
    return performance.now() - began;
  };

  // A part is fetched at once, and then not before ten times as long as it took; a change meanwhile is not forgotten.
  const want = async (part) => {
    const state = waiting.get(part) ?? { busy: false, again: false };
    waiting.set(part, state);
    if (state.busy) { state.again = true; return; }
    state.busy = true;
    const took = await renew(part).catch(() => say("off", "not live"));
    setTimeout(() => {
      state.busy = false;
      if (state.again) { state.again = false; want(part); }
    }, Math.max(LEAST_MS, 10 * (took ?? 0)));
  };

  const kinds = new Set(parts.flatMap((part) => part.dataset.liveOf.split(" ")));
  const source = new EventSource(shown.dataset.events + "?of=" + [...kinds].join(","));
  source.addEventListener("changed", (event) => {
    say("on", "live");
    const changed = new Set(JSON.parse(event.data));
    parts.filter((part) => part.dataset.liveOf.split(" ").some((kind) => changed.has(kind))).forEach(want);
  });
  source.addEventListener("error", () => say("off", "not live"));
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
