// The panels: which there are, in which order, how wide; drawn when something has come for them.

import { nothing } from "./axes.js";
import { Classes } from "./classes.js";
import { Constellation } from "./constellation.js";
import { Histogram } from "./histogram.js";
import { Confusion, Metrics } from "./metrics.js";
import { Pictures } from "./pictures.js";
import { Spectrum } from "./spectrum.js";
import { make, whole, write } from "./text.js";
import { Time } from "./time.js";
import { Waterfall } from "./waterfall.js";

export const DRAWERS = { constellation: Constellation, spectrum: Spectrum, waterfall: Waterfall, time: Time, histogram: Histogram,
  pictures: Pictures, classes: Classes, metrics: Metrics, confusion: Confusion };
const OF_STATUS = new Set(["metrics", "confusion"]);
const WORDS_MS = 250;

/** What items of a type may be drawn as, what suits them best first. */
export function kindsOf(item) {
  const found = /^([a-z]+)\d*(?:\[(.*)\])?$/.exec(item ?? "") ?? [];
  const shape = found[2] ? found[2].split(",").map(Number) : [];
  const picture = found[1] !== "complex" && (shape.length === 2 || (shape.length === 3 && [1, 3].includes(shape[2]))) && Math.min(shape[0], shape[1]) >= 4;
  if (picture) return ["pictures", "histogram"];
  if (found[1] === "complex") return ["constellation", "spectrum", "waterfall", "time", "histogram"];
  if (found[1] === "float") return shape.length ? ["constellation", "time", "spectrum", "waterfall", "histogram"] : ["time", "spectrum", "waterfall", "histogram"];
  return shape.length ? ["histogram", "time"] : ["classes", "time", "histogram"];
}

export class Panels {
  constructor(place, link, typeOf) {
    Object.assign(this, { place, link, typeOf });
    this.shown = new Map();
    this.next = 1;
    // Nothing is asked for what nobody sees: a panel below the screen, or a tab behind another.
    this.seer = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) this.see(Number(target.dataset.id), isIntersecting);
    }, { rootMargin: "150px" });
    document.addEventListener("visibilitychange", () => this.again());
  }

  see(id, visible) {
    const panel = this.shown.get(id);
    if (!panel || panel.hidden === !visible) return;
    panel.hidden = !visible;
    this.ask(id, panel);
  }

  /** Opens what was kept of the user's own arrangement, or else what the flowgraph says. */
  start(run) {
    this.key = `semradio.panels.${run.flowgraph}`;
    this.first = run.panels;
    let kept = null;
    try { kept = JSON.parse(localStorage.getItem(this.key)); } catch { kept = null; }
    this.clear();
    for (const panel of kept ?? this.first) this.open(panel);
  }

  reset() { localStorage.removeItem(this.key); this.clear(); for (const panel of this.first) this.open(panel); }

  clear() { for (const id of [...this.shown.keys()]) this.close(id, false); }

  /** Tells the server again what is looked at: after a connection was made anew. */
  again() { for (const [id, panel] of this.shown) this.ask(id, panel); }

  ask(id, panel) {
    if (OF_STATUS.has(panel.show)) return;
    this.link().say(panel.hidden || document.hidden ? { do: "close", id } : { do: "open", id, of: panel.of, kind: panel.show });
  }

  keep() {
    const order = [...this.place.children].map((card) => this.shown.get(Number(card.dataset.id)));
    localStorage.setItem(this.key, JSON.stringify(order.map(({ title, show, of, sample_rate, center, unit, span }) => ({ title, show, of, sample_rate, center, unit, span }))));
  }

  open(wish, kept = false) {
    const id = this.next++;
    const types = kindsOf(this.typeOf(wish.of[0]));
    const panel = { ...wish, show: wish.show ?? types[0], span: wish.span ?? (wish.show === "waterfall" ? 1 : 1) };
    const canvas = make("canvas", { role: "img", "aria-label": `${panel.show} of ${panel.of.join(", ")}` });
    const kinds = OF_STATUS.has(panel.show) || panel.of.length > 1 ? [panel.show] : types.includes(panel.show) ? types : [panel.show, ...types];
    const select = make("select", { "aria-label": "how it is drawn", title: "How it is drawn" }, ...kinds.map((k) => make("option", {}, k)));
    select.value = panel.show;
    select.disabled = kinds.length === 1;
    select.onchange = () => { panel.show = select.value; panel.drawer = new DRAWERS[panel.show](panel); panel.fresh = null; canvas.setAttribute("aria-label", `${panel.show} of ${panel.of.join(", ")}`); this.ask(id, panel); this.keep(); };
    const wider = make("button", { class: "tool", title: "Wider or narrower", "aria-label": "wider or narrower", onclick: () => { panel.span = panel.span === 1 ? 2 : 1; card.classList.toggle("span2", panel.span === 2); this.keep(); panel.dirty = true; } }, "↔");
    const shut = make("button", { class: "tool", title: "Close", "aria-label": `close ${panel.title}`, onclick: () => this.close(id) }, "×");
    const left = make("span"), right = make("span");
    const card = make("section", { class: `card panel${panel.span === 2 ? " span2" : ""}`, "data-id": id, "data-kind": panel.show, draggable: "true" },
      make("header", { title: panel.of.join(", ") }, make("h2", {}, panel.title), select, wider, shut), canvas, make("footer", {}, left, right));
    card.ondragstart = (event) => { this.dragged = card; card.classList.add("dragged"); event.dataTransfer.effectAllowed = "move"; };
    card.ondragend = () => { card.classList.remove("dragged"); this.dragged = null; this.keep(); };
    card.ondragover = (event) => {
      if (!this.dragged || this.dragged === card) return;
      event.preventDefault();
      const box = card.getBoundingClientRect(), after = event.clientX > box.left + box.width / 2;
      this.place.insertBefore(this.dragged, after ? card.nextSibling : card);
    };
    card.tabIndex = 0;
    card.onkeydown = (event) => {
      if (event.target !== card) return;
      if (event.key === "Delete") this.close(id);
      else if (event.altKey && event.key === "ArrowLeft" && card.previousSibling) { this.place.insertBefore(card, card.previousSibling); card.focus(); this.keep(); }
      else if (event.altKey && event.key === "ArrowRight" && card.nextSibling) { this.place.insertBefore(card.nextSibling, card); card.focus(); this.keep(); }
      else return;
      event.preventDefault();
    };
    Object.assign(panel, { canvas, left, right, card, drawer: new DRAWERS[panel.show](panel), count: 0 });
    this.shown.set(id, panel);
    this.place.append(card);
    this.ask(id, panel);
    new ResizeObserver(([{ contentRect: { width, height } }]) => { canvas.room = { width, height }; panel.dirty = true; this.draw(); }).observe(canvas);
    this.seer.observe(card);
    if (kept) { this.keep(); card.scrollIntoView({ block: "nearest" }); }
    return panel;
  }

  close(id, kept = true) {
    this.shown.get(id)?.card.remove();
    this.shown.delete(id);
    this.link().say({ do: "close", id });
    if (kept) this.keep();
  }

  take(data) {
    const panel = this.shown.get(data.id);
    if (!panel || panel.show !== data.kind) return;
    panel.drawer.take(data);
    panel.fresh = data;
    panel.dirty = true;
    panel.count++;
  }

  status(status) {
    for (const panel of this.shown.values()) {
      if (OF_STATUS.has(panel.show)) { if (panel.drawer.status(status)) { panel.ready = true; } panel.dirty = true; }
      const trouble = panel.of.map((port) => status.trouble?.[port]).find(Boolean);
      if (trouble) { panel.left.textContent = trouble; panel.left.className = "trouble"; }
    }
  }

  /** Draws what has something new. */
  draw(all = false) {
    for (const panel of this.shown.values()) {
      if (panel.hidden || (!panel.dirty && !all)) continue;
      panel.dirty = false;
      if (OF_STATUS.has(panel.show)) panel.drawer.draw(panel.canvas);
      else if (panel.fresh) panel.drawer.draw(panel.canvas);
      else { nothing(panel.canvas, "waiting for items"); continue; }
      const now = performance.now();
      // Words change as fast as people read: each change lays out a part of the page.
      if (all || now - (panel.said ?? -Infinity) < WORDS_MS) continue;
      panel.said = now;
      const data = panel.fresh ?? {};
      write(panel.left, panel.drawer.note?.(data) ?? "");
      panel.left.className = "";
      write(panel.right, data.index === undefined ? "" : `item ${whole(data.index)}`);
    }
  }
}
