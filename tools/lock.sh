#!/bin/sh
# Write the hashed lock files. dev.txt is resolved first and constrains the others, so that one
# virtual environment can hold any of them. Run through `make lock`; UV names the uv to use.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}

lock() {
    out=$1
    shift
    "${uv}" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --upgrade "$@" pyproject.toml -o "${out}"
}

lock requirements/dev.txt --all-extras --group dev
lock requirements.txt --extra server --constraints requirements/dev.txt
lock requirements/runner.txt --extra runner --constraints requirements/dev.txt
lock requirements/cli.txt --extra cli --constraints requirements/dev.txt
lock requirements/s3.txt --extra s3 --constraints requirements/dev.txt
lock requirements/gunicorn.txt --extra gunicorn --constraints requirements/dev.txt
lock requirements/serverless.txt --extra serverless --constraints requirements/dev.txt
