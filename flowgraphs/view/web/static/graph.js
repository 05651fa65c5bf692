// The flowgraph, live: rates, queues, drops, busy shares, and who holds the others back.

import { drawn, duration, short, whole } from "./text.js";

const BUSY = 46; // width of a bar that shows how busy a block is

export class Graph {
  /** open(kind, name, x, y): asked for when a block, a port or an edge is chosen. */
  constructor(place, open) {
    this.place = place;
    this.open = open;
    this.past = [];
    new ResizeObserver(() => this.graph && this.build()).observe(place);
  }

  set(graph) { this.graph = graph; this.past = []; this.chosen = null; this.build(); }

  build() {
    const wide = this.place.clientWidth, tall = Math.max(innerHeight * 0.46, 240);
    const fit = (l) => Math.min(wide / (l.size[0] + 8), tall / (l.size[1] + 8), 1.25);
    const layout = this.graph.layouts.reduce((a, b) => (fit(b) > fit(a) * 1.15 ? b : a));
    if (this.chosen === layout) return;
    this.chosen = layout;
    const [width, height] = layout.size, down = layout.direction === "down";
    this.svg = drawn("svg", { viewBox: `-4 -4 ${width + 8} ${height + 8}`, role: "group" });
    // Small: names only, and larger ones.
    this.svg.classList.toggle("g-small", fit(layout) < 0.8);
    this.svg.style.maxWidth = `${width * 1.25}px`;
    this.svg.style.margin = "0 auto";
    this.frames = {}; this.blocks = {}; this.wires = {};
    for (const [name, [l, t, r, b]] of Object.entries(layout.frames)) {
      const box = drawn("rect", { class: "g-frame", x: l, y: t, width: r - l, height: b - t, rx: 10 });
      const about = drawn("tspan", { class: "g-about", dx: 8 });
      this.svg.append(drawn("g", { "data-process": name }, box, drawn("text", { class: "g-title", x: l + 12, y: t + 17 }, name, about)));
      this.frames[name] = { box, about };
    }
    for (const edge of this.graph.edges) {
      const steps = layout.wires[edge.label];
      const way = steps.map((step, k) => (k === 0 ? "M" : step.length === 1 ? "L" : "C") + step.map((p) => p.join(",")).join(" ")).join("");
      const path = drawn("path", { class: `g-wire${edge.crosses ? " crosses" : ""}`, d: way });
      const title = drawn("title");
      const rate = drawn("text", { class: "g-rate" });
      const back = drawn("rect", { class: "g-fillback", width: 22, height: 3, rx: 1.5 }), fill = drawn("rect", { class: "g-fill", width: 0, height: 3, rx: 1.5 });
      const group = drawn("g", { "data-edge": edge.label }, title, path, rate, back, fill);
      this.svg.append(group);
      const [x, y] = layout.inputs[edge.target.slice(0, edge.target.lastIndexOf("."))]?.[edge.target.slice(edge.target.lastIndexOf(".") + 1)] ?? steps.at(-1).at(-1);
      if (down) { rate.setAttribute("x", x + 6); rate.setAttribute("y", y - 9); back.setAttribute("x", x + 6); back.setAttribute("y", y - 6); }
      else { rate.setAttribute("x", x - 6); rate.setAttribute("y", y - 5); rate.setAttribute("text-anchor", "end"); back.setAttribute("x", x - 28); back.setAttribute("y", y + 4); }
      fill.setAttribute("x", back.getAttribute("x")); fill.setAttribute("y", back.getAttribute("y"));
      this.wires[edge.label] = { path, title, rate, back, fill, crosses: edge.crosses };
    }
    for (const block of this.graph.blocks) this.block(block, layout, down);
    this.place.replaceChildren(this.svg);
    if (this.status) this.show(this.status);
  }

  block(block, layout, down) {
    const [l, t, r, b] = layout.blocks[block.name], middle = (l + r) / 2;
    const body = drawn("rect", { class: "body", x: l, y: t, width: r - l, height: b - t, rx: 7 });
    body.style.fill = `var(--${CATEGORIES.has(block.category) ? block.category : "other"})`;
    const ports = Object.keys(layout.inputs[block.name] ?? {}).length + Object.keys(layout.outputs[block.name] ?? {}).length;
    const tall = b - t > 60 && !down ? t + 21 : (t + b) / 2;
    const title = drawn("title");
    const busyback = drawn("rect", { class: "g-busyback", x: middle - BUSY / 2, y: b - 5, width: BUSY, height: 2.4, rx: 1.2 });
    const busy = drawn("rect", { class: "g-busy", x: middle - BUSY / 2, y: b - 5, width: 0, height: 2.4, rx: 1.2 });
    const name = drawn("text", { x: middle, y: tall - 2 }, block.name);
    // Long names are written smaller, so that they stay within their block.
    name.style.fontSize = `min(1em, ${((r - l - 8) / (0.66 * block.name.length)).toFixed(1)}px)`;
    const group = drawn("g", { class: "g-block", tabindex: 0, role: "button", "data-block": block.name, "aria-label": `block ${block.name}, ${block.type}, ${ports} ports` },
      title, body, drawn("g", { class: "g-name" }, name), drawn("text", { class: "g-type", x: middle, y: tall + 12 }, block.type), busyback, busy);
    const choose = (event) => { const box = group.getBoundingClientRect(); this.open(block, null, box.left + box.width / 2, box.bottom); event.stopPropagation(); };
    group.addEventListener("click", choose);
    group.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(event); } });
    this.svg.append(group);
    for (const [way, places] of [["inputs", layout.inputs[block.name]], ["outputs", layout.outputs[block.name]]]) {
      for (const [port, [x, y]] of Object.entries(places ?? {})) {
        const dot = drawn("circle", { class: "g-port", cx: x, cy: y, r: 4, "data-port": `${block.name}.${port}` }, drawn("title", {}, `${block.name}.${port}: ${block[way][port]}`));
        dot.addEventListener("click", (event) => { this.open(block, `${block.name}.${port}`, event.clientX, event.clientY); event.stopPropagation(); });
        this.svg.append(dot);
      }
    }
    this.blocks[block.name] = { title, busy, kind: block.type };
  }

  /** Shows how the run stands; returns what to say of it. */
  show(status) {
    this.status = status;
    if (!this.chosen) return {};
    // Rates over the last two seconds: streams come in bursts.
    if (this.past.length && this.past.at(-1).elapsed_s > status.elapsed_s) this.past = [];
    while (this.past.length > 1 && this.past[1].elapsed_s <= status.elapsed_s - 2) this.past.shift();
    const before = this.past[0] ?? null;
    const seconds = before && before.elapsed_s < status.elapsed_s ? status.elapsed_s - before.elapsed_s : 0;
    const earlier = (list, key, name) => seconds && before[list].find((x) => x[key] === name);
    const held = {};
    for (const edge of status.edges) {
      const wire = this.wires[edge.label];
      if (!wire) continue;
      const old = earlier("edges", "label", edge.label);
      const rate = old ? Math.max(0, edge.received - old.received || edge.sent - old.sent) / seconds : null;
      const share = old ? Math.min(1, Math.max(0, (edge.held_s - old.held_s) / seconds)) : 0;
      const full = edge.capacity ? Math.min(1, edge.fill / edge.capacity) : 0;
      wire.rate.textContent = rate === null ? "" : `${short(rate)}/s${edge.dropped ? ` −${short(edge.dropped)}` : ""}`;
      wire.path.classList.toggle("full", share > 0.3);
      wire.path.classList.toggle("lossy", edge.dropped > 0);
      wire.path.classList.toggle("still", rate === 0);
      wire.back.style.visibility = wire.fill.style.visibility = edge.capacity ? "visible" : "hidden";
      wire.fill.setAttribute("width", (22 * full).toFixed(1));
      wire.fill.classList.toggle("high", full > 0.8);
      wire.title.textContent = `${edge.label}\n${whole(edge.received)} items${rate === null ? "" : `, ${short(rate)}/s`}\n` +
        (edge.capacity ? `${whole(edge.fill)} of ${whole(edge.capacity)} wait\n` : "no queue: both blocks run in one call\n") +
        `held back ${Math.round(share * 100)} % of the time\n${whole(edge.dropped)} dropped`;
      const of = (port) => this.graph.blocks.find((b) => b.name === port.slice(0, port.lastIndexOf(".")))?.process;
      if (share > 0.3 && wire.crosses) { const to = of(edge.target); held[to] = Math.max(held[to] ?? 0, share); }
    }
    for (const block of status.blocks) {
      const shown = this.blocks[block.name];
      if (!shown) continue;
      const old = earlier("blocks", "name", block.name);
      const share = old ? Math.min(1, Math.max(0, (block.busy_s - old.busy_s) / seconds)) : 0;
      shown.busy.setAttribute("width", (BUSY * share).toFixed(1));
      shown.busy.classList.toggle("high", share > 0.7);
      shown.title.textContent = `${block.name}: ${shown.kind}\n${whole(block.items_in)} items in, ${whole(block.items_out)} out\nbusy ${Math.round(share * 100)} % of the time${block.finished ? "\nfinished" : ""}`;
    }
    let most = null;
    for (const process of status.processes) {
      const old = earlier("processes", "name", process.name);
      const cpu = old ? Math.max(0, (process.cpu_s - old.cpu_s) / seconds) : 0;
      // Who holds others back, and is not held back in turn.
      const waits = old ? (process.waited_s - old.waited_s) / seconds : 1;
      if (held[process.name] && waits < 0.5 && (!most || held[process.name] > most.share)) most = { name: process.name, share: held[process.name] };
      const frame = this.frames[process.name];
      if (!frame) continue;
      frame.about.textContent = process.name === status.gone ? "gone" : `${Math.round(cpu * 100)} % CPU · ${Math.round(process.rss_bytes / 1048576)} MiB`;
      frame.box.classList.toggle("gone", process.name === status.gone || process.silent);
    }
    for (const [name, frame] of Object.entries(this.frames)) frame.box.classList.toggle("holds", name === most?.name);
    const pace = this.graph.blocks.find((b) => b.type === "throttle");
    if (before !== status) this.past.push(status);
    return { most: most?.name, pace: pace?.name, elapsed: duration(status.elapsed_s) };
  }

  gone(name) { this.frames[name]?.box.classList.add("gone"); if (this.frames[name]) this.frames[name].about.textContent = "gone"; }
}

const CATEGORIES = new Set(["sources", "channels", "phy", "mimo", "neural", "security", "stream", "metrics", "radio", "gnuradio", "sinks"]);
