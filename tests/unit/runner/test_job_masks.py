"""No secret stands in what a job tells of its end, nor in the runner's own log."""

import base64
import json

import pytest

from deployr.states import Reason
from runner import deploy as deploy_module
from runner.errors import JobFailedError
from runner.redact import MASK

from .fake_backend import TOKEN

SECRET = "s3cr3t/with'quote"


@pytest.fixture
def deploy(site, monkeypatch):
    """Let deployments end with a given error."""
    site.env_file(f'API_KEY="{SECRET}"\n')
    site.commit({})

    def end_with(error: Exception) -> None:
        def fail(ctx):
            raise error

        monkeypatch.setattr(deploy_module, "run", fail)

    return end_with


def test_bug_is_logged_and_reported_without_the_secret(site, deploy, caplog):
    deploy(KeyError(SECRET))

    job = site.push()

    said = job.text + job.report.model_dump_json() + caplog.text
    assert "internal" == job.reason
    assert f'KeyError: "{MASK}"' in caplog.text
    assert "s3cr3t" not in said


def test_secret_with_colours_in_it_is_masked_in_the_reason_too(site, deploy):
    deploy(JobFailedError(Reason.PREFLIGHT_FAILED, f"git says \x1b[31ms3cr3t\x1b[0m{SECRET[6:]}!"))

    job = site.push()

    assert f"git says {MASK}!" == job.report.detail
    assert "s3cr3t" not in job.text


def test_values_of_one_name_in_several_files_are_all_masked(site):
    site.env_file("API_KEY=newer-secret-value\n")
    shared = site.root / "shared"
    shared.mkdir(parents=True)
    (shared / ".env").write_text("API_KEY=older-secret-value\n")
    (shared / ".env.old").write_text("API_KEY=oldest-secret-value\n")
    lines = [f"echo {age}-secret-value" for age in ("newer", "older", "oldest")]
    site.commit({"deploy.yaml": json.dumps({"build": {"commands": lines}})})

    assert "secret-value" not in site.push().text


def test_token_of_the_runner_is_masked_in_encodings(site):
    encoded = base64.b64encode(f"token={TOKEN}".encode()).decode()
    site.commit({"deploy.yaml": json.dumps({"build": {"commands": [f"echo {encoded}"]}})})

    job = site.push()

    assert f"{MASK}" in job.text
    assert encoded[12:-4] not in job.text


def test_bug_outside_of_a_job_is_logged_without_its_words(site, monkeypatch, caplog):
    """The error may quote what the job's redactor alone would know."""
    monkeypatch.setattr("runner.worker.Job.run", _fail)
    site.commit({})

    site.push()

    assert "given up till the next start: ZeroDivisionError" in caplog.text
    assert "in _fail" in caplog.text
    assert "hunter2" not in caplog.text


def _fail(*_: object) -> None:
    quoted = "hunter2"
    raise ZeroDivisionError(quoted)
