#!/usr/bin/env bash
# Build what a backend serves to servers that become runners: build-dist.sh DIR
#
# DIR gets install-runner.sh in one file, the wheel, and the hashed list of the runner's packages.
# It is replaced as a whole. PYTHON names an interpreter >= 3.11 that has pip.
set -euo pipefail
umask 022

root=$(cd "$(dirname "$0")/.." && pwd)
goal=${1:?usage: build-dist.sh DIR}
python=${PYTHON:-python3}
mkdir -p "${goal}"
goal=$(cd "${goal}" && pwd)
fresh=${goal}.new
copy=$(mktemp -d)
trap 'rm -rf "${copy}" "${fresh}"' EXIT

# Built from a copy: a checkout may be read-only, and hold what earlier builds left in it; what
# Python compiles there comes and goes while others use it.
(
    cd "${root}"
    find -L deployr cli runner pyproject.toml README.md \
        -name __pycache__ -prune -o -type f -print0 | tar --null -T - -chf -
) | tar --no-same-owner -xf - -C "${copy}"
# The same sources make the same wheel, whatever the umask: the installer knows its checksum.
chmod -R u=rwX,go=rX "${copy}"
rm -rf "${fresh}"
mkdir "${fresh}"
SOURCE_DATE_EPOCH=315532800 "${python}" -m pip --disable-pip-version-check --quiet \
    wheel --no-deps --wheel-dir "${fresh}" "${copy}"
cp "${root}/requirements/runner.txt" "${fresh}/runner-requirements.txt"

wheel=$(basename "${fresh}"/deployr-*.whl)
version=${wheel#deployr-}
version=${version%%-*}
wheel_sum=$(sha256sum <"${fresh}/${wheel}")
requirements_sum=$(sha256sum <"${fresh}/runner-requirements.txt")
# head.sh first, tail.sh last; `deployr runners add` puts it together likewise, to compare.
parts=("${root}"/runner/installer/head.sh)
for part in "${root}"/runner/installer/*.sh; do
    case "${part##*/}" in
        head.sh | tail.sh) ;;
        *) parts+=("${part}") ;;
    esac
done
sed -e '/^# shellcheck /d' \
    -e "s/@VERSION@/${version}/" \
    -e "s/@WHEEL@/${wheel}/" \
    -e "s/@WHEEL_SHA256@/${wheel_sum%% *}/" \
    -e "s/@REQUIREMENTS_SHA256@/${requirements_sum%% *}/" \
    "${parts[@]}" "${root}/runner/installer/tail.sh" >"${fresh}/install-runner.sh"
chmod 0755 "${fresh}"
chmod 0644 "${fresh}"/*

rm -rf "${goal}"
mv "${fresh}" "${goal}"
echo "${goal} holds version ${version}"
