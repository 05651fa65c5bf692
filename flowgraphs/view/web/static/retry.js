// Loads the page once more where one of its modules did not come: a browser tries none again by
// itself, and a page without its modules stands there for good. A few times, for a server that is gone.

const TRIES = 5, AFTER_MS = 1000;

document.addEventListener("error", (event) => {
  const tried = Number(sessionStorage.getItem("retries") ?? 0);
  if (event.target.tagName !== "SCRIPT" || tried >= TRIES) return;
  sessionStorage.setItem("retries", String(tried + 1));
  setTimeout(() => location.reload(), AFTER_MS);
}, true);
