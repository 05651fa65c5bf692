// Spectra over time. The vertical axis counts items: each row stands where its items stand in the
// stream, and stretches of which nothing was shown stay empty.

import { Axes } from "./axes.js";
import { frequencyAxis } from "./frequency.js";
import { rgb } from "./pixels.js";
import { someLevels } from "./spectrum.js";
import { scale } from "./text.js";
import { colors, ramp } from "./theme.js";

const ROWS = 240;

export class Waterfall {
  constructor(options) { this.options = options; this.rows = new Map(); this.scale = 0; }

  take(data) {
    this.data = data;
    const level = data.arrays[0], end = data.index + data.count;
    if (this.end !== undefined && data.index < this.end - data.count) this.rows.clear();
    const now = data.t_ms / 1000;
    if (this.since === undefined || end < this.first) { this.since = now; this.first = end; this.frames = 0; }
    this.frames++;
    // Items of a row: rather more than from one frame to the next, as the first half second has it;
    // later only when that is far off.
    const wanted = now - this.since > 0.5 ? Math.max(1, (1.3 * (end - this.first)) / this.frames) : 0;
    if (wanted && (!this.scale || this.provisional || wanted > 3 * this.scale || wanted < this.scale / 3)) {
      this.scale = wanted; this.provisional = false; this.rows.clear(); this.since = now; this.first = end; this.frames = 0;
    } else if (!this.scale) { this.scale = Math.max(1, data.count); this.provisional = true; }
    if (now - this.since > 5) { this.since = now; this.first = end; this.frames = 0; }
    const sorted = someLevels(level), low = sorted[sorted.length >> 3], high = sorted.at(-1);
    this.low = this.low === undefined ? low : this.low + 0.05 * (low - this.low);
    this.high = this.high === undefined ? high : this.high + 0.05 * (Math.max(high, low + 12) - this.high);
    const row = Math.floor(data.index / this.scale);
    this.rows.set(row, level);
    // What lies between two frames of the usual distance is shown by the first of them.
    if (this.last !== undefined && row > this.last && row - this.last <= 3) {
      for (let k = this.last + 1; k < row; k++) this.rows.set(k, this.rows.get(this.last));
    }
    this.last = row; this.end = end;
    for (const key of this.rows.keys()) if (key <= row - ROWS) this.rows.delete(key); else break;
    this.shown = (this.shown ?? 0) + data.count; this.passed = (this.passed ?? 0) + data.count + data.skipped;
  }

  draw(canvas) {
    const bins = this.data.arrays[0].length, rate = this.options.sample_rate;
    const x = frequencyAxis(this.data, bins, this.options);
    const unit = rate ? 1 / rate : 1, high = (this.last + 1) * this.scale * unit, low = (this.last + 1 - ROWS) * this.scale * unit;
    const write = scale(low, high, rate ? "s" : "");
    const y = { low, high, name: rate ? "time" : "item", label: (v) => (v < 0 ? "" : write(v)) };
    const { pixels } = new Axes(canvas, x, y, { left: 72, grid: false });
    this.paint(bins, pixels.width);
    this.show(pixels);
  }

  // Bring the picture up to the newest row: what stands moves down, and only new rows are coloured,
  // unless the colours have moved by more than a decibel.
  paint(bins, width) {
    const done = this.painted, shift = done ? this.last - done.last : ROWS;
    const anew = !done || done.bins !== bins || done.width !== width || done.scale !== this.scale || done.ramp !== ramp[255] || shift < 0 || shift >= ROWS ||
      Math.abs(this.low - done.low) > 1 || Math.abs(this.high - done.high) > 1;
    if (anew) {
      this.colours = new Uint32Array(width * ROWS);
      this.painted = { bins, width, scale: this.scale, low: this.low, high: this.high, ramp: ramp[255] };
    } else if (shift) {
      this.colours.copyWithin(shift * width, 0, (ROWS - shift) * width);
      this.colours.fill(0, 0, shift * width);
    }
    const { low, high } = this.painted, scale = 255 / Math.max(high - low, 6);
    // The newest row of before may have come again.
    for (let r = 0; r < (anew ? ROWS : shift + 1); r++) {
      const level = this.rows.get(this.last - r);
      if (!level) continue;
      for (let c = 0, k = 0; c < width; c++) {
        // The highest of the bins of a column, so that no line is lost.
        let most = level[Math.min(bins - 1, k)];
        for (const end = ((c + 1) * bins) / width; k < end; k++) if (level[k] > most) most = level[k];
        this.colours[r * width + c] = ramp[Math.max(0, Math.min(255, (most - low) * scale)) | 0];
      }
    }
    this.painted.last = this.last;
  }

  /** Writes the rows into the pixels; gaps are hatched. */
  show(pixels) {
    const { words, width, height } = pixels, line = rgb(colors.line);
    if (this.hatched?.of !== pixels) {
      this.hatched = { of: pixels, words: pixels.background };
      pixels.clear();
      for (let r = 0, at = 0; r < height; r++) for (let c = 0; c < width; c++, at++) if ((r + c) % 9 === 0) pixels.mix(at, line, 1);
      this.hatched.words = words.slice();
    }
    for (let r = 0; r < height; r++) {
      const from = Math.floor((r * ROWS) / height) * width;
      if (this.colours[from]) words.set(this.colours.subarray(from, from + width), r * width);
      else words.set(this.hatched.words.subarray(r * width, (r + 1) * width), r * width);
    }
    pixels.show();
  }

  note() { return `${Number(((100 * this.shown) / Math.max(this.passed, 1)).toPrecision(2))} % of the items shown; hatched: nothing was`; }
}
