// The page: connects, hands what comes to those who draw it, and says when it was drawn.

import { Graph } from "./graph.js";
import { Knobs } from "./knobs.js";
import { Link, enter } from "./link.js";
import { Panels, kindsOf } from "./panels.js";
import { duration, make, plain, whole, write } from "./text.js";
import { toggleTheme } from "./theme.js";

const $ = (id) => document.getElementById(id);
const MOST_TAGS = 40;
const ORDERLY = "it ran to its end";

let link, right = "look", run = { state: "waiting" }, types = {}, message = null, pid = null;
const tags = [];
const latencies = [];
/** For measurements and tests: paints so far, milliseconds from tap to paint, when messages left. */
window.semradio = { paints: 0, latencies, left_out: 0, status: null, sent: [] };
// All modules came.
sessionStorage.removeItem("retries");

const graph = new Graph($("graph"), menu);
const knobs = new Knobs($("knobs"), (values) => link.ask({ do: "change", values }));
const panels = new Panels($("panels"), () => link, (port) => types[port]);

function banner(text, bad = false) {
  $("banner").hidden = !text;
  $("banner").textContent = text ?? "";
  $("banner").classList.toggle("bad", bad);
}

function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $("toast").hidden = true; }, 6000);
}

function state(name, text = name) {
  $("state").textContent = text;
  $("state").className = `pill ${name}`;
}

const NEWS = {
  graph(found) {
    types = {};
    if (!found.blocks) return;
    for (const block of found.blocks) {
      for (const [port, item] of [...Object.entries(block.inputs), ...Object.entries(block.outputs)]) types[`${block.name}.${port}`] = item;
    }
    graph.set(found);
  },
  run(found) {
    run = found;
    if (found.flowgraph) {
      document.title = `${found.flowgraph} · semradio`;
      $("flowgraph").textContent = found.flowgraph;
      $("doc").textContent = found.doc;
      if (found.pid !== pid) { pid = found.pid; tags.length = 0; showTags(); panels.start(found); }
    }
    if (found.state === "running") { state("running"); banner(null); }
    else if (found.state === "ended") {
      state("ended");
      const gone = found.gone ? `Process '${found.gone}' is gone. ` : "";
      const orderly = !gone && (!found.why || found.why === ORDERLY);
      banner(`${gone}The run has ended${found.why ? `: ${found.why}` : "; its last values stay"}.`, !orderly);
      if (found.gone) graph.gone(found.gone);
    } else { state("waiting", "waiting for a run"); banner("No flowgraph is running here: start one with semradio run FILE"); }
    $("stop").disabled = right !== "change" || found.state !== "running";
    $("start").disabled = false;
    $("start").hidden = !(right === "change" && found.state === "ended" && found.again);
    $("stop").hidden = !$("start").hidden;
  },
  status(found) {
    if (!found.blocks) return;
    window.semradio.status = found;
    const { most, pace, elapsed } = graph.show(found);
    $("elapsed").textContent = elapsed ?? duration(found.elapsed_s);
    $("holds").replaceChildren(...(most ? ["process ", make("b", {}, most), " holds the others back"] : [pace ? `${pace} sets the speed: nobody is held back by work` : "nobody is held back"]));
    const cpus = found.processes.length;
    $("processes").textContent = `${cpus} process${cpus === 1 ? "" : "es"}, ${Math.round(found.processes.reduce((a, p) => a + p.rss_bytes, 0) / 1048576)} MiB`;
    if (run.state === "running") found.gone ? (state("ended", `'${found.gone}' is gone`), banner(`Process '${found.gone}' is gone`, true)) : state(found.state);
    panels.status(found);
  },
  knobs(found) { NEWS.lastKnobs = found; knobs.set(found, right); },
  history(found) {
    $("history").replaceChildren(...found.toReversed().map((c) => make("li", {}, `${c.name}: ${plain(c.before)} → ${plain(c.value)}`,
      make("small", {}, `from item ${whole(c.item)}, at ${duration(c.at_s)}`))));
  },
  recordings(found) {
    $("recordings").replaceChildren(...found.toReversed().map((r) => {
      const about = `${whole(r.items)} items, ${whole(r.left_out)} left out${r.trouble ? `: ${r.trouble}` : ""}`;
      const end = make("button", { onclick: () => steer({ do: "record", port: r.port, kind: "stop" }) }, "End");
      return make("li", {}, `${r.port} `, ...(r.open ? [end] : []), make("small", { title: r.file }, r.file.split("/").at(-1)), make("small", {}, about));
    }));
  },
};
// The graph comes before what is shown in it.
const ORDER = ["graph", "run", "knobs", "status", "history", "recordings"];

async function steer(word) {
  try { await link.ask(word); } catch (error) { toast(error.message); }
}

function showTags() {
  $("tags").replaceChildren(...tags.slice(0, 12).map((tag) => make("li", {}, `${tag[1]}: ${plain(tag[2])}`, make("small", {}, `item ${whole(tag[0])} · ${tag[3]}`))));
}

function noteTags(panel) {
  const of = panels.shown.get(panel.id)?.of[0] ?? "";
  let added = false;
  for (const [index, key, value] of panel.tags) {
    if (tags.some((t) => t[0] === index && t[1] === key && t[3] === of)) continue;
    tags.unshift([index, key, value, of]);
    added = true;
  }
  tags.length = Math.min(tags.length, MOST_TAGS);
  return added;
}

function paint() {
  const found = message;
  message = null;
  if (!found) return;
  // Before it is drawn: the next one is made in the meantime. Two are under way at most.
  link.say({ do: "drawn" });
  right = found.right;
  for (const name of ORDER) if (name in found.news) NEWS[name](found.news[name]);
  let newTags = false;
  for (const panel of found.panels) { panels.take(panel); newTags = noteTags(panel) || newTags; }
  tagsDue = tagsDue || newTags;
  panels.draw();
  if (found.panels.length) window.semradio.paints++;
  window.semradio.left_out = found.left_out;
  painted.port1.postMessage(found.panels.map((panel) => panel.t_ms));
}

// Comes when the page has been laid out and handed over to be shown.
const painted = new MessageChannel();
painted.port2.onmessage = ({ data }) => {
  const now = performance.timeOrigin + performance.now();
  for (const tapped of data) latencies.push(now - tapped);
  if (latencies.length > 8000) latencies.splice(0, 4000);
};

let tagsDue = false;
setInterval(() => {
  write($("skipped"), whole(window.semradio.left_out));
  if (tagsDue) { tagsDue = false; showTags(); }
}, 250);

let counted = 0, since = performance.now();
setInterval(() => {
  const now = performance.now();
  write($("paints"), String(Math.round(((window.semradio.paints - counted) * 1000) / (now - since))));
  counted = window.semradio.paints;
  since = now;
}, 1000);

window.semradio.panels = panels;

function onMessage(found) {
  window.semradio.sent.push(found.sent_ms);
  if (window.semradio.sent.length > 2000) window.semradio.sent.splice(0, 1000);
  message = found;
  requestAnimationFrame(paint);
}

function onState(name) {
  if (name === "open") { panels.again(); banner(null); if (NEWS.lastKnobs) knobs.set(NEWS.lastKnobs, right); }
  else if (name === "refused") { state("lost", "refused"); banner("This address is not the one that semradio printed, or it is of another run. Open the one that was printed.", true); }
  else { message = null; state("lost", "connection lost"); if (run.state !== "ended") banner("The view has ended, or cannot be reached.", true); }
}

// What to show of a block: a menu of its ports.

function menu(block, port, x, y) {
  const place = $("menu");
  const ports = [...Object.entries(block.inputs).map(([p, t]) => [`${block.name}.${p}`, t, "in"]), ...Object.entries(block.outputs).map(([p, t]) => [`${block.name}.${p}`, t, "out"])];
  const chosen = port ? ports.filter(([name]) => name === port) : ports;
  const metrics = Object.entries(window.semradio.status?.metrics[block.name] ?? {});
  const shown = (title, show, of) => { place.hidden = true; panels.open({ title, show, of }, true); };
  const parameters = Object.entries(block.parameters).map(([k, v]) => `${k}: ${v}`).join(", ");
  const sections = chosen.map(([name, item, way]) => make("section", {}, make("h4", {}, `${name} · ${item || "runs elsewhere"} · ${way}`),
    make("div", { class: "kinds" }, ...kindsOf(item).map((kind) => make("button", { onclick: () => shown(name, kind, [name]) }, kind)),
      ...(right === "change" ? [["sigmf", "● SigMF"], ["npy", "● NumPy"]].map(([kind, text]) => make("button", { title: "Record from now on", onclick: () => { place.hidden = true; steer({ do: "record", port: name, kind }); } }, text)) : []))));
  if (!port && metrics.length) {
    const numbers = metrics.filter(([, v]) => typeof v === "number").map(([k]) => `${block.name}.${k}`);
    const tables = metrics.filter(([k, v]) => k === "confusion" && Array.isArray(v));
    sections.push(make("section", {}, make("h4", {}, "metrics"), make("div", { class: "kinds" },
      ...numbers.map((name) => make("button", { onclick: () => shown(name, "metrics", [name]) }, name.slice(name.lastIndexOf(".") + 1))),
      ...tables.map(([k]) => make("button", { onclick: () => shown(`${block.name}: confusion`, "confusion", [`${block.name}.${k}`]) }, "confusion matrix")))));
  }
  place.replaceChildren(make("h3", {}, block.name), make("p", {}, `${block.type}${parameters ? ` (${parameters})` : ""}`), ...sections);
  place.hidden = false;
  const box = place.getBoundingClientRect();
  place.style.left = `${Math.max(8, Math.min(x - box.width / 2, innerWidth - box.width - 8))}px`;
  place.style.top = `${Math.max(8, Math.min(y + 6, innerHeight - box.height - 8))}px`;
  place.querySelector("button")?.focus();
}

document.addEventListener("click", (event) => { if (!$("menu").contains(event.target)) $("menu").hidden = true; });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") $("menu").hidden = true;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "t") theme();
  if (event.key === "g") $("graph").querySelector(".g-block")?.focus();
  if (event.key === "k") $("knobs").querySelector("input, select")?.focus();
  if (event.key === "p") $("panels").querySelector(".panel")?.focus();
});

function theme() { toggleTheme(); panels.draw(true); }
$("theme").onclick = theme;
$("reset").onclick = () => panels.reset();
$("stop").onclick = () => steer({ do: "stop" });
$("start").onclick = async () => { $("start").disabled = true; await steer({ do: "start" }); setTimeout(() => { $("start").disabled = false; }, 2000); };

if (await enter()) link = new Link(onMessage, onState);
else onState("refused");
