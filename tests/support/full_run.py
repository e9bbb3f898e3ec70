"""Everything that Deployr does with secrets, once: the real backend, CLI and runner."""

import json
import secrets
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import requests

from tests.support.github import Account, FakeGithub
from tests.support.recorder import Recorder
from tools.demo.system import DeployrSystem

EVE = Account(
    id=77,
    login="eve",
    name="Eve",
    emails=[{"email": "eve@example.com", "primary": True, "verified": True}],
)
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n"
PRINT = """
build:
  commands:
    - cat secrets.txt id_ed25519
    - base64 -w0 secrets.txt; echo; base64 secrets.txt
    - od -An -v -tx1 secrets.txt | tr -d ' \\n'; echo
    - echo "$API_KEY $DB_PASSWORD $SSH_KEY"
"""


class FullRun:
    """`secrets` are all values that must stay where they are, by name."""

    def __init__(self, root: Path, database_url: str) -> None:
        self.secrets: dict[str, str] = {}
        self._github = FakeGithub(visitor=EVE)
        self._root = root
        self._database_url = database_url

    def __enter__(self) -> Self:
        self._github.__enter__()
        settings = self._github.settings() | {
            "DEPLOYR_ALLOW_LOGINS": EVE.login,
            "DEPLOYR_SECRET_KEY": self._new("secret key"),
            "DEPLOYR_TICK_TOKEN": self._new("tick token"),
        }
        self._keep("GitHub's client secret", settings["DEPLOYR_GITHUB_CLIENT_SECRET"])
        self.system = DeployrSystem(self._root, database_url=self._database_url, settings=settings)
        self._prepare_app()
        self.system.start_backend()
        self._keep("operator's token", self.system.token)
        self.recorder = Recorder(self.system.url)
        self.recorder.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self.system.__exit__(*details)
        self.recorder.__exit__(*details)
        self._github.__exit__(*details)

    def play(self) -> None:
        """Do it all."""
        self._sign_in_with_a_token()
        self._sign_in_with_a_browser()
        self._use_tokens()
        self._deploy()
        self._work_together()
        for number, token in enumerate(self._github.accounts):
            self._keep(f"GitHub token {number}", token)

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """Send a request that must succeed, and return its answer."""
        headers = {"Authorization": f"Bearer {token or self.system.token}"}
        url = self.system.url + path
        answer = requests.request(method, url, json=body, headers=headers, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def cli(self, *argv: str) -> Any:
        """Run `deployr --json …` in the checkout and return what it says."""
        return json.loads(self.system.run("deployr", "--json", *argv).stdout)

    def _keep(self, name: str, value: str) -> str:
        assert len(value) >= 8
        self.secrets[name] = value
        return value

    def _new(self, name: str) -> str:
        return self._keep(name, secrets.token_urlsafe(30))

    def _prepare_app(self) -> None:
        source = self._root / "static"
        source.mkdir()
        (source / "index.html").write_text("<p>hello</p>")
        password, key = self._new("database password"), self._new("api key")
        ssh, given = KEY.format(self._new("SSH key")), KEY.format(self._new("SSH key of the app"))
        text = f'API_KEY={key}\nDB_PASSWORD={password}\nSSH_KEY="{given}"\n'
        (source / "secrets.txt").write_text(f"{key}\n{password}\n{given}")
        (source / "id_ed25519").write_text(ssh)
        (source / "deploy.yaml").write_text(f"project: {{name: static, framework: static}}{PRINT}")
        self.system.create_project(source)
        self.system.write_env_file("static", text)

    def _sign_in_with_a_token(self) -> None:
        proof = self._new("GitHub token")
        self._github.sign_up(proof, EVE)
        body = {"access_token": proof}
        signed_in = requests.post(f"{self.system.url}/api/auth/github", json=body, timeout=30)
        self._eve = self._keep("Eve's token", signed_in.json()["token"])

    def _sign_in_with_a_browser(self) -> None:
        with requests.Session() as browser:
            answer = browser.get(f"{self.system.url}/auth/github", timeout=30)
            assert answer.ok, answer.text
            way_back = parse_qs(urlsplit(answer.history[-1].url).query)
            ticket = answer.history[0].cookies["deployr_sign_in"]
            self._keep("ticket", ticket)
            self._keep("code", way_back["code"][0])
            self._keep("state", way_back["state"][0])
            self._keep("session", browser.cookies["deployr_session"])
            assert "Eve" in browser.get(f"{self.system.url}/account", timeout=30).text

    def _use_tokens(self) -> None:
        for name in ("laptop", "ci"):
            made = self.cli("tokens", "create", name, "--scope", "read")
            self._keep(f"{name} token", made["token"])
        self.cli("tokens", "revoke", "ci", "--yes")

    def _deploy(self) -> None:
        added = self.cli("runners", "add", "--path", str(self.system.path))
        code = next(word for word in added["command"].split() if "dpc_" in word)
        self._keep("registration code", code[code.index("dpc_") :].strip("'\""))
        command = added["command"].replace(self.system.url, self.recorder.url)
        self.system.run("/bin/sh", "-euc", command, cwd=self._root)
        token = self._root / "server/config/token"
        self._keep("runner's first token", token.read_text().strip())
        self.system.start(["deployr-runner", "run"], "runner")
        self.pushed = self.cli("push", "--create")
        self.system.run("deployr-runner", "rotate", cwd=self._root)
        self._keep("runner's second token", token.read_text().strip())
        self.pushed_again = self.cli("push")

    def _work_together(self) -> None:
        self.cli("members", "invite", EVE.login, "--role", "deployer")
        (invitation,) = self.ask("GET", "/api/invitations", token=self._eve)["invitations"]
        self.ask("POST", f"/api/invitations/{invitation['id']}/accept", {}, token=self._eve)
        assert self.cli("audit")
