"""A client that speaks to a Lambda handler by events as AWS documents them."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

EVENTS = Path(__file__).resolve().parents[1] / "contract/events"
KINDS = ("rest-api", "http-api", "function-url")


def make_event(kind: str, method: str, path: str) -> dict[str, Any]:
    """Return the event of a request; `path` may have a query."""
    event: dict[str, Any] = json.loads((EVENTS / f"{kind}.json").read_text())
    url = urlsplit(path)
    if "httpMethod" in event:
        query = dict(parse_qsl(url.query))
        event |= {"httpMethod": method, "path": url.path, "queryStringParameters": query}
        event["multiValueQueryStringParameters"] = {name: [query[name]] for name in query}
    else:
        event |= {"rawPath": url.path, "rawQueryString": url.query}
        event["requestContext"]["http"] |= {"method": method, "path": url.path}
    return event


def with_lists(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with its headers said twice, where the gateway does so."""
    if "multiValueHeaders" in event:
        event["multiValueHeaders"] = {name: [it] for name, it in event["headers"].items()}
    return event


class Gateway:
    """One kind of gateway; `as_binary`: it is set up to pass every body as base64."""

    def __init__(self, handler: Any, kind: str, *, as_binary: bool) -> None:
        self._handler, self._kind, self._as_binary = handler, kind, as_binary

    def ask(
        self, method: str, path: str, body: Any = None, token: str | None = None
    ) -> tuple[int, Any]:
        """Return status and JSON of the answer."""
        answer = self._handler(self._make(method, path, body, token), object())
        text = answer["body"]
        raw = base64.b64decode(text) if answer["isBase64Encoded"] else text.encode()
        return answer["statusCode"], json.loads(raw)

    def _make(self, method: str, path: str, body: Any, token: str | None) -> dict[str, Any]:
        event = make_event(self._kind, method, path)
        if token:
            event["headers"]["Authorization"] = f"Bearer {token}"
        if body is not None:
            raw = json.dumps(body).encode()
            event["isBase64Encoded"] = self._as_binary
            event["body"] = (base64.b64encode(raw) if self._as_binary else raw).decode()
        return with_lists(event)


class Visitor:
    """A browser before a gateway: it keeps cookies and sends forms."""

    def __init__(self, handler: Any, kind: str) -> None:
        self._handler, self._kind = handler, kind
        self.cookies: dict[str, str] = {}

    def open(self, path: str, form: dict[str, str] | None = None) -> tuple[dict[str, Any], bytes]:
        """GET a page, or POST a form; return the answer as the gateway gets it, and its body."""
        event = make_event(self._kind, "POST" if form else "GET", path)
        if form:
            event["headers"]["Content-Type"] = "application/x-www-form-urlencoded"
            event |= {
                "body": base64.b64encode(urlencode(form).encode()).decode(),
                "isBase64Encoded": True,
            }
        sent = [f"{name}={value}" for name, value in self.cookies.items()]
        if event.get("version") == "2.0":
            event["cookies"] = sent
        elif sent:
            event["headers"]["Cookie"] = "; ".join(sent)
        answer = self._handler(with_lists(event), object())
        if "multiValueHeaders" in answer:
            got = answer["multiValueHeaders"].get("Set-Cookie", [])
        else:
            got = answer["cookies"]
        for each in got:
            self._keep(each)
        text = answer["body"]
        return answer, base64.b64decode(text) if answer["isBase64Encoded"] else text.encode()

    def _keep(self, header: str) -> None:
        name, _, value = header.partition(";")[0].partition("=")
        if value:
            self.cookies[name] = value
        else:
            self.cookies.pop(name, None)
