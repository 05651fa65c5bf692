"""The page in the browser: its server, and what is drawn on it."""
