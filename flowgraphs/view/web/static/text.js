// Numbers and elements as people read them.

const PREFIXES = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"]];

/** A number with three digits and a prefix: 1.53 k. */
export function short(value, unit = "") {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size === 0) return unit ? `0 ${unit}` : "0";
  const [factor, prefix] = PREFIXES.find(([limit]) => size >= limit) ?? [1e-6, "µ"];
  const scaled = value / factor;
  const digits = Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2;
  const tail = `${prefix}${unit}`;
  return `${Number(scaled.toFixed(digits))}${tail ? " " + tail : ""}`;
}

/** What writes the numbers of an axis: all with one prefix, and digits enough to tell them apart. */
export function scale(low, high, unit = "") {
  const size = Math.max(Math.abs(low), Math.abs(high));
  // Without a unit, 0.5 reads better than 500 m.
  const [factor, prefix] = (unit || size >= 1 || size < 1e-3) && PREFIXES.find(([limit]) => size >= limit) || [1, ""];
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10((high - low) / 20 / factor))));
  const tail = `${prefix}${unit}`;
  return (value) => (value || unit ? `${Number((value / factor).toFixed(digits))}${tail ? ` ${tail}` : ""}` : "0");
}

/** A number of items with its digits grouped. */
export const whole = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, " ");

/** A value of a parameter or a tag. */
export function plain(value) {
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const s = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** Writes a text where another one stands. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes an element; text is always text. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element[name] = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function drawn(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
