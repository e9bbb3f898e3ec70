# shellcheck shell=bash disable=SC2034,SC2154 # other parts read these, and set what this one reads
# The program: each version has a directory of its own, `venv` is a link to the one that runs.

program="" # directory of the version that is installed now
python=""  # the interpreter that it gets
before=""  # that of the version which ran before; empty: none
work=""    # where downloads go; removed at the end

# Before anything is made, so that what fails here leaves nothing.
download_program() {
    program=${prefix}/versions/$(version_id)
    if [[ -e "${program}/complete" ]]; then
        return
    fi
    python=$(find_python)
    "${python}" -c "import ensurepip, venv" 2>/dev/null \
        || fail "${python} can't make a virtual environment. Debian, Ubuntu: apt-get install ${python##*/}-venv"
    work=$(mktemp -d)
    if [[ -z "${checkout}" ]]; then
        echo "Downloading the runner from ${url} ..."
        fetch "${release_wheel}" "${release_sha256}"
        fetch runner-requirements.txt "${requirements_sha256}"
    fi
}

install_program() {
    if [[ -e "${program}/complete" ]]; then
        echo "${program} is installed already."
        return
    fi
    echo "Installing the runner into ${program} ..."
    rm -rf "${program}"
    mkdir -p "${prefix}/versions"
    make_venv "${python}" "${program}"
    if [[ -n "${checkout}" ]]; then
        PYTHON=${program}/bin/python "${BASH}" "${checkout}/tools/build-dist.sh" "${work}/dist" >/dev/null
        mv "${work}"/dist/* "${work}"
    fi
    local pip=("${program}/bin/python" -m pip --disable-pip-version-check --quiet --quiet --no-cache-dir)
    "${pip[@]}" install --require-hashes --requirement "${work}/runner-requirements.txt"
    "${pip[@]}" install --no-deps --no-index "${work}"/deployr-*.whl
    touch "${program}/complete"
}

version_id() {
    local sum
    if [[ -n "${checkout}" ]]; then
        sum=$(cd "${checkout}" \
            && find deployr cli runner requirements/runner.txt pyproject.toml -type f \
                ! -name '*.pyc' -exec sha256sum {} +)
        sum=$(sort <<<"${sum}")
        sum=$(sha256sum <<<"${sum}")
    else
        sum=$(sha256sum <<<"${release_sha256} ${requirements_sha256}")
    fi
    echo "${release_version}-${sum:0:12}"
}

check_pins() {
    local sum
    [[ ${#pins[@]} -gt 0 ]] || return 0
    for sum in "${release_sha256}" "${requirements_sha256}"; do
        [[ " ${pins[*]} " == *" ${sum} "* ]] \
            || fail "${url} offers something else than --sha256 says (${sum}): nothing was changed"
    done
}

fetch() { # fetch NAME SHA256
    "${python}" - "${url}/dist/$1" "$2" "${work}/$1" "${release_version}" <<'PYTHON' \
        || fail "$1 was not installed: nothing was changed"
import hashlib, sys, urllib.error, urllib.parse, urllib.request
address, expected, goal, version = sys.argv[1:]
parts = urllib.parse.urlsplit(address)
inside = parts.hostname in ("localhost", "127.0.0.1", "::1")
if parts.scheme != "https" and not (parts.scheme == "http" and inside):
    sys.exit(f"{address}: only https:// is safe")
request = urllib.request.Request(address, headers={"User-Agent": f"deployr-installer/{version}"})
try:
    with urllib.request.urlopen(request, timeout=60) as answer:
        data = answer.read(100_000_000)
except urllib.error.HTTPError as error:
    sys.exit(f"{address}: {error}. If the backend was upgraded meanwhile, fetch this script again")
except OSError as error:
    sys.exit(f"{address}: {error}")
found = hashlib.sha256(data).hexdigest()
if found != expected:
    sys.exit(f"{address}: the checksum is {found} and should be {expected}")
with open(goal, "wb") as file:
    file.write(data)
PYTHON
}

# One rename, so that there is a whole program at any time.
switch_to() { # switch_to DIR
    ln -sfn "$1" "${prefix}/venv.new"
    mv -fT "${prefix}/venv.new" "${prefix}/venv"
}

# Sets `before`. Installers before versions had directories made `venv` itself one.
find_version_before() {
    if [[ -d "${prefix}/venv" && ! -L "${prefix}/venv" ]]; then
        mkdir -p "${prefix}/versions"
        mv "${prefix}/venv" "${prefix}/versions/before"
        switch_to "${prefix}/versions/before"
    fi
    if [[ -L "${prefix}/venv" ]]; then
        before=$(readlink "${prefix}/venv")
    fi
}

# The version that runs and the one before it stay.
remove_old_versions() {
    local one
    for one in "${prefix}"/versions/*; do
        [[ "${one}" == "${program}" || "${one}" == "${before}" ]] || rm -rf "${one}"
    done
}

link_program() {
    if [[ "${me}" == root && -d /usr/local/bin && "${prefix}" == /opt/deployr ]]; then
        ln -sfn "${prefix}/venv/bin/deployr-runner" /usr/local/bin/deployr-runner
    fi
}
