#!/bin/bash
# Put the backend of this checkout into the application root of a cPanel account; run by .cpanel.yml.
#
#   DEPLOYR_APP   application root; default ~/deployr, holds .env, which is never touched
#   PYTHON        interpreter; default: the root's own virtual environment, else a Python >= 3.11
set -euo pipefail

app=${DEPLOYR_APP:-${HOME}/deployr}
parts=(.flaskenv app deployr migrations passenger_wsgi.py requirements.txt)

fail() {
    echo "cpanel-deploy.sh: $1" >&2
    exit 1
}

find_python() {
    local python
    for python in ${PYTHON:+"${PYTHON}"} "${HOME}/virtualenv/${app##*/}"/3.*/bin/python \
        /opt/alt/python31[123]/bin/python3 python3.13 python3.12 python3.11 python3; do
        if "${python}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "${python}"
            return
        fi
    done
    fail "no Python >= 3.11 here: make a Python app of that version in cPanel, or set PYTHON"
}

main() {
    local python fresh=${app}/incoming part
    [[ -f "${app}/.env" ]] || fail "${app}/.env is missing: write DEPLOYR_DATABASE_URL=… and DEPLOYR_SECRET_KEY=… into it"
    python=$(find_python)
    rm -rf "${fresh}"
    mkdir -p "${fresh}" "${app}/tmp" "${app}/instance"
    git archive HEAD "${parts[@]}" | tar -x -C "${fresh}"
    "${python}" -m pip --disable-pip-version-check --quiet install --require-hashes \
        --only-binary=:all: --target "${fresh}/packages" --requirement requirements.txt

    # The root's own settings and database, so that a release that can't start changes nothing.
    # Migrations work with the code before them: they come first.
    ln -s ../.env ../instance "${fresh}"
    cd "${fresh}"
    PYTHONPATH=packages "${python}" -m flask db upgrade
    "${python}" -c 'import passenger_wsgi'

    for part in "${parts[@]}" packages; do
        rm -rf "${app:?}/${part}"
        mv "${part}" "${app}/${part}"
    done
    cd "${app}"
    rm -r "${fresh}"
    touch tmp/restart.txt
    echo "The backend in ${app} is new; Passenger restarts it within ten seconds."
}

main "$@"
