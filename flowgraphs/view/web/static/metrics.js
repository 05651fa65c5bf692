// Metrics over time, each on a scale of its own, and confusion matrices: from the status of the run.

import { Axes, fitted, nothing } from "./axes.js";
import { plain } from "./text.js";
import { colors, ramp } from "./theme.js";

const KEEP_S = 60;

export class Metrics {
  constructor(options) { this.of = options.of; this.lines = new Map(); }

  status(status) {
    for (const name of this.of) {
      const at = name.lastIndexOf(".");
      const value = status.recent[name.slice(0, at)]?.[name.slice(at + 1)];
      if (value === undefined || value === null) continue;
      const line = this.lines.get(name) ?? [];
      if (line.length && status.elapsed_s < line.at(-1)[0]) line.length = 0;
      line.push([status.elapsed_s, value]);
      while (line[0][0] < status.elapsed_s - KEEP_S) line.shift();
      this.lines.set(name, line);
    }
    return this.lines.size > 0;
  }

  draw(canvas) {
    const names = this.of.filter((name) => this.lines.has(name));
    if (!names.length) return nothing(canvas, "no metrics yet");
    const { context: c, width, height } = fitted(canvas);
    const tall = height / names.length;
    names.forEach((name, number) => {
      const line = this.lines.get(name), top = number * tall, color = colors[`series-${(number % 4) + 1}`];
      const values = line.map(([, v]) => v), last = values.at(-1);
      let low = Math.min(...values), high = Math.max(...values);
      const room = Math.max((high - low) * 0.15, Math.abs(high) * 0.02, 1e-9); low -= room; high += room;
      const right = line.at(-1)[0], left = right - Math.max(10, Math.min(KEEP_S, right - line[0][0]));
      const box = { left: 118, right: width - 14, top: top + 10, bottom: top + tall - 20 };
      c.textAlign = "left"; c.textBaseline = "alphabetic";
      c.fillStyle = colors.muted; c.font = colors.font(11.5, 550); c.fillText(name.slice(0, name.lastIndexOf(".")), 14, top + tall / 2 - 22);
      c.fillStyle = colors.faint; c.font = colors.font(11); c.fillText(name.slice(name.lastIndexOf(".") + 1), 14, top + tall / 2 - 7);
      c.fillStyle = color; c.font = colors.font(20, 650); c.fillText(Number(last.toPrecision(3)).toString(), 14, top + tall / 2 + 17);
      c.fillStyle = colors.plot; c.fillRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
      c.strokeStyle = colors.line; c.lineWidth = 1; c.strokeRect(box.left + 0.5, box.top + 0.5, box.right - box.left - 1, box.bottom - box.top - 1);
      const px = (t) => box.left + ((t - left) / (right - left)) * (box.right - box.left);
      const py = (v) => box.bottom - ((v - low) / (high - low)) * (box.bottom - box.top);
      c.strokeStyle = color; c.lineWidth = 1.8; c.lineJoin = "round"; c.beginPath();
      line.forEach(([t, v], k) => (k ? c.lineTo(px(t), py(v)) : c.moveTo(px(t), py(v))));
      c.stroke();
      c.fillStyle = colors.faint; c.font = colors.font(10.5);
      c.textAlign = "right"; c.textBaseline = "top"; c.fillText(plain(Number(high.toPrecision(3))), box.right - 4, box.top + 3);
      c.textBaseline = "bottom"; c.fillText(plain(Number(low.toPrecision(3))), box.right - 4, box.bottom - 3);
      c.textAlign = "center"; c.textBaseline = "top";
      c.textAlign = "left"; c.fillText(`${Math.round(right - left)} s ago`, box.left, box.bottom + 4);
      c.textAlign = "right"; c.fillText("now", box.right, box.bottom + 4);
    });
  }

  note() { return "over the last 3 seconds"; }
}

export class Confusion {
  constructor(options) { this.of = options.of; this.before = []; }

  status(status) {
    const name = this.of[0], at = name.lastIndexOf(".");
    const counts = status.metrics[name.slice(0, at)]?.[name.slice(at + 1)];
    if (!Array.isArray(counts)) return false;
    this.before.push(counts);
    while (this.before.length > 10) this.before.shift();
    const first = this.before[0];
    // What came within the last seconds; the whole run where that is shorter.
    this.counts = counts.map((row, r) => row.map((n, k) => (this.before.length > 1 && first[r]?.[k] !== undefined ? Math.max(0, n - first[r][k]) : n)));
    return true;
  }

  draw(canvas) {
    if (!this.counts) return nothing(canvas, "nothing classified yet");
    const { context: c, width, height } = fitted(canvas);
    const n = this.counts.length, side = Math.min((width - 70) / n, (height - 46) / n);
    const left = (width - side * n) / 2 + 8, top = 22;
    const total = this.counts.flat().reduce((a, b) => a + b, 0) || 1;
    let right = 0;
    this.counts.forEach((row, r) => {
      const sum = row.reduce((a, b) => a + b, 0) || 1;
      right += row[r] ?? 0;
      row.forEach((count, k) => {
        const word = ramp[Math.round((count / sum) * 235)];
        c.fillStyle = `rgb(${word & 255} ${(word >> 8) & 255} ${(word >> 16) & 255})`;
        c.fillRect(left + k * side, top + r * side, side - 1, side - 1);
        if (k === r) { c.strokeStyle = colors.good; c.lineWidth = 1.5; c.strokeRect(left + k * side + 0.5, top + r * side + 0.5, side - 2, side - 2); }
      });
      c.fillStyle = colors.muted; c.font = colors.font(11); c.textAlign = "right"; c.textBaseline = "middle"; c.fillText(String(r), left - 6, top + (r + 0.5) * side);
      c.textAlign = "center"; c.textBaseline = "bottom"; c.fillText(String(r), left + (r + 0.5) * side, top - 3);
    });
    c.fillStyle = colors.faint; c.textBaseline = "top"; c.textAlign = "center"; c.fillText("columns: taken for; rows: what it is", left + (n * side) / 2, top + n * side + 5);
    this.accuracy = right / total;
  }

  note() { return `right: ${plain(Number(((this.accuracy ?? 0) * 100).toFixed(1)))} % of the last seconds`; }
}
