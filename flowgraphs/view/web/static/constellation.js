// Points of the complex plane: how dense they have lain lately, and the newest ones on top.

import { Axes } from "./axes.js";
import { rgb } from "./pixels.js";
import { colors, ramp } from "./theme.js";

const KEEP = 0.9; // of the density, from one frame to the next
const FINE = 16; // steps of a density of one, in the table of its logarithms
const LOGS = Float32Array.from({ length: 8192 }, (_, k) => Math.log1p(k / FINE));

export class Constellation {
  take(data) {
    const [cells, points] = data.arrays;
    if (!this.heat || this.heat.length !== cells.length || this.reach !== data.reach) {
      this.heat = new Float32Array(cells.length);
      this.shades = new Float32Array(cells.length);
      this.reach = data.reach;
      this.size = data.cells;
    }
    const heat = this.heat;
    let sum = 0;
    for (let k = 0; k < heat.length; k++) { heat[k] = KEEP * heat[k] + cells[k]; sum += heat[k]; }
    this.mean = sum / heat.length;
    this.points = points;
  }

  draw(canvas) {
    const { width, height } = canvas.room ?? { width: canvas.clientWidth, height: canvas.clientHeight };
    const half = Math.max(10, Math.min(height - 42, width - 66) / 2);
    const axis = { low: -this.reach, high: this.reach, label: (v) => String(Number(v.toPrecision(3))) };
    const axes = new Axes(canvas, { ...axis, name: "real" }, axis, { left: width / 2 - half + 10, right: width / 2 - half - 10, top: 8, bottom: height - 8 - 2 * half, grid: false });
    const { pixels, ratio } = axes;
    this.shade(pixels);
    const cross = rgb(colors.faint), x = Math.round(axes.column(0)), y = Math.round(axes.row(0));
    pixels.span(x, 0, pixels.height, cross, 0.45);
    for (let c = 0; c < pixels.width; c++) pixels.mix(y * pixels.width + c, cross, 0.45);
    const color = colors.dark ? [255, 255, 255] : [20, 30, 90], share = colors.dark ? 0.55 : 0.45, { points } = this;
    for (let k = 0; k + 1 < points.length; k += 2) pixels.dot(axes.column(points[k]), axes.row(points[k + 1]), 1.6 * ratio, color, share);
    pixels.show();
  }

  /** Writes the density, smoothed from cell to cell. */
  shade({ words, width, height }) {
    const { heat, shades, size } = this, scale = 150 / Math.log1p(Math.max(this.mean * 40, 1));
    for (let k = 0; k < heat.length; k++) shades[k] = Math.min(235, LOGS[Math.min(8191, (heat[k] * FINE) | 0)] * scale);
    if (this.across?.width !== width) this.across = { width, ...places(width, size) };
    if (this.down?.width !== height) this.down = { width: height, ...places(height, size) };
    const { first, second, part } = this.across, row = new Float32Array(size);
    for (let r = 0, at = 0; r < height; r++) {
      const above = this.down.first[r] * size, below = this.down.second[r] * size, share = this.down.part[r];
      for (let k = 0; k < size; k++) row[k] = shades[above + k] + share * (shades[below + k] - shades[above + k]);
      for (let c = 0; c < width; c++, at++) { const a = row[first[c]]; words[at] = ramp[(a + part[c] * (row[second[c]] - a)) | 0]; }
    }
  }

  note(data) { return `${data.points} points, density of the last 1/6 s`; }
}

/** For each of some pixels, the two cells between whose middles it lies, and the share of the second. */
function places(pixels, cells) {
  const first = new Uint16Array(pixels), second = new Uint16Array(pixels), part = new Float32Array(pixels);
  for (let k = 0; k < pixels; k++) {
    const at = Math.max(0, Math.min(cells - 1, ((k + 0.5) / pixels) * cells - 0.5));
    first[k] = at | 0; second[k] = Math.min(cells - 1, first[k] + 1); part[k] = at - first[k];
  }
  return { first, second, part };
}
