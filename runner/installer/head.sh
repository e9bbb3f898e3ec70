#!/usr/bin/env bash
# shellcheck disable=SC2034 # other parts read what is set here
# Make this server a Deployr runner. A backend serves this file with its own address in it:
#
#   curl -fsSL https://deployr.example.com/install-runner.sh | sudo bash -s -- --code dpc_...
#
# Run again to upgrade: configuration and state stay. It never updates itself.
# Nothing happens before the last line, so that half of this file does nothing.
set -euo pipefail

backend=''
checkout=''
release_version='@VERSION@'
release_wheel='@WHEEL@'
release_sha256='@WHEEL_SHA256@'
requirements_sha256='@REQUIREMENTS_SHA256@'
