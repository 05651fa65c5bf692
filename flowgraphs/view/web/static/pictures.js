// Pictures side by side, and what classifiers take them for. A row is a port, a column an item; only
// what was seen of the same item stands in one column.

import { fitted } from "./axes.js";
import { colors } from "./theme.js";

const MOST = 4;

export class Pictures {
  constructor(options) { this.of = options.of; this.seen = new Map(); }

  take(data) {
    this.aligned = data.aligned;
    let next = 0;
    for (const part of data.parts) {
      const row = this.seen.get(part.port) ?? {};
      row.at = part.index;
      if (part.shape) {
        const [count, rows, columns] = part.shape, bytes = data.arrays[next++];
        // One under the other, in one picture that is used again.
        if (row.sheet?.width !== columns || row.sheet?.height !== count * rows) row.sheet = new OffscreenCanvas(columns, count * rows);
        write(row.sheet, bytes);
        Object.assign(row, { count, rows, columns });
      } else row.classes = part.classes;
      this.seen.set(part.port, row);
    }
  }

  draw(canvas) {
    const { context: c, width, height } = fitted(canvas);
    const rows = this.of.filter((port) => this.seen.has(port));
    if (!rows.length) return;
    const heights = rows.map((port) => (this.seen.get(port).classes ? 0.45 : 1));
    const label = 86, gap = 8;
    const side = Math.min((width - label - 16) / MOST - gap, (height - 12) / heights.reduce((a, b) => a + b, 0) - gap);
    let y = 6;
    rows.forEach((port, r) => {
      const row = this.seen.get(port), tall = side * heights[r];
      c.fillStyle = colors.muted; c.font = colors.font(11.5, 550); c.textAlign = "left"; c.textBaseline = "middle";
      const [block, name] = [port.slice(0, port.lastIndexOf(".")), port.slice(port.lastIndexOf(".") + 1)];
      c.fillText(block.length > 13 ? block.slice(0, 12) + "…" : block, 14, y + tall / 2 - 7);
      c.fillStyle = colors.faint; c.font = colors.font(11); c.fillText(name, 14, y + tall / 2 + 8);
      for (let k = 0; k < MOST; k++) {
        const x = label + k * (side + gap);
        if (k < row.count) {
          c.imageSmoothingEnabled = side < row.columns;
          const scale = side / Math.max(row.columns, row.rows);
          c.drawImage(row.sheet, 0, k * row.rows, row.columns, row.rows, x, y, row.columns * scale, row.rows * scale);
          c.strokeStyle = colors.line; c.strokeRect(x + 0.5, y + 0.5, side - 1, tall - 1);
        } else if (row.classes && row.classes[k] !== undefined) {
          c.fillStyle = colors.soft; c.fillRect(x, y, side, tall);
          c.fillStyle = colors.text; c.font = colors.font(Math.min(tall * 0.62, 26), 650); c.textAlign = "center";
          c.fillText(String(row.classes[k]), x + side / 2, y + tall / 2 + 1);
        }
      }
      y += tall + gap;
    });
  }

  note() {
    if (this.of.length < 2) return "";
    return this.aligned ? "each column is one item" : "newest seen at each port: no item was seen at all of them";
  }
}

function write(sheet, bytes) {
  const pen = sheet.getContext("2d", { willReadFrequently: true }), data = pen.createImageData(sheet.width, sheet.height), words = new Uint32Array(data.data.buffer);
  for (let k = 0, from = 0; k < words.length; k++, from += 3) words[k] = 0xff000000 | (bytes[from + 2] << 16) | (bytes[from + 1] << 8) | bytes[from];
  pen.putImageData(data, 0, 0);
}
