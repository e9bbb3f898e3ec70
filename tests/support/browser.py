"""A browser: it keeps cookies, goes to GitHub and back, and sends the forms of pages."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
from flask import Flask
from werkzeug.test import Client, TestResponse

from tests.support.github import Account

ADA = Account(
    id=7,
    login="ada-l",
    name="Ada L.",
    emails=[{"email": "ada@example.com", "primary": True, "verified": True}],
)
BOB = Account(
    id=8,
    login="bob",
    name="Bob",
    emails=[{"email": "bob@example.com", "primary": True, "verified": True}],
)


@dataclass
class Browser:
    """One user's browser at one address of the backend."""

    app: Flask
    url: str = "http://localhost"
    agent: str = "Firefox"

    def __post_init__(self) -> None:
        """Start with no cookies."""
        self.client: Client = self.app.test_client()

    def get(self, path: str, **query: object) -> TestResponse:
        """GET a page; redirects are not followed."""
        return self.client.get(
            path, query_string=query or None, base_url=self.url, headers={"User-Agent": self.agent}
        )

    def post(self, path: str, headers: dict[str, str] | None = None, **form: str) -> TestResponse:
        """POST a form as our own pages do, or with other headers."""
        return self.client.post(
            path, data=form, base_url=self.url, headers=headers or {"Origin": self.url}
        )

    def press(self, action: str, page: str = "/account") -> TestResponse:
        """Press the button of a page that leads to `action`."""
        return self.post(action, csrf=self.csrf(page))

    def csrf(self, page: str = "/account") -> str:
        """Return the token of a page's forms."""
        return str(re.findall(r'name="csrf"\s+value="(\w+)"', self.get(page).text)[0])

    def visit_github(self, **query: object) -> dict[str, str]:
        """Set out, agree (or not) at GitHub, and return the query of the way back."""
        url = self.get("/auth/github", **query).headers["Location"]
        while "/login/oauth/authorize" in url:
            answer = requests.get(url, allow_redirects=False, timeout=60)
            assert answer.status_code in {302, 303}, answer.text
            url = urljoin(url, answer.headers["Location"])
        assert urlsplit(url)[:3] == (*urlsplit(self.url)[:2], "/auth/github/callback")
        return dict(parse_qsl(urlsplit(url).query))

    def arrive(self, query: dict[str, str]) -> TestResponse:
        """Come back from GitHub."""
        return self.get("/auth/github/callback", **query)

    def sign_in(self, **query: object) -> TestResponse:
        """Sign in as whoever GitHub takes for the visitor; return the last answer."""
        answer = self.arrive(self.visit_github(**query))
        assert answer.status_code == 302, answer.text
        return answer

    def cookie(self, name: str = "deployr_session") -> str:
        """Return a cookie's value; an empty text without one."""
        host = urlsplit(self.url).hostname or ""
        found = self.client.get_cookie(name, domain=host)
        return found.value if found else ""

    def plant(self, value: str, name: str = "deployr_session") -> None:
        """Put a cookie into the browser."""
        self.client.set_cookie(name, value, domain=urlsplit(self.url).hostname or "")

    @property
    def is_signed_in(self) -> bool:
        """Tell whether the backend knows the browser's user."""
        return self.get("/account").status_code == 200
