"""A Next.js app behind nginx that is deployed again and again from one real build."""

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

from tools.demo.apps import page
from tools.demo.system import EXAMPLES, DeployrSystem

SERVER = EXAMPLES / "nextjs" / "server"
VERSION = "nextjs-example-v1"

# wrk counts errors of sockets itself, but not which answers were the server's fault.
LOAD = """
local threads, n = {}, 0
function setup(thread) table.insert(threads, thread) end
function init() bad, good = 0, 0 end
function request()
  n = n + 1
  return wrk.format(n % POSTS == 0 and "POST" or "GET", "/")
end
function delay() return 20 end -- ms; the servers share their processors with what builds
function response(status) if status >= 500 then bad = bad + 1 else good = good + 1 end end
function done()
  local b, g = 0, 0
  for _, thread in ipairs(threads) do b, g = b + thread:get("bad"), g + thread:get("good") end
  print(string.format("answered %d, broken %d", g, b))
end
"""


class NextSite:
    """One system, one site; `built` is the example app after `next build`."""

    def __init__(self, system: DeployrSystem, built: Path, port: int) -> None:
        self.system = system
        self.url = f"http://127.0.0.1:{port}/"
        self._built = built
        self._port = port
        system.create_project(EXAMPLES / "nextjs")
        system.start_backend()
        system.register_runner()

    def deploy(
        self, version: int, *restarts: dict[str, Any], extra: str = "true"
    ) -> subprocess.CompletedProcess[str]:
        """Push a commit whose page shows another version; each has one file of its own."""
        shown = f"nextjs-example-v{version}"
        commands = [
            f"cp -a {self._built}/.next .",
            f"grep -rl {VERSION} .next/standalone/.next/server | xargs sed -i s/{VERSION}/{shown}/",
            f"echo {version} > .next/static/only-{version}.js",
            extra,
        ]
        manifest = {
            "project": {"name": "nextjs", "framework": "nextjs"},
            "build": {"commands": commands},
            "deploy": {"keep_releases": 1, "restart": restarts},
        }
        (self.system.repo / "deploy.yaml").write_text(json.dumps(manifest))
        self.system.commit(f"Version {version}")
        return self.system.run("deployr", "push", "--create", check=False)

    def configured(self, name: str, changes: dict[str, str]) -> str:
        """Return one of the example's files for the server, made to fit this one."""
        text = (SERVER / name).read_text()
        for old, new in {"/var/www/my-app": str(self.system.path), **changes}.items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    def start_nginx(self, *ports: int) -> None:
        """Start nginx as the example configures it, before servers on these ports."""
        servers = " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in ports)
        changes = {
            "listen 80": f"listen 127.0.0.1:{self._port}",
            "server 127.0.0.1:3000 max_fails=0;": servers,
        }
        site = self.configured("nginx.conf", changes)
        home = self.system.root / "nginx"
        home.mkdir()
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {home}/{kind};\n" for kind in kinds)
        conf = home / "nginx.conf"
        conf.write_text(
            f"user root; daemon off; pid {home}/pid; error_log {home}/error.log; events {{}}\n"
            f"http {{ access_log off; keepalive_requests 1000000;\n{temporary}{site} }}\n"
        )
        argv = ["nginx", "-p", str(home), "-e", f"{home}/error.log", "-c", str(conf)]
        self.system.start(argv, "nginx-process")

    def start_load(self, *, posts: bool) -> "subprocess.Popen[bytes]":
        """Ask for the page on 20 kept connections, for 90 s or until it is interrupted."""
        script = self.system.root / "load.lua"
        script.write_text(LOAD.replace("POSTS", "4" if posts else "1e18"))
        argv = ["wrk", "-t1", "-c20", "-d90s", "--timeout", "60s", "-s", str(script), self.url]
        return self.system.start(argv, "load")

    def end_load(self, load: "subprocess.Popen[bytes]") -> tuple[int, int, str]:
        """Return how many requests were answered and how many broke, and all that wrk says."""
        load.send_signal(signal.SIGINT)
        load.wait(120)
        said = (self.system.root / "load.log").read_text()
        answered, broken = re.findall(r"answered (\d+), broken (\d+)", said)[0]
        return int(answered), int(broken), said

    def has_file(self, version: int) -> bool:
        """Tell whether visitors get the file that came with a version."""
        return page(f"{self.url}_next/static/only-{version}.js") == f"{version}\n"
