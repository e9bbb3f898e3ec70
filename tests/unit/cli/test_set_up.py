"""A wheel without its extra says how to get it, without naming a package that others could own."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("package", "name", "missing"),
    [("cli", "deployr", "requests"), ("runner", "deployr-runner", "tomli_w")],
)
def test_missing_package_is_got_from_a_checkout(package, name, missing):
    code = f"import sys; sys.modules[{missing!r}] = None; import {package}; {package}.script()"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )

    assert 1 == done.returncode
    assert done.stderr == (
        f"{name} is not set up in this environment ({missing} is missing); "
        f"in a checkout of Deployr: pip install '.[{package}]'\n"
    )
