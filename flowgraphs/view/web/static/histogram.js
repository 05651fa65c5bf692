// How values are distributed.

import { Axes } from "./axes.js";
import { rgb } from "./pixels.js";
import { scale, short } from "./text.js";
import { colors } from "./theme.js";

export class Histogram {
  take(data) {
    this.data = data;
    let most = 1;
    for (const count of data.arrays[0]) if (count > most) most = count;
    if (!this.high || most > this.high || most < 0.5 * this.high) this.high = 1.2 * most;
    const room = 0.1 * (data.high - data.low);
    // Ends that rest while the values move.
    if (!(data.low >= this.low && data.high <= this.top) || data.high - data.low < 0.6 * (this.top - this.low)) { this.low = data.low - room; this.top = data.high + room; }
  }

  draw(canvas) {
    const { data } = this, counts = data.arrays[0];
    const axes = new Axes(canvas, { low: this.low, high: this.top, label: scale(this.low, this.top), name: "value" }, { low: 0, high: this.high, label: scale(0, this.high) });
    const { pixels } = axes, left = axes.column(data.low), each = (axes.column(data.high) - left) / counts.length, rows = axes.rows(counts), color = rgb(colors["series-1"]);
    pixels.clear();
    for (let k = 0; k < counts.length; k++) {
      const from = Math.round(left + k * each), to = Math.max(from + 1, Math.round(left + (k + 1) * each) - (each > 3 ? 1 : 0));
      for (let c = from; c < to; c++) pixels.span(c, rows[k], pixels.height, color);
    }
    pixels.show();
  }

  note(data) { return `mean ${short(data.mean)}, deviation ${short(data.deviation)}`; }
}
