// A signal over time: lowest and highest of each column, so that no peak is lost.

import { Axes } from "./axes.js";
import { rgb } from "./pixels.js";
import { scale, whole } from "./text.js";
import { colors } from "./theme.js";

export class Time {
  constructor(options) { this.options = options; }

  take(data) {
    this.data = data;
    let far = 0;
    for (const line of data.arrays) for (const v of line) if (Math.abs(v) > far) far = Math.abs(v);
    let low = Infinity;
    for (const line of data.arrays) for (const v of line) if (v < low) low = v;
    const wanted = far || 1;
    if (!this.reach || wanted > this.reach || wanted < 0.5 * this.reach) this.reach = wanted * 1.15;
    this.low = low >= 0 ? 0 : -this.reach;
  }

  draw(canvas) {
    const { data } = this, rate = this.options.sample_rate;
    const unit = rate ? 1 / rate : 1;
    const axes = new Axes(canvas, { low: 0, high: data.values * unit, label: scale(0, data.values * unit, rate ? "s" : ""), name: rate ? "time" : "values from the first item on" },
      { low: this.low, high: this.reach, label: scale(this.low, this.reach), name: this.options.unit || undefined });
    const { pixels, ratio } = axes;
    pixels.clear();
    data.arrays.forEach((both, number) => {
      const columns = both.length / 2, thick = columns < data.values ? ratio : 1.4 * ratio;
      pixels.band(axes.rows(both.subarray(columns)), axes.rows(both.subarray(0, columns)), rgb(colors[`series-${number + 1}`]), thick, columns < data.values ? 0.75 : 1);
    });
    pixels.show();
  }

  note(data) { return `from item ${whole(data.index)}${data.lines === 2 ? ", real and imaginary part" : ""}`; }
}
