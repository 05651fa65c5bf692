"""Who may look, and who may change: tokens that the command prints, and cookies in their place."""

from __future__ import annotations

import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import Literal

Right = Literal["look", "change"]

MOST_COOKIES = 256
"""Cookies that are remembered; the oldest are forgotten first."""


class Rights:
    """The tokens and cookies of one server.

    A token stands in the fragment of an address, which browsers send nowhere; the page exchanges
    it for a cookie that no script can read and no other site makes the browser send.

    Args:
        change: whether there is a token that allows to change anything at all.
    """

    def __init__(self, change: bool) -> None:
        self.tokens: dict[Right, str] = {"look": secrets.token_urlsafe(24)}
        if change:
            self.tokens["change"] = secrets.token_urlsafe(24)
        self._cookies: dict[str, Right] = {}

    def enter(self, token: str) -> str | None:
        """Return a cookie for a token; None if it is none of this server's."""
        for right, known in self.tokens.items():
            if hmac.compare_digest(known.encode(), token.encode()):
                cookie = secrets.token_urlsafe(24)
                self._cookies[cookie] = right
                while len(self._cookies) > MOST_COOKIES:
                    del self._cookies[next(iter(self._cookies))]
                return cookie
        return None

    def right(self, cookies: str, name: str) -> Right | None:
        """Return what a request may do by its cookies; None if nothing."""
        try:
            found = SimpleCookie(cookies).get(name)
        except CookieError:
            return None
        return self._cookies.get(found.value) if found is not None else None
