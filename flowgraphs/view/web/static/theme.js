// Dark and light: colours for canvases come from the style sheet, so that there is one place for them.

const NAMES = ["text", "muted", "faint", "line", "grid", "plot", "card", "soft", "accent", "good", "warn", "bad",
  "series-1", "series-2", "series-3", "series-4"];

export const colors = {};

function read() {
  const style = getComputedStyle(document.documentElement);
  for (const name of NAMES) colors[name] = style.getPropertyValue(`--${name}`).trim();
  colors.dark = document.documentElement.dataset.theme === "dark";
  colors.font = (size, weight = 400) => `${weight} ${size}px Inter, "Segoe UI", system-ui, "Liberation Sans", "DejaVu Sans", sans-serif`;
  ramp = makeRamp(colors.dark ? DARK : LIGHT);
}

// From nothing to much, growing in lightness (dark) or darkness (light) all the way.
const DARK = [[17, 22, 31], [38, 40, 104], [98, 52, 148], [190, 66, 122], [246, 134, 76], [252, 226, 150]];
const LIGHT = [[251, 252, 254], [190, 210, 248], [104, 146, 232], [78, 84, 190], [110, 40, 130], [60, 14, 60]];

/** 256 colours, as 32-bit words of a canvas. */
export let ramp = new Uint32Array(256);

function makeRamp(stops) {
  const found = new Uint32Array(256);
  for (let k = 0; k < 256; k++) {
    const at = (k / 255) * (stops.length - 1);
    const i = Math.min(Math.floor(at), stops.length - 2);
    const [r, g, b] = [0, 1, 2].map((c) => Math.round(stops[i][c] + (at - i) * (stops[i + 1][c] - stops[i][c])));
    found[k] = 0xff000000 | (b << 16) | (g << 8) | r;
  }
  return found;
}

export function setTheme(name) {
  document.documentElement.dataset.theme = name;
  localStorage.setItem("semradio.theme", name);
  read();
}

export function toggleTheme() {
  setTheme(colors.dark ? "light" : "dark");
}

setTheme(localStorage.getItem("semradio.theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
