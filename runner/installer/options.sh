# shellcheck shell=bash disable=SC2034,SC2154 # other parts read these, and set what this one reads
# What install-runner.sh is asked to do.

usage() {
    cat <<'TEXT'
usage: install-runner.sh --url URL [--code CODE] [options]

  --url URL            address of the backend; default: that which served this file, or once
                       registered that of runner.toml
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
  --sha256 HEX         checksum that what is downloaded must have; twice, for the program and for
                       the list of its packages, as `deployr runners add` prints them
  --no-service         install and register, but start nothing
  --upgrade            install over what is there, and refuse when there is nothing
  --uninstall          stop the runner and remove it, its configuration, keys, env files and state;
                       the apps that it deployed stay
  --dry-run            say what would be done, and change nothing
  --version            show the version that this file installs
  --help               show this

PYTHON names the interpreter, when the right one is not found.
TEXT
}

fail() {
    echo "install-runner.sh: $1" >&2
    exit "${2:-1}"
}

# The arrays go to `deployr-runner` as they are.
action=install dry_run=no service=yes
url="" prefix="" user="" build_user="" path="" host=""
code=${DEPLOYR_CODE:-}
project_users=()
units=()
pins=()
registration=()

parse_options() {
    while [[ $# -gt 0 ]]; do
        case "$1" in
            --no-service) service=no ;;
            --no-build-user) build_user=no ;;
            --upgrade) action=upgrade ;;
            --uninstall) action=uninstall ;;
            --dry-run) dry_run=yes ;;
            --version)
                echo "deployr-runner ${release_version}"
                exit 0
                ;;
            --help | -h)
                usage
                exit 0
                ;;
            *)
                [[ $# -ge 2 ]] || fail "unknown option, or no value for $1; see --help" 2
                parse_value "$1" "$2"
                shift
                ;;
        esac
        shift
    done
}

parse_value() { # parse_value OPTION VALUE
    case "$1" in
        --url) url=${2%/} ;;
        --code) code=$2 ;;
        --prefix) prefix=${2%/} ;;
        --user) user=$2 ;;
        --build-user) build_user=$2 ;;
        --project-user) project_users+=("$2") ;;
        --allow-restart) units+=("$2") ;;
        --sha256) pins+=("${2,,}") ;;
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
}

# All that is wrong with the options is said before anything is changed.
check_options() {
    local one
    [[ "${prefix}" =~ ^/[A-Za-z0-9_.@+/-]+$ ]] \
        || fail "--prefix must be an absolute path of letters, digits and / _ . @ + - (got ${prefix})" 2
    # Only what was recorded is ever removed.
    [[ -z "${known}" || "${prefix}" == "${known}" ]] \
        || fail "the runner is in ${known}: leave out --prefix, or --uninstall that one first" 2
    [[ -z "${path}" || "${path}" == /* ]] || fail "--path must be an absolute path (got ${path})" 2
    if [[ "${me}" != root ]]; then
        [[ -z "${user}" || "${user}" == "${me}" ]] || fail "--user ${user} needs root" 2
        [[ -z "${build_user}" || "${build_user}" == no ]] || fail "--build-user needs root" 2
        [[ ${#project_users[@]} -eq 0 ]] || fail "--project-user needs root" 2
        [[ ${#units[@]} -eq 0 ]] || fail "--allow-restart needs root" 2
    fi
    [[ "${action}" != uninstall ]] || return 0
    [[ "${action}" != upgrade || -e "${token}" ]] \
        || fail "there is no runner to upgrade: ${token} is missing" 2
    [[ -n "${url}" ]] || fail "--url is missing; see --help" 2
    # In a checkout the address is for registering only.
    [[ -n "${code}" || -e "${token}" ]] \
        || fail "--code is missing: \`deployr runners add\` on your machine prints the whole line" 2
    [[ -z "${checkout}" || ${#pins[@]} -eq 0 ]] || fail "--sha256 is for what is downloaded" 2
    for one in "${pins[@]}"; do
        [[ "${one}" =~ ^[0-9a-f]{64}$ ]] || fail "'${one}' is no SHA-256: 64 of 0-9 and a-f" 2
    done
}
