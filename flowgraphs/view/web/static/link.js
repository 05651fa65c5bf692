// The connection to the server: enters with the token of the address, then speaks over a websocket.

const TYPES = { uint8: Uint8Array, float32: Float32Array, float64: Float64Array, int64: BigInt64Array };

/** Exchanges the token in the address, if there is one, for a cookie. */
export async function enter() {
  const token = location.hash.slice(1);
  if (!token) return true;
  history.replaceState(null, "", location.pathname);
  const answer = await fetch("/enter", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
  return answer.ok;
}

/** Reads a message: its header, each panel with its arrays, which are views of it. */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const base = 4 + length;
  const arrays = header.arrays.map(([type, at, size]) => new TYPES[type](buffer, base + at, size));
  for (const panel of header.panels) {
    panel.arrays = arrays.slice(panel.first_array, panel.first_array + panel.n);
  }
  return header;
}

export class Link {
  constructor(onMessage, onState) {
    this.onMessage = onMessage;
    this.onState = onState;
    this.asked = new Map();
    this.number = 0;
    this.wasOpen = false;
    this.connect();
  }

  connect() {
    this.socket = new WebSocket(`ws://${location.host}/look`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => { this.wasOpen = true; this.onState("open"); };
    this.socket.onclose = () => {
      for (const { reject } of this.asked.values()) reject(new Error("the connection is closed"));
      this.asked.clear();
      this.onState(this.wasOpen ? "lost" : "refused");
      if (this.wasOpen) setTimeout(() => this.connect(), 1000);
    };
    this.socket.onmessage = (event) => {
      if (typeof event.data !== "string") return this.onMessage(unpack(event.data));
      const answer = JSON.parse(event.data);
      const waiting = this.asked.get(answer.ask);
      this.asked.delete(answer.ask);
      if (waiting) answer.error ? waiting.reject(new Error(answer.error)) : waiting.resolve(answer.done);
    };
  }

  say(word) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(word));
  }

  /** Asks for something to be done; resolves when it is, rejects with the reason if not. */
  ask(word) {
    const ask = ++this.number;
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) return reject(new Error("not connected"));
      this.asked.set(ask, { resolve, reject });
      this.say({ ...word, ask });
    });
  }
}
