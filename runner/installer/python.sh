# shellcheck shell=bash disable=SC2034,SC2154 # other parts read these, and set what this one reads
# The Python that the runner gets: one that is there, or how to get one.

find_python() { # prints it
    local one
    for one in ${PYTHON:+"${PYTHON}"} python3 python3.13 python3.12 python3.11 \
        /opt/alt/python31[123]/bin/python3; do
        if "${one}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "${one}"
            return
        fi
    done
    tell_how_to_get_python /etc/os-release
    exit 1
}

tell_how_to_get_python() { # tell_how_to_get_python OS_RELEASE
    local id="" version="" line=""
    if [[ -r "$1" ]]; then
        id=$(sed -n "s/^ID=[\"']*\([^\"']*\).*/\1/p" "$1")
        version=$(sed -n "s/^VERSION_ID=[\"']*\([^\"']*\).*/\1/p" "$1")
    fi
    case "${id} ${version}" in
        "debian 11"* | "ubuntu 20"* | "ubuntu 18"*) ;;
        "ubuntu 22"*) line="apt-get install python3.11 python3.11-venv" ;;
        debian* | ubuntu* | raspbian* | linuxmint* | pop*) line="apt-get install python3 python3-venv" ;;
        "rhel 8"* | "almalinux 8"* | "rocky 8"* | "centos 8"* | "ol 8"*) line="dnf install python3.11" ;;
        "rhel 9"* | "almalinux 9"* | "rocky 9"* | "centos 9"* | "ol 9"*) line="dnf install python3.11" ;;
        amzn*) line="dnf install python3.11" ;;
        fedora* | rhel* | almalinux* | rocky* | centos* | ol*) line="dnf install python3" ;;
        cloudlinux*) line="dnf install alt-python311" ;;
        opensuse* | sles*) line="zypper install python311" ;;
        arch* | manjaro*) line="pacman -S python" ;;
        alpine*) line="apk add python3" ;;
        *) ;;
    esac
    echo "install-runner.sh: needs Python >= 3.11. ${line:+As root: ${line}}" >&2
    if [[ -z "${line}" || "${me}" != root ]]; then
        echo "Without root, or where there is no package: https://docs.astral.sh/uv has" \
            "\`uv python install 3.12\`; then PYTHON=\$(uv python find 3.12) before this" >&2
    fi
}

make_venv() { # make_venv PYTHON DIR
    "$1" -m venv "$2" || {
        rm -rf "$2"
        fail "$1 can't make a virtual environment in $2"
    }
    # One in root's home is of no use for the service's user.
    "${as_user[@]}" "$2/bin/python" -c "" 2>/dev/null || {
        rm -rf "$2"
        fail "the user ${user} can't run $1: install Python for all users, or name one with PYTHON=…"
    }
}
