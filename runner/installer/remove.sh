# shellcheck shell=bash disable=SC2034,SC2154 # other parts read these, and set what this one reads
# Uninstalling, and the record of what was made, without which nothing may be removed.

# Not in a directory of the runner's user: he must not say what root removes.
record_made() { # record_made KIND NAME
    local line="$1 $2"
    [[ "${me}" == root ]] || install -d -m 0700 "${config}"
    touch "${record}"
    grep -qxF -- "${line}" "${record}" || echo "${line}" >>"${record}"
}

made() { # made KIND: prints their names
    if [[ -e "${record}" ]]; then
        sed -n "s/^$1 //p" "${record}"
    fi
}

uninstall() {
    local name apps there
    there=$(what_is_there)
    if [[ -z "${there}" ]]; then
        echo "There is no runner of ${me} here: nothing was changed."
        return
    fi
    name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "${config}/runner.toml" 2>/dev/null || true)
    apps=$(sed -n 's/^path = "\(.*\)"$/\1/p' "${config}/runner.toml" 2>/dev/null || true)
    if [[ "${dry_run}" == yes ]]; then
        echo "Would stop the runner and remove ${prefix}, ${config}, ${state} and its users, where it made them."
        echo "The apps would stay: ${apps:-none is listed}"
        return
    fi
    # First, or cron starts it again.
    remove_cron_line
    stop_service
    check_alone
    if [[ "${me}" == root ]]; then
        remove_service
        remove_users "${apps}"
    fi
    rm -rf "${prefix}/venv" "${prefix}/versions" "${prefix}/supervise" "${config}" "${state}"
    rm -f "${record}"
    rmdir "${prefix}" 2>/dev/null || true
    if [[ "${me}" != root ]]; then
        rmdir "${HOME}"/.local/{share,state} "${HOME}"/.local "${HOME}"/.config 2>/dev/null || true
    fi
    echo "The runner is removed. Its registration ends with, on your machine:" \
        "deployr runners revoke ${name:-NAME}"
    [[ -z "${apps}" ]] || echo "The apps stay: ${apps//$'\n'/ }"
}

what_is_there() { # prints it
    local one table="" places=("${record}" "${config}" "${state}" "${prefix}"/{venv,versions,supervise})
    if [[ "${me}" == root ]]; then
        places+=("${unit_file}" "${cron_file}")
    elif command -v crontab >/dev/null; then
        table=$(crontab -l 2>/dev/null || true)
    fi
    for one in "${places[@]}"; do
        [[ ! -e "${one}" && ! -L "${one}" ]] || echo "${one}"
    done
    grep -F -- "${cron_mark}" <<<"${table}" || true
}

remove_service() {
    local link=/usr/local/bin/deployr-runner goal
    if [[ -e "${unit_file}" ]]; then
        [[ ! -d /run/systemd/system ]] || systemctl disable --quiet deployr-runner
        rm -f "${unit_file}"
        [[ ! -d /run/systemd/system ]] || systemctl daemon-reload
    fi
    goal=$(readlink "${link}" || true)
    [[ "${goal}" != "${prefix}/venv/bin/deployr-runner" ]] || rm "${link}"
    rm -f /etc/sudoers.d/deployr-runner
}

# Whoever gets the number of a removed user next would own his files.
remove_users() { # remove_users APPS
    local one app owned kept=()
    local users
    users=$(made user)
    for one in ${users}; do
        id "${one}" >/dev/null 2>&1 || continue
        owned=""
        while read -r app; do
            # The runner's user wrote it: what is no path would be an option.
            [[ "${app}" != /* || ! -e "${app}" ]] || owned+=$(find "${app}" -user "${one}" -print -quit)
        done <<<"$1"
        if [[ -z "${owned}" ]] && userdel "${one}" 2>/dev/null; then
            groupdel "${one}" 2>/dev/null || true
            rm -rf "/var/lib/${one}"
        else
            kept+=("${one}")
        fi
    done
    [[ ${#kept[@]} -eq 0 ]] \
        || echo "These users stay, as apps or processes are theirs (userdel removes them): ${kept[*]}"
}
