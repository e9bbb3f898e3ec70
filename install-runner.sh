#!/usr/bin/env bash
# Make this server a Deployr runner, from a checkout of the repository:
#
#   sudo ./install-runner.sh --url https://deployr.example.com --code dpc_... \
#       --project my-app --allow-repo git@github.com:me/my-app.git --allow-branch main \
#       --path /var/www/my-app
#
# Run again to upgrade: configuration and state stay. A backend serves the same as one file: see
# docs/install-runner.md.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
backend="" release_wheel="" release_sha256="" requirements_sha256=""
release_version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "${checkout}/deployr/__init__.py")
export backend release_version release_wheel release_sha256 requirements_sha256

for part in options python users program service cron remove main; do
    # shellcheck source=/dev/null # each is checked on its own, and all as one file
    source "${checkout}/runner/installer/${part}.sh"
done

main "$@"
