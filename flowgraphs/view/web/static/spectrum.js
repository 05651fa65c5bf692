// Power over frequency in dBFS, with the highest of the last seconds behind it.

import { Axes } from "./axes.js";
import { frequencyAxis } from "./frequency.js";
import { rgb } from "./pixels.js";
import { colors } from "./theme.js";

const EVERY = 8; // bins of which one says what levels there are

/** Levels in order, of some of the bins. */
export function someLevels(level) {
  const found = new Float32Array(Math.ceil(level.length / EVERY));
  for (let k = 0; k < found.length; k++) found[k] = level[k * EVERY];
  return found.sort();
}

export class Spectrum {
  constructor(options) { this.options = options; }

  take(data) {
    this.data = data;
    const level = (this.level = data.arrays[0]);
    if (!this.peak || this.peak.length !== level.length) this.peak = Float32Array.from(level);
    let top = -200;
    for (let k = 0; k < level.length; k++) {
      this.peak[k] = Math.max(level[k], this.peak[k] - 0.06);
      if (this.peak[k] > top) top = this.peak[k];
    }
    const sorted = someLevels(level), floor = sorted[Math.floor(sorted.length * 0.1)];
    const high = Math.ceil((top + 4) / 10) * 10;
    const low = Math.min(Math.max(Math.floor((floor - 12) / 10) * 10, high - 140), high - 30);
    if (this.high === undefined || high > this.high || high < this.high - 15) this.high = high;
    if (this.low === undefined || low < this.low || low > this.low + 15) this.low = low;
  }

  draw(canvas) {
    const x = frequencyAxis(this.data, this.level.length, this.options);
    const axes = new Axes(canvas, x, { low: this.low, high: this.high, name: "dBFS" });
    const { pixels, ratio } = axes, rows = axes.rows(this.level), color = rgb(colors["series-1"]);
    pixels.clear();
    pixels.under(rows, color, 0.13);
    pixels.line(axes.rows(this.peak), rgb(colors.faint), ratio);
    pixels.line(rows, color, 1.4 * ratio);
    pixels.show();
  }

  note() { return `${this.level.length} bins, Hann, mean of 1/4 s; grey: peaks`; }
}
