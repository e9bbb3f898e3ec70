#!/bin/bash
# Deploy the backend of this checkout into an account at a hoster; run by .cpanel.yml.
#
#   DEPLOYR_HOME  application root; default ~/deployr, holds .env
#   PYTHON        interpreter; default: that of the application root's Python app (of several the
#                 one that was made last), else one >= 3.11
set -euo pipefail

home=${DEPLOYR_HOME:-${HOME}/deployr}
# git and sha256sum of cPanel, where the account's own search path lacks them.
PATH=${PATH}:/usr/local/cpanel/3rdparty/bin:/usr/bin:/bin

find_python() {
    local python venv newest=""
    for venv in "${HOME}/virtualenv/${home#"${HOME}/"}"/3.*; do
        # Another version of the app is another environment, and the one before stays beside it.
        [[ ! "${venv}" -nt "${newest}" ]] || newest=${venv}
    done
    local candidates=(${newest:+"${newest}/bin/python"}
        /opt/alt/python31[123]/bin/python3 python3.13 python3.12 python3.11 python3)
    # Packages for another one than that which was named would not load.
    [[ -z "${PYTHON:-}" ]] || candidates=("${PYTHON}")
    for python in "${candidates[@]}"; do
        if "${python}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "${python}" # absolute: hosts' wrappers of Python go wrong by a bare name
            return
        fi
    done
    echo "cpanel-deploy.sh: no Python >= 3.11 ${PYTHON:+in PYTHON=}${PYTHON:-here}: make a Python app of that version in cPanel, or set PYTHON" >&2
    exit 1
}

python=$(find_python)
exec "${python}" -m tools.cpanel.deploy "${home}"
