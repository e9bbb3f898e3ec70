"""deploy.yaml as users write it, right and wrong."""

from pathlib import Path

import pytest

from deployr.manifest import SECTIONS, Manifest, ManifestError, json_schema

KERNEL = Path(__file__).resolve().parents[3] / "deployr"


def problems(text: str) -> list[str]:
    """Return the error's lines; fail when there are none."""
    with pytest.raises(ManifestError) as caught:
        Manifest.parse(text)
    return str(caught.value).splitlines()


def test_annotated_sample_is_valid_and_shows_every_key():
    text = (KERNEL / "deploy.example.yaml").read_text()

    sample = Manifest.parse(text)

    assert "/var/www/my-app" == sample.deploy.path
    keys = {key for section in (Manifest, *SECTIONS) for key in section.model_fields}
    assert [] == [key for key in keys if f"{key}:" not in text]


def test_published_schema_is_that_of_the_code():
    """After a change: python -c 'from deployr.manifest import *; print(json_schema(), end="")'."""
    assert (KERNEL / "deploy.schema.json").read_text() == json_schema()


@pytest.mark.parametrize("text", ["", "# nothing\n", "project:\nbuild:\ndeploy:\n"])
def test_everything_is_optional(text):
    manifest = Manifest.parse(text)

    assert Manifest() == manifest
    assert (5, 1800) == (manifest.deploy.keep_releases, manifest.deploy.timeout)


def test_every_problem_is_told_at_once_in_the_order_of_the_file():
    text = (
        "project:\n  nme: x\n  framework: rails\n"
        "build:\n  env: {A: 1}\n  commands: make\n"
        "deploy: {timeout: 1.5, path: ../x}\n"
    )

    assert [
        "deploy.yaml:2:3 project.nme: is not a known key; did you mean name?",
        "deploy.yaml:3:3 project.framework: input should be 'laravel', 'nextjs' or 'static'",
        'deploy.yaml:5:9 build.env.A: must be text: write it in quotes, as "1"',
        "deploy.yaml:6:3 build.commands: must be a list",
        'deploy.yaml:7:19 deploy.timeout: 1.5 loses digits as a number: write "1.5"',
        "deploy.yaml:7:24 deploy.path: must be an absolute path below /",
    ] == problems(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: &x 1\nb: *x\n", "deploy.yaml:1:4 anchors and aliases (& and *) are not supported"),
        ("x: [1, 2", "deploy.yaml:1:9 expected ',' or ']', but got '<stream end>'"),
        ("- a\n", "deploy.yaml:1:1 must hold keys and values, as in the sample deploy.yaml"),
        ("[]\n", "deploy.yaml:1:1 must hold keys and values, as in the sample deploy.yaml"),
        ("project:\n  name: a\n  name: b\n",
         "deploy.yaml:3:3 project.name: stands twice; keep one of them"),
        ("project:\n  name: 1.10\n",
         'deploy.yaml:2:9 project.name: 1.10 loses digits as a number: write "1.10"'),
        ("build:\n  env:\n    DEBUG: yes\n",
         'deploy.yaml:3:12 build.env.DEBUG: is yes text or a boolean? Write "yes", true or false'),
        ("environments:\n  staging: {}\n",
         "deploy.yaml:1:1 environments: is reserved for a later version; remove it"),
        ("deploy:\n  timeout: soon\n",
         "deploy.yaml:2:3 deploy.timeout: must be a number of seconds, or like 90s, 30m, 1h"),
        ("repo:\n  url: https://me:pw@host/x\n",
         "deploy.yaml:2:3 repo.url: must not hold a user name or password; give the runner its own git credentials"),
        ("deploy:\n  shared: {files: [.env, ecosystem.config.js]}\n",
         "deploy.yaml:2:12 deploy.shared.files: ecosystem.config.js can't be shared: it tells pm2 what to run, so the owner writes it on the server"),
        ("deploy:\n  shared: {files: [../.env]}\n",
         "deploy.yaml:2:20 deploy.shared.files.0: must not contain . or .. parts"),
        ("build:\n  env: {DEPLOYR_COMMIT: x}\n",
         "deploy.yaml:2:3 build.env: 'DEPLOYR_COMMIT' can't be set: use A-Z, 0-9 and _, not DEPLOYR_…"),
        ("? [a]\n: 1\n", "deploy.yaml:1:3 keys must be plain words"),
        ("a: 1\n---\nb: 2\n", "deploy.yaml:2:1 but found another document"),
        ("deploy: {keep_releases: !!int abc}\n", "deploy.yaml:1:25 tags (!) are not supported"),
        ("deploy:\n  keep_releases: " + "9" * 5000 + "\n",
         "deploy.yaml:2:18 deploy.keep_releases: has more than 18 digits"),
        ('build:\n  commands: ["a\\0b"]\n',
         "deploy.yaml:2:14 build.commands.0: holds a NUL character"),
        ("a: !!python/name:os.system\n",
         "deploy.yaml:1:4 tags (!) are not supported"),
    ],
)  # fmt: skip
def test_problem_names_its_place(text, line):
    assert line in problems(text)


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "True"])
def test_words_that_look_like_booleans_must_be_quoted(word):
    text = "build:\n  env: {FLAG: %s}\n"

    assert "text or a boolean" in problems(text % word)[0]
    assert word == Manifest.parse(text % f'"{word}"').build.env["FLAG"]


@pytest.mark.parametrize(
    ("written", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("1h", 3600)]
)
def test_durations(written, seconds):
    assert seconds == Manifest.parse(f"deploy:\n  timeout: {written}\n").deploy.timeout


@pytest.mark.parametrize("written", ["0", "-5", "25h", "true", "[1]"])
def test_impossible_durations_are_refused(written):
    assert problems(f"deploy:\n  timeout: {written}\n")


def test_leading_zeros_stay_text():
    assert "007" == Manifest.parse("project:\n  name: 007\n").project.name


@pytest.mark.parametrize(
    "text", ["a: " + "[" * 100, "[" * 40 + "]" * 40, "{a: " * 40 + "1" + "}" * 40]
)
def test_deep_nesting_is_refused_without_recursion(text):
    assert ["is nested deeper than 32 levels"] == [line.split(" ", 1)[1] for line in problems(text)]


def test_huge_file_is_refused():
    assert ["deploy.yaml:1:1 is larger than 256 KiB"] == problems("#" * 300_000)


@pytest.mark.parametrize("text", ["\x00", "a: \x07b", "\t- x"])
def test_text_that_is_no_yaml_is_one_problem(text):
    assert 1 == len(problems(text))
