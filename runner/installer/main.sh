# shellcheck shell=bash disable=SC2034,SC2154 # other parts read these, and set what this one reads
# The order of things.

me=$(id -un)

# Sets all that options leave open; changes nothing.
choose_places() {
    if [[ "${me}" == root ]]; then
        config=/etc/deployr state=/var/lib/deployr record=/etc/deployr-runner.installed
    else
        config=${HOME}/.config/deployr-runner state=${HOME}/.local/state/deployr-runner
        record=${config}/installed
    fi
    token=${config}/token
    registered=no
    [[ ! -e "${token}" ]] || registered=yes
    known=$(made prefix)
    known=${known##*$'\n'}
    prefix=${prefix:-${known}}
    if [[ "${me}" == root ]]; then
        prefix=${prefix:-/opt/deployr}
        [[ -n "${user}" || "${registered}" == no ]] || user=$(stat -c %U "${token}")
        user=${user:-deployr}
    else
        prefix=${prefix:-${HOME}/.local/share/deployr}
    fi
    # Later runs find the address in runner.toml.
    if [[ -z "${url}" && "${registered}" == yes && -z "${code}" ]]; then
        url=$(sed -n 's/^url = "\(.*\)"$/\1/p' "${config}/runner.toml")
    fi
    url=${url:-${backend}}
}

choose_users() {
    local one
    as_user=()
    if [[ "${me}" != root ]]; then
        user=${me}
        build_user=""
        return
    fi
    [[ "${user}" == root ]] || as_user=(runuser --user "${user}" --)
    if [[ "${build_user}" == no ]]; then
        build_user=""
    elif [[ -z "${build_user}" && "${registered}" == no ]]; then
        # One that was there before keeps to what its owner knows.
        build_user=deployr-build
        if [[ "${user}" != root ]] && ! command -v visudo >/dev/null; then
            echo "Note: builds will run as ${user}, who can read the runner's secrets: install sudo," \
                "then run this again with --build-user ${build_user}"
            build_user=""
        fi
    fi
    [[ -z "${build_user}" ]] || check_build_user "${build_user}" "${user}"
    for one in "${project_users[@]}"; do check_build_user "${one}" "${user}"; done
}

tell_plan() {
    local what=${release_wheel:-the program of ${checkout}}
    echo "Would install version ${release_version} (${what}) into ${prefix}, for ${user},"
    echo "with its configuration in ${config} and its state in ${state}."
    [[ -z "${build_user}" ]] || echo "Would make the users ${user} and ${build_user}, where they are missing, and let sudo change between them."
    [[ ${#project_users[@]} -eq 0 ]] || echo "Would make, where they are missing: ${project_users[*]}"
    [[ ${#units[@]} -eq 0 ]] || echo "Would let ${user} restart by sudo: ${units[*]}"
    [[ -z "${code}" ]] || echo "Would register at ${url}."
    case "${keeper}" in
        systemd) echo "Would write ${unit_file}, start it, and wait until the backend is heard." ;;
        cron) echo "Would have cron keep the runner alive, start it, and wait until the backend is heard." ;;
        *) echo "Would start nothing." ;;
    esac
    echo "Nothing was changed."
}

make_places() {
    local one
    if [[ "${me}" == root ]]; then
        make_user "${user}"
        install -d -m 0700 -o "${user}" "${config}"
        # Left as it is when it is there: a build user must be able to pass through.
        [[ -d "${state}" ]] || install -d -m 0700 -o "${user}" "${state}"
        [[ -z "${build_user}" ]] || make_build_user "${build_user}" "${user}"
        write_rules "${user}" "${build_user}" "${units[@]}"
        for one in "${project_users[@]}"; do
            make_build_user "${one}" "${user}"
            write_rules "${user}" "${one}"
        done
        [[ -z "${path}" || -n "${host}" ]] || make_path "${user}" "${path}"
    fi
    mkdir -p "${prefix}"
    record_made prefix "${prefix}"
}

register() {
    if [[ -n "${code}" ]]; then
        # The code is used once and short-lived; still it stays out of the process list here.
        DEPLOYR_CODE=${code} "${as_user[@]}" "${runner[@]}" register --url "${url}" "${registration[@]}"
    fi
    if [[ -n "${build_user}" ]]; then
        "${as_user[@]}" "${runner[@]}" build-user "${build_user}"
    fi
    # Also a look at the backend, before the version that works is stopped.
    "${as_user[@]}" "${runner[@]}" status
}

start() {
    if [[ "${keeper}" == none ]]; then
        switch_to "${program}"
        echo "Start it: ${as_user[*]}${as_user[*]:+ }${prefix}/venv/bin/deployr-runner --config-dir ${config} --state-dir ${state} run"
        return
    fi
    stop_service
    check_alone
    switch_to "${program}"
    write_keeper
    wait_until_online
    if [[ "${online}" == no ]]; then
        go_back
    fi
    local log
    log=$(where_is_the_log)
    echo "The runner is online; its log: ${log}"
}

go_back() {
    local log
    log=$(where_is_the_log)
    if [[ -z "${before}" || "${before}" == "${program}" ]]; then
        fail "the runner was started and is not online after ${wait_seconds} s; see ${log}"
    fi
    echo "The new version is not online after ${wait_seconds} s: going back to ${before} ..." >&2
    stop_service
    switch_to "${before}"
    rm -f "${program}/complete"
    if [[ -n "${unit_before}" ]]; then
        echo "${unit_before}" >"${unit_file}"
        systemctl daemon-reload
    fi
    wait_until_online
    [[ "${online}" == yes ]] \
        || fail "the version before is back, and not online either; see ${log}"
    fail "the version before is back and online; see ${log} for why the new one was not"
}

# However this ends, also by a connection that breaks: who waits for jobs may wait long.
leave_well() {
    trap '
        [[ -z "${work}" ]] || rm -rf "${work}"
        [[ "${stopped}" == no || "${action}" == uninstall ]] || start_service
    ' EXIT
}

main() {
    umask 022
    leave_well
    parse_options "$@"
    choose_places
    check_options
    choose_users
    if [[ "${action}" == uninstall ]]; then
        uninstall
        return
    fi
    choose_keeper
    if [[ "${dry_run}" == yes ]]; then
        tell_plan
        return
    fi
    [[ -n "${checkout}" ]] || check_pins
    download_program
    make_places
    install_program
    find_version_before
    runner=("${program}/bin/deployr-runner" --config-dir "${config}" --state-dir "${state}")
    register
    start
    link_program
    remove_old_versions
}
