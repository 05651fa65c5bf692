// A canvas in the pixels of the screen, with axes. Axes are drawn when they change; what moves is
// written into the pixels between them (pixels.js), which costs a fraction of drawing by strokes.

import { Pixels } from "./pixels.js";
import { colors } from "./theme.js";

/** Fits a canvas to its place and clears it; returns its context, scaled to CSS pixels, and size. */
export function fitted(canvas) {
  const found = sized(canvas);
  canvas.axes = null;
  found.context.fillStyle = colors.card;
  found.context.fillRect(0, 0, found.width, found.height);
  return found;
}

function sized(canvas) {
  const ratio = devicePixelRatio || 1;
  // Kept by who watches its size: to ask for it here would lay out the page anew.
  const { width, height } = canvas.room ?? { width: canvas.clientWidth, height: canvas.clientHeight };
  const wide = Math.max(1, Math.round(width * ratio)), tall = Math.max(1, Math.round(height * ratio));
  if (canvas.width !== wide || canvas.height !== tall) { canvas.width = wide; canvas.height = tall; canvas.axes = null; }
  // Opaque, so that nothing has to be blended, and in memory, where pixels are written.
  const context = (canvas.pen ??= canvas.getContext("2d", { alpha: false, willReadFrequently: true }));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height, ratio };
}

/** About so many numbers between two that read well. */
export function ticks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1);
  if (!(rough > 0)) return [];
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((s) => s * decade).find((s) => s >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found.map((v) => Number(v.toPrecision(12)));
}

export class Axes {
  /** x and y: {low, high, label, name}; `label` writes a number. */
  constructor(canvas, x, y, { left = 52, right = 14, top = 8, bottom = 34, grid = true } = {}) {
    Object.assign(this, sized(canvas), { x, y, grid });
    this.box = { left, top, right: this.width - right, bottom: this.height - bottom };
    const place = [this.width, this.height, this.ratio, left, right, top, bottom, grid, colors.dark, x.low, x.high, x.name].join();
    const side = [y.low, y.high, y.name].join();
    const before = canvas.axes;
    if (before?.place === place && (before.side === side || !grid)) {
      this.pixels = before.pixels;
      if (before.side !== side) { before.side = side; this.frame(true); }
      return;
    }
    this.frame(false);
    const { box, ratio } = this;
    const at = { left: Math.ceil((box.left + 1) * ratio), top: Math.ceil((box.top + 1) * ratio), right: Math.floor((box.right - 1) * ratio), bottom: Math.floor((box.bottom - 1) * ratio) };
    this.pixels = new Pixels(this.context, at.left, at.top, Math.max(1, at.right - at.left), Math.max(1, at.bottom - at.top));
    canvas.axes = { place, side, pixels: this.pixels };
  }

  /** Column and row of the pixels between the axes. */
  column(value) { return ((value - this.x.low) / (this.x.high - this.x.low)) * this.pixels.width; }
  row(value) { return (1 - (value - this.y.low) / (this.y.high - this.y.low)) * this.pixels.height; }

  px(value) { return this.box.left + ((value - this.x.low) / (this.x.high - this.x.low)) * (this.box.right - this.box.left); }
  py(value) { return this.box.bottom - ((value - this.y.low) / (this.y.high - this.y.low)) * (this.box.bottom - this.box.top); }

  /** Draws all, or only the numbers at the side. */
  frame(sideOnly) {
    const { context: c, box, grid } = this;
    c.fillStyle = colors.card;
    if (sideOnly) c.fillRect(16, 0, box.left - 16, box.bottom + 5);
    else c.fillRect(0, 0, this.width, this.height);
    if (!sideOnly) { c.fillStyle = colors.plot; c.fillRect(box.left, box.top, box.right - box.left, box.bottom - box.top); }
    c.font = colors.font(11);
    c.lineWidth = 1;
    const write = (axis, value) => (axis.label ? axis.label(value) : String(value));
    c.textAlign = "center"; c.textBaseline = "top";
    for (const value of sideOnly ? [] : ticks(this.x.low, this.x.high, Math.min(6, (box.right - box.left) / 70))) {
      const at = Math.round(this.px(value)) + 0.5;
      if (grid) { c.strokeStyle = colors.grid; c.beginPath(); c.moveTo(at, box.top); c.lineTo(at, box.bottom); c.stroke(); }
      const text = write(this.x, value), half = c.measureText(text).width / 2;
      c.fillStyle = colors.muted; c.fillText(text, Math.min(at, this.width - half - 2), box.bottom + 5);
    }
    c.textAlign = "right"; c.textBaseline = "middle";
    for (const value of ticks(this.y.low, this.y.high, Math.min(6, (box.bottom - box.top) / 34))) {
      const at = Math.round(this.py(value)) + 0.5;
      if (grid) { c.strokeStyle = colors.grid; c.beginPath(); c.moveTo(box.left, at); c.lineTo(box.right, at); c.stroke(); }
      c.fillStyle = colors.muted; c.fillText(write(this.y, value), box.left - 6, Math.max(at, 6));
    }
    if (sideOnly) return;
    c.fillStyle = colors.faint;
    if (this.x.name) { c.textAlign = "center"; c.textBaseline = "bottom"; c.fillText(this.x.name, (box.left + box.right) / 2, this.height - 1); }
    if (this.y.name) {
      c.save(); c.translate(9, (box.top + box.bottom) / 2); c.rotate(-Math.PI / 2);
      c.textAlign = "center"; c.textBaseline = "middle"; c.fillText(this.y.name, 0, 0); c.restore();
    }
    c.strokeStyle = colors.line; c.strokeRect(box.left + 0.5, box.top + 0.5, box.right - box.left - 1, box.bottom - box.top - 1);
  }

  /** Rows of a line through values that are spread over the whole width. */
  rows(values) {
    const { low, high } = this.y, tall = this.pixels.height, scale = tall / (high - low);
    return Float32Array.from(values, (v) => (high - v) * scale);
  }
}

export function nothing(canvas, text) {
  const { context, width, height } = fitted(canvas);
  context.fillStyle = colors.faint; context.font = colors.font(12.5);
  context.textAlign = "center"; context.textBaseline = "middle";
  context.fillText(text, width / 2, height / 2);
}
