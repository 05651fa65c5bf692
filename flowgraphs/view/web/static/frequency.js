// The axis of frequencies: cycles per sample, or hertz where the rate is known.

import { scale } from "./text.js";

export function frequencyAxis(data, bins, options) {
  const rate = options.sample_rate;
  const low = data.first, high = data.first + data.step * (bins - 1);
  if (!rate) return { low, high, name: "cycles per sample", label: (v) => String(Number(v.toFixed(3))) };
  const center = options.center || 0;
  const ends = [low * rate + center, high * rate + center];
  return { low: ends[0], high: ends[1], name: "frequency", label: scale(...ends, "Hz") };
}
