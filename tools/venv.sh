#!/bin/sh
# Make a virtual environment with Python >= 3.11: venv.sh DIR
set -eu

for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "${python}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        "${python}" -m venv "$1" && exit 0
        rm -rf "$1"
        echo "${python} can't make a virtual environment: install its venv module" >&2
        echo "(Debian and Ubuntu: apt-get install python3-venv)" >&2
        exit 1
    fi
done
echo "Deployr needs Python >= 3.11: install it, or name it with PYTHON=/path/to/python3" >&2
exit 1
