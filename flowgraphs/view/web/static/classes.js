import { Axes } from "./axes.js";
import { rgb } from "./pixels.js";
import { scale } from "./text.js";
import { colors } from "./theme.js";

/** How often each class came lately. */
export class Classes {
  constructor() { this.counts = []; }

  take(data) {
    for (let k = 0; k < this.counts.length; k++) this.counts[k] *= 0.97;
    for (const part of data.parts) for (const found of part.classes ?? []) {
      while (this.counts.length <= found && this.counts.length < 256) this.counts.push(0);
      if (found >= 0 && found < 256) this.counts[found]++;
    }
  }

  draw(canvas) {
    const n = Math.max(this.counts.length, 1), most = Math.max(...this.counts, 1);
    if (!this.high || most > this.high || most < 0.5 * this.high) this.high = 1.2 * most;
    const axes = new Axes(canvas, { low: -0.5, high: n - 0.5, name: "class" }, { low: 0, high: this.high, label: scale(0, this.high) });
    axes.pixels.clear();
    axes.pixels.bars(axes.rows(this.counts), rgb(colors["series-4"]), Math.round(3 * axes.ratio));
    axes.pixels.show();
  }

  note() { return "of the last second or so"; }
}
