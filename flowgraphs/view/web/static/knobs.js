// Live parameters: a slider, a switch, a choice or a field each, and what took effect from where on.

import { make, plain, whole } from "./text.js";

const STEPS = 1000;

/** Ends of a slider, and whether it counts by factors; null where only a field serves. */
export function range(knob) {
  if (!/float|int/.test(knob.type) || typeof knob.value !== "number") return null;
  const { low, high, value } = knob, size = Math.abs(value) || 1;
  if (/dB/.test(knob.unit)) {
    // The field takes what lies beyond.
    return { low: Math.max(low ?? -Infinity, Math.min(-10, value - 10)), high: Math.min(high ?? Infinity, Math.max(40, value + 10)), log: false };
  }
  if (low != null && high != null) return { low, high, log: knob.open && low === 0 };
  if (low === 0 && value > 0) return knob.open ? { low: size / 100, high: high ?? size * 100, log: true } : { low: 0, high: high ?? size * 4, log: false };
  if (low != null) return { low, high: Math.max(low + 10, value * 4), log: false };
  return { low: value - 4 * size, high: value + 4 * size, log: false };
}

export class Knobs {
  /** change(values): a promise of what took effect. */
  constructor(place, change) {
    this.place = place;
    this.change = change;
    this.shown = new Map();
    this.may = false;
  }

  set(knobs, right) {
    const names = knobs.map((k) => `${k.block}.${k.parameter}`).join();
    this.may = right === "change";
    if (names !== this.names) { this.names = names; this.build(knobs); }
    for (const knob of knobs) this.shown.get(`${knob.block}.${knob.parameter}`)?.update(knob);
  }

  build(knobs) {
    this.shown.clear();
    const groups = new Map();
    for (const knob of knobs) {
      if (!groups.has(knob.block)) groups.set(knob.block, []);
      groups.get(knob.block).push(knob);
    }
    // What is turned most, first: the numbers of channels, switches; bypass of others folded away.
    const weight = (list) => (list.some((k) => /dB/.test(k.unit) || k.parameter === "rate" || k.value === false) ? 0 : list.length > 1 ? 1 : 2);
    const sorted = [...groups].sort((a, b) => weight(a[1]) - weight(b[1]));
    this.place.replaceChildren(...sorted.map(([block, list]) => {
      const body = list.map((knob) => this.one(knob));
      const open = weight(list) < 2 || ["alice", "bob"].includes(block);
      return make("details", { open }, make("summary", {}, block), ...body);
    }));
    if (!knobs.length) this.place.replaceChildren(make("p", {}, "no parameter can be changed while it runs"));
  }

  one(knob) {
    const name = `${knob.block}.${knob.parameter}`, id = `knob-${name}`;
    const note = make("small", {}, [knob.limits, knob.item !== undefined ? `from item ${whole(knob.item)}` : ""].filter(Boolean).join(", "));
    const label = make("label", { for: id, title: `${name}: ${knob.doc ?? ""}` }, knob.parameter);
    let pending = null, running = false;
    const send = async (value) => {
      pending = value;
      if (running) return;
      running = true;
      while (pending !== null) {
        const wanted = pending;
        pending = null;
        try {
          const [done] = await this.change({ [name]: wanted });
          note.textContent = `${plain(done.before)} → ${plain(done.value)} from item ${whole(done.item)}`;
          note.className = "taken";
          set(done.value);
        } catch (error) {
          note.textContent = error.message;
          note.className = "wrong";
          set(knob.value);
        }
      }
      running = false;
    };
    let set, inputs;
    if (knob.type.startsWith("bool")) {
      const box = make("input", { type: "checkbox", class: "switch", role: "switch", id, "data-knob": name });
      box.onchange = () => send(box.checked);
      set = (value) => { box.checked = value; };
      inputs = [box];
    } else if (knob.choices?.length) {
      const list = make("select", { id, "data-knob": name }, ...knob.choices.map((c) => make("option", {}, plain(c))));
      list.onchange = () => send(knob.choices[list.selectedIndex]);
      set = (value) => { list.selectedIndex = knob.choices.findIndex((c) => plain(c) === plain(value)); };
      inputs = [list];
    } else {
      const field = make("input", { type: "text", inputmode: "decimal", "aria-label": name, "data-knob": name });
      const ends = range(knob);
      const read = (text) => { try { return JSON.parse(text); } catch { return text; } };
      field.onchange = () => send(read(field.value));
      set = (value) => { if (document.activeElement !== field) field.value = plain(value); };
      inputs = [field];
      if (ends) {
        const slider = make("input", { type: "range", min: 0, max: STEPS, step: 1, id, "data-slider": name });
        const whole_ = knob.type.startsWith("int");
        const value = (at) => {
          const share = at / STEPS;
          const v = ends.log ? Math.max(ends.low, ends.high * 1e-6) * (ends.high / Math.max(ends.low, ends.high * 1e-6)) ** share : ends.low + share * (ends.high - ends.low);
          return whole_ ? Math.round(v) : Number(v.toPrecision(4));
        };
        const place = (v) => Math.round(STEPS * (ends.log ? Math.log(v / Math.max(ends.low, ends.high * 1e-6)) / Math.log(ends.high / Math.max(ends.low, ends.high * 1e-6)) : (v - ends.low) / (ends.high - ends.low)));
        slider.oninput = () => { field.value = plain(value(slider.value)); send(value(slider.value)); };
        const setField = set;
        set = (v) => { setField(v); if (document.activeElement !== slider || !running) slider.value = place(v); };
        inputs.push(slider);
      }
    }
    const [first, ...more] = inputs;
    const row = make("div", { class: "knob" }, label, make("span", { class: "value" }, first, make("i", {}, knob.unit)), ...more, note);
    this.shown.set(name, { update: (k) => { for (const input of inputs) input.disabled = !this.may; if (!running) { knob.value = k.value; set(k.value); } } });
    return row;
  }
}
