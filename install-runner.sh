#!/usr/bin/env bash
# Make this server a Deployr runner, from a checkout of the repository:
#
#   sudo ./install-runner.sh --url https://deployr.example.com --code dpc_... \
#       --project my-app --allow-repo git@github.com:me/my-app.git --allow-branch main \
#       --path /var/www/my-app
#
# Run again to upgrade: configuration and state stay.
set -euo pipefail

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/runner-users.sh
source "${checkout}/tools/runner-users.sh"

usage() {
    cat <<'TEXT'
usage: install-runner.sh --url URL [--code CODE] [options]

  --url URL            address of the backend. Not needed once registered
  --code CODE          one-time code of `deployr runners add`; better in DEPLOYR_CODE, where other
                       users of this machine can't see it. Not needed once registered
  --name NAME          name of the runner; default: the host name
  --label LABEL        for runs_on in deploy.yaml; repeatable
  --capacity N         jobs at once, 1 to 16; default 1
  --project NAME       what it may deploy, with --allow-repo, --allow-branch (repeatable), --path
                       and --environment: see `deployr-runner register --help`
  --host NAME          host that has the path, with --docroot and --domain: a hosting account that
                       is reached by SSH; then run `deployr-runner target add NAME`
  --prefix DIR         where the program goes; default /opt/deployr, or ~/.local/share/deployr
  --user USER          user of the service; made if missing; default deployr, or once registered
                       the owner of the token (as root only)
  --build-user USER    user that builds apps and runs their hooks, made if missing, who can't read
                       the runner's token, keys and env files; default deployr-build, unless the
                       runner was installed before without one (as root only; needs sudo)
  --no-build-user      build as the service's user
  --project-user USER  one more user that builds, for `deployr-runner allow add --user USER`: keeps
                       projects apart; repeatable, also later (as root only; needs sudo)
  --allow-restart UNIT systemd unit that deploy.restart of a deploy.yaml may restart and reload;
                       repeatable, also later (as root only; needs sudo)
  --no-service         install and register, but start nothing
  --help               show this
TEXT
}

fail() {
    echo "install-runner.sh: $1" >&2
    exit "${2:-1}"
}

find_python() {
    local python
    for python in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if "${python}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "${python}"
            return
        fi
    done
    fail "needs Python >= 3.11. Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv; RHEL 9: dnf install python3.11"
}

install_program() { # install_program PREFIX CHECKOUT
    local python pip=("$1/venv/bin/python" -m pip --disable-pip-version-check --quiet)
    python=$(find_python)
    if [[ ! -x "$1/venv/bin/python" ]]; then
        mkdir -p "$1"
        "${python}" -m venv "$1/venv" \
            || fail "${python} can't make a virtual environment: apt-get install python3-venv"
    fi
    echo "Installing the runner into $1 ..."
    "${pip[@]}" install --require-hashes --requirement "$2/requirements/runner.txt"
    # Built from a copy: a checkout may be read-only, and hold what earlier builds left in it.
    copy=$(mktemp -d)
    trap 'rm -rf "${copy}"' EXIT
    (cd "$2" && cp -R deployr cli runner pyproject.toml README.md "${copy}")
    "${pip[@]}" install --no-deps --force-reinstall "${copy}"
}

# By default new runners get a build user; one that was there before keeps to what its owner knows.
choose_build_user() {
    if [[ "${build_user}" == no ]]; then
        build_user=""
    elif [[ -z "${build_user}" && ! -e "${token}" ]]; then
        build_user=deployr-build
        if [[ "${user}" != root ]] && ! command -v visudo >/dev/null; then
            echo "Note: builds will run as ${user}, who can read the runner's secrets: install sudo," \
                "then run this again with --build-user ${build_user}"
            build_user=""
        fi
    fi
    [[ -z "${build_user}" ]] || make_build_user "${build_user}" "${user}"
}

write_unit() { # write_unit USER PREFIX
    cat >/etc/systemd/system/deployr-runner.service <<UNIT
[Unit]
Description=Deployr runner
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=main
# The runner gives a sign of life every 10 s.
WatchdogSec=120
User=$1
ExecStart=$2/venv/bin/deployr-runner --config-dir /etc/deployr --state-dir /var/lib/deployr run
Environment=PYTHONSAFEPATH=1
WorkingDirectory=/
Restart=always
RestartSec=5
# 78: the backend refuses the token; starting again does not help.
RestartPreventExitStatus=78
# The runner ends its jobs itself, with all that belongs to them; what a hook has started to stay
# must survive a restart of the runner.
KillMode=process
# Running jobs may end first: stop_seconds of runner.toml (600), and a minute to tell the end.
TimeoutStopSec=660

[Install]
WantedBy=multi-user.target
UNIT
    systemctl daemon-reload
    systemctl enable --quiet deployr-runner
    systemctl restart deployr-runner
}

link_program() { # link_program PREFIX
    if [[ -d /usr/local/bin && "$1" == /opt/deployr ]]; then
        ln -sf "$1/venv/bin/deployr-runner" /usr/local/bin/deployr-runner
    fi
}

# Options; the arrays go to `deployr-runner` as they are.
url="" prefix="" user="" build_user="" path="" host="" copy="" token=""
code="${DEPLOYR_CODE:-}"
project_users=()
units=()
service=yes
registration=()
places=()
me=$(id -un)

parse_options() {
    while [[ $# -gt 0 ]]; do
        case "$1" in
            --no-service) service=no && shift && continue ;;
            --no-build-user) build_user=no && shift && continue ;;
            --help | -h)
                usage
                exit 0
                ;;
            *) [[ $# -ge 2 ]] || fail "unknown option, or no value for $1; see --help" 2 ;;
        esac
        case "$1" in
            --url) url=$2 ;;
            --code) code=$2 ;;
            --prefix) prefix=$2 ;;
            --user) user=$2 ;;
            --build-user) build_user=$2 ;;
            --project-user) project_users+=("$2") ;;
            --allow-restart) units+=("$2") ;;
            --path)
                path=$2
                registration+=("$1" "$2")
                ;;
            --host)
                host=$2
                registration+=("$1" "$2")
                ;;
            --name | --label | --capacity | --project | --project-id | --allow-repo | --allow-branch | --environment | --docroot | --domain)
                registration+=("$1" "$2")
                ;;
            *) fail "unknown option $1; see --help" 2 ;;
        esac
        shift 2
    done
    if [[ "${me}" == root ]]; then
        token=/etc/deployr/token
    else
        token=${HOME}/.config/deployr-runner/token
    fi
    # The address is for registering; later runs find it in runner.toml.
    [[ -n "${url}" || (-z "${code}" && -e "${token}") ]] || fail "--url is missing; see --help" 2
}

choose_places() {
    local one
    if [[ "${me}" == root ]]; then
        [[ -n "${user}" || ! -e "${token}" ]] || user=$(stat -c %U "${token}")
        user=${user:-deployr}
        prefix=${prefix:-/opt/deployr}
        places=(--config-dir /etc/deployr --state-dir /var/lib/deployr)
        [[ -z "${build_user}" || "${build_user}" == no ]] || check_build_user "${build_user}" "${user}"
        for one in "${project_users[@]}"; do check_build_user "${one}" "${user}"; done
        make_user "${user}"
        install -d -m 0700 -o "${user}" /etc/deployr
        # Left as it is when it is there: a build user must be able to pass through.
        [[ -d /var/lib/deployr ]] || install -d -m 0700 -o "${user}" /var/lib/deployr
        choose_build_user
        write_rules "${user}" "${build_user}" "${units[@]}"
        for one in "${project_users[@]}"; do
            make_build_user "${one}" "${user}"
            write_rules "${user}" "${one}"
        done
        [[ -z "${path}" || -n "${host}" ]] || make_path "${user}" "${path}"
    else
        [[ -z "${user}" || "${user}" == "${me}" ]] || fail "--user ${user} needs root" 2
        [[ -z "${build_user}" || "${build_user}" == no ]] || fail "--build-user needs root" 2
        [[ ${#project_users[@]} -eq 0 ]] || fail "--project-user needs root" 2
        [[ ${#units[@]} -eq 0 ]] || fail "--allow-restart needs root" 2
        build_user=""
        user=${me}
        prefix=${prefix:-${HOME}/.local/share/deployr}
    fi
    [[ -n "${code}" || -e "${token}" ]] \
        || fail "--code is missing: \`deployr runners add\` on your machine prints the whole line" 2
}

start() { # start COMMAND ...
    if [[ "${service}" == yes && "${me}" == root && -d /run/systemd/system ]]; then
        write_unit "${user}" "${prefix}"
        echo "The service deployr-runner is started; its log: journalctl -u deployr-runner"
    else
        echo "Start it: $* run"
        echo "At every boot (crontab -e): @reboot $* run"
    fi
}

main() {
    parse_options "$@"
    choose_places
    install_program "${prefix}" "${checkout}"
    link_program "${prefix}"
    local runner=("${prefix}/venv/bin/deployr-runner" "${places[@]}")
    if [[ -n "${code}" ]]; then
        # The code is used once and short-lived; still it stays out of the process list here.
        DEPLOYR_CODE=${code} as_user "${user}" \
            "${runner[@]}" register --url "${url}" "${registration[@]}"
    fi
    if [[ -n "${build_user}" ]]; then
        as_user "${user}" "${runner[@]}" build-user "${build_user}"
    fi
    as_user "${user}" "${runner[@]}" status
    start "${runner[@]}"
}

main "$@"
