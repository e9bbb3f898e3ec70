"""A client that speaks to a Lambda handler by events as AWS documents them."""

import base64
import copy
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

EVENTS = Path(__file__).resolve().parents[1] / "contract/events"
KINDS = ("rest-api", "http-api", "function-url")


class Gateway:
    """One kind of gateway; `as_binary`: it is set up to pass every body as base64."""

    def __init__(self, handler: Any, kind: str, *, as_binary: bool) -> None:
        self._handler, self._as_binary = handler, as_binary
        self._event = json.loads((EVENTS / f"{kind}.json").read_text())

    def ask(
        self, method: str, path: str, body: Any = None, token: str | None = None
    ) -> tuple[int, Any]:
        """Return status and JSON of the answer."""
        answer = self._handler(self._make(method, path, body, token), object())
        text = answer["body"]
        raw = base64.b64decode(text) if answer["isBase64Encoded"] else text.encode()
        return answer["statusCode"], json.loads(raw)

    def _make(self, method: str, path: str, body: Any, token: str | None) -> dict[str, Any]:
        event: dict[str, Any] = copy.deepcopy(self._event)
        url = urlsplit(path)
        if "httpMethod" in event:
            query = dict(parse_qsl(url.query))
            event |= {"httpMethod": method, "path": url.path, "queryStringParameters": query}
            event["multiValueQueryStringParameters"] = {name: [query[name]] for name in query}
        else:
            event |= {"rawPath": url.path, "rawQueryString": url.query}
            event["requestContext"]["http"] |= {"method": method, "path": url.path}
        if token:
            event["headers"]["Authorization"] = f"Bearer {token}"
        if body is not None:
            raw = json.dumps(body).encode()
            event["isBase64Encoded"] = self._as_binary
            event["body"] = (base64.b64encode(raw) if self._as_binary else raw).decode()
        if "multiValueHeaders" in event:
            event["multiValueHeaders"] = {name: [it] for name, it in event["headers"].items()}
        return event
