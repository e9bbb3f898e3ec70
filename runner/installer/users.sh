# shellcheck shell=bash
# Users and rules for sudo.

make_user() { # make_user USER
    id "$1" >/dev/null 2>&1 && return
    echo "Making the user $1 ..."
    useradd --system --user-group --create-home --home-dir "/var/lib/$1" \
        --shell /usr/sbin/nologin "$1"
    record_made user "$1"
    chmod 0700 "/var/lib/$1"
}

# Stops before anything is made when builds as that user would be builds with the runner's rights.
check_build_user() { # check_build_user USER AGENT
    local uid gid agent
    [[ "$1" =~ ^[a-z_][a-z0-9_.-]{0,31}$ ]] \
        || fail "'$1' is no name for a build user: a-z, 0-9 and _ . - only, as deployr-build" 2
    [[ "$1" != "$2" ]] || fail "the build user must be another user than that of the service" 2
    uid=$(id -u "$1" 2>/dev/null) || return 0
    gid=$(id -g "$1")
    agent=$(id -u "$2" 2>/dev/null) || agent=""
    # Its group becomes one of the runner's, and sudo lets the runner become it.
    [[ "${uid}" != 0 && "${gid}" != 0 ]] \
        || fail "$1 has the rights of root, so nothing may be built as it: name another user" 2
    [[ "${uid}" != "${agent}" ]] || fail "$1 is $2 by another name: builds need a user of their own" 2
}

# The runner gets into the group of the build user, so that both can work on a checkout.
make_build_user() { # make_build_user USER AGENT
    local group home=/var/lib/$1
    check_build_user "$1" "$2"
    make_user "$1"
    if [[ "$2" != root ]]; then
        group=$(id -gn "$1")
        usermod --append --groups "${group}" "$2"
        [[ ! -d "${home}" ]] || chmod 0750 "${home}"
    fi
}

# Adds to what is there. A file with a mistake would lock everybody out of sudo.
write_rules() { # write_rules AGENT BUILD_USER UNIT ...
    local agent=$1 build_user=$2 unit rule systemctl rules=()
    local file=/etc/sudoers.d/deployr-runner fresh=/etc/sudoers.d/.deployr-runner.new
    shift 2
    systemctl=$(command -v systemctl || echo /usr/bin/systemctl)
    [[ "${agent}" != root ]] || return 0
    [[ -z "${build_user}" ]] || rules+=("${agent} ALL=(${build_user}) NOPASSWD: ALL")
    for unit in "$@"; do
        [[ "${unit}" =~ ^[A-Za-z0-9@_.-]+$ ]] || fail "${unit} is no name of a systemd unit" 2
        rules+=("${agent} ALL=(root) NOPASSWD: ${systemctl} restart ${unit}, ${systemctl} reload ${unit}")
    done
    [[ ${#rules[@]} -gt 0 ]] || return 0
    command -v visudo >/dev/null || fail "needs sudo: apt-get install sudo"
    if [[ -e "${file}" ]]; then
        cp "${file}" "${fresh}"
    else
        : >"${fresh}"
    fi
    for rule in "${rules[@]}"; do
        grep -qxF -- "${rule}" "${fresh}" || echo "${rule}" >>"${fresh}"
    done
    chmod 0440 "${fresh}"
    if ! visudo --check --quiet --file="${fresh}"; then
        rm -f "${fresh}"
        fail "the rules for sudo are not valid; nothing was changed"
    fi
    mv "${fresh}" "${file}"
}

# The service's user must be able to write where the app goes.
make_path() { # make_path USER PATH
    if [[ ! -e "$2" ]]; then
        install -d -m 0755 -o "$1" "$2"
    elif ! runuser --user "$1" -- test -w "$2"; then
        echo "Note: the user $1 can't write $2; give it to him: chown $1 $2"
    fi
}
