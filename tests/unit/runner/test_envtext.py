"""Values of env files come back as they were given: from our reader, and from PHP's."""

import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.envfile import environment_of, values_of
from runner.envtext import lines_of, with_value, without

HARD = [
    "plain", "two words", " led by a space", "a#b", "a # b", "it's", 'say "hi"', "'", '"', "\\",
    "end\\", "a\\nb", "two\nlines", "cr\r\nlf", "$HOME", "${HOME}", "it's ${A} \\${B}", "a=b==",
    'x="y', "='", "`id`", "$(id)", "tab\there", "ü €", "{\"a\": \"b's\"}", "\n", "!", "%s",
    "-----BEGIN KEY-----\nabc+/=\n-----END KEY-----\n", "\\\\\"'${X}\n",
]  # fmt: skip

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
SIGNS = st.text("ab \t\n\r'\"\\$#={}x", min_size=1, max_size=12)


@settings(max_examples=60)
@given(value=TEXT | SIGNS, others=st.lists(SIGNS, max_size=3))
def test_every_value_comes_back_and_leaves_the_others_alone(value, others):
    text = ""
    for number, other in enumerate(others):
        text = with_value(text, f"OTHER_{number}", other)
    text = with_value(with_value(text, "A", "old"), "A", value)

    assert value == environment_of(text)["A"] == values_of(text)["A"]
    assert others == [environment_of(text)[f"OTHER_{each}"] for each in range(len(others))]
    assert "A" not in environment_of(without(text, "A"))


@settings(max_examples=60)
@given(text=SIGNS | TEXT)
def test_lines_together_are_the_whole_text(text):
    assert text.removeprefix("\ufeff") == "".join(line.text for line in lines_of(text))


def test_php_reads_what_we_write(tmp_path):
    """Laravel's own reader, which refuses the whole file for one bad line."""
    text = ""
    for number, value in enumerate(HARD):
        text = with_value(text, f"V{number}", value)
    (tmp_path / ".env").write_text(text, newline="")
    code = (
        'require "Dotenv/autoload.php"; $file = file_get_contents($argv[1]);'
        "echo json_encode(array_values(Dotenv\\Dotenv::parse($file)));"
    )

    said = subprocess.run(
        ["php", "-r", code, str(tmp_path / ".env")], capture_output=True, check=True, text=True
    )

    assert HARD == json.loads(said.stdout)


VARIABLES = {
    "earlier line": ("A=b\nC=${A}-x", "b-x"),
    "double quotes": ('A="b c"\nC="${A} d"', "b c d"),
    "single quotes": ("A=b\nC='${A}'", "${A}"),
    "escaped": ('A=b\nC="\\${A}"', "${A}"),
    "later line": ("C=${A}\nA=b", "${A}"),
    "not of this file": ("C=${HOME}", "${HOME}"),
    "chain": ("A=b\nB=${A}c\nC=${B}d", "bcd"),
}


@pytest.mark.parametrize(("text", "expected"), VARIABLES.values(), ids=VARIABLES)
def test_variables_are_put_in_as_laravel_does(text, expected):
    """Its template has MAIL_FROM_NAME="${APP_NAME}": the environment would win over its .env."""
    assert expected == environment_of(text)["C"]


def test_names_of_the_runner_are_not_for_env_files():
    assert {"A": "1"} == environment_of("DEPLOYR_MARK=x\nDEPLOYR_PATH=/x\nA=1")
