// The pixels of a part of a canvas, written directly: a few bytes each, where a stroke of a thousand
// corners takes milliseconds without a graphics card. Ends of what is drawn are shaded, as strokes
// are. Rows count down from the top.

/** A colour such as #2f5bd0 as red, green and blue. */
const parts = new Map();
export function rgb(text) {
  if (!parts.has(text)) {
    const n = parseInt(text.slice(1), 16);
    parts.set(text, [(n >> 16) & 255, (n >> 8) & 255, n & 255]);
  }
  return parts.get(text);
}

export class Pixels {
  /** What is there now becomes the background. */
  constructor(context, left, top, width, height) {
    Object.assign(this, { context, left, top, width, height });
    this.image = context.getImageData(left, top, width, height);
    this.words = new Uint32Array(this.image.data.buffer);
    this.background = this.words.slice();
    this.tinted = new Map();
  }

  clear() { this.words.set(this.background); }
  show() { this.context.putImageData(this.image, this.left, this.top); }

  /** Mixes a colour into one pixel. */
  mix(at, [r, g, b], share) {
    const word = this.words[at], s = (share * 256) | 0, t = 256 - s;
    this.words[at] = 0xff000000 | (((((word >> 16) & 255) * t + b * s) >> 8) << 16) | (((((word >> 8) & 255) * t + g * s) >> 8) << 8) | (((word & 255) * t + r * s) >> 8);
  }

  /** The background with a share of a colour in it. */
  tint(color, share) {
    const key = `${color} ${share}`;
    if (!this.tinted.has(key)) {
      const kept = this.words, found = this.background.slice();
      this.words = found;
      for (let k = 0; k < found.length; k++) this.mix(k, color, share);
      this.words = kept;
      this.tinted.set(key, found);
    }
    return this.tinted.get(key);
  }

  /** Fills one column from a row to another, which need not be whole numbers. */
  span(column, top, bottom, color, share = 1) {
    const { width, height } = this;
    if (!(bottom > 0 && top < height) || column < 0 || column >= width) return;
    const from = Math.max(top, 0), to = Math.min(bottom, height), first = from | 0, last = Math.ceil(to) - 1;
    if (first >= last) return this.mix(first * width + column, color, share * Math.min(1, to - from));
    this.mix(first * width + column, color, share * (first + 1 - from));
    for (let k = first + 1; k < last; k++) this.mix(k * width + column, color, share);
    this.mix(last * width + column, color, share * (to - last));
  }

  /** Draws a line through rows, spread over the whole width, as thick as given. */
  line(rows, color, thick, share = 1) { this.band(rows, rows, color, thick, share); }

  /** Draws what lies between two lines, whose own thickness it has at least. */
  band(highs, lows, color, thick, share = 1) {
    const { width } = this, n = highs.length, tops = new Float32Array(width), bottoms = new Float32Array(width);
    for (let c = 0; c < width; c++) {
      if (n > width) {
        let top = Infinity, bottom = -Infinity;
        for (let k = ((c * n) / width) | 0, end = Math.max(k + 1, (((c + 1) * n) / width) | 0); k < end; k++) {
          if (highs[k] < top) top = highs[k];
          if (lows[k] > bottom) bottom = lows[k];
        }
        tops[c] = top; bottoms[c] = bottom;
      } else {
        const at = n > 1 ? (c / Math.max(1, width - 1)) * (n - 1) : 0, k = Math.min(at | 0, Math.max(0, n - 2)), part = at - k, next = Math.min(k + 1, n - 1);
        tops[c] = highs[k] + part * (highs[next] - highs[k]); bottoms[c] = lows[k] + part * (lows[next] - lows[k]);
      }
    }
    // Neighbours meet half way.
    for (let c = 1; c < width; c++) {
      if (bottoms[c - 1] < tops[c]) bottoms[c - 1] = tops[c] = (bottoms[c - 1] + tops[c]) / 2;
      else if (tops[c - 1] > bottoms[c]) tops[c - 1] = bottoms[c] = (tops[c - 1] + bottoms[c]) / 2;
    }
    for (let c = 0; c < width; c++) this.span(c, tops[c] - thick / 2, bottoms[c] + thick / 2, color, share);
  }

  /** Tints what lies under a line. */
  under(rows, color, share) {
    const { width, height, words } = this, n = rows.length, tint = this.tint(color, share);
    for (let c = 0; c < width; c++) {
      const first = Math.max(0, Math.ceil(rows[Math.min(n - 1, ((c * n) / width) | 0)]));
      for (let at = first * width + c, end = width * height; at < end; at += width) words[at] = tint[at];
    }
  }

  /** Draws bars of equal width side by side, from the bottom. */
  bars(rows, color, gap) {
    const { width, height } = this, each = width / rows.length;
    for (let k = 0; k < rows.length; k++) {
      const from = Math.round(k * each), to = Math.max(from + 1, Math.round((k + 1) * each) - gap);
      for (let c = from; c < to; c++) this.span(c, rows[k], height, color);
    }
  }

  /** Draws a point of some size. */
  dot(column, row, size, color, share) {
    const { width } = this, left = column - size / 2, right = column + size / 2;
    for (let c = Math.floor(left), end = Math.ceil(right); c < end; c++) {
      if (c < 0 || c >= width) continue;
      this.span(c, row - size / 2, row + size / 2, color, share * (Math.min(c + 1, right) - Math.max(c, left)));
    }
  }
}
