# shellcheck shell=bash disable=SC2034,SC2154 # other parts read these, and set what this one reads
# What keeps the runner running: systemd, else cron.

unit_file=/etc/systemd/system/deployr-runner.service
unit_before=""
stopped=no # by us, so that nothing but us would start it again before a boot
wait_seconds=${DEPLOYR_WAIT_SECONDS:-60} # until a runner that was started must have been heard

choose_keeper() { # sets `keeper`: systemd, cron or none
    keeper=none
    if [[ "${service}" == no ]]; then
        return
    elif [[ "${me}" == root && -d /run/systemd/system ]]; then
        keeper=systemd
    elif [[ "${me}" == root && -d /etc/cron.d ]] && command -v flock >/dev/null; then
        keeper=cron
    elif [[ "${me}" != root ]] && command -v flock >/dev/null && command -v crontab >/dev/null; then
        read_other_cron_lines
        if [[ -z "${unread}" ]]; then
            keeper=cron
        else
            echo "Note: your crontab can't be read, so it stays as it is: ${unread}"
        fi
    fi
}

unit() { # prints it
    local rights confined
    rights=$(capabilities)
    confined=$(confinement)
    cat <<UNIT
[Unit]
Description=Deployr runner
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=main
# The runner gives a sign of life every 10 s.
WatchdogSec=120
User=${user}
ExecStart=${prefix}/venv/bin/deployr-runner --config-dir ${config} --state-dir ${state} run
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

# Apps may be anywhere but in the system's own directories; for one there add a drop-in with
# ReadWritePaths=.
ProtectSystem=full
ReadWritePaths=${config}
ProtectControlGroups=yes
DevicePolicy=closed
KeyringMode=private
CapabilityBoundingSet=${rights}
${confined}

[Install]
WantedBy=multi-user.target
UNIT
}

# sudo, which makes builds another user, needs rights of its own and can't work under the second
# list: systemd forbids new privileges with each of it.
capabilities() {
    if [[ "${uses_sudo}" == yes ]]; then
        # Processes of other users are found by what only root may read of them.
        [[ "${user}" != root ]] || printf 'CAP_SYS_PTRACE '
        echo "CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID CAP_AUDIT_WRITE CAP_KILL CAP_CHOWN CAP_FOWNER CAP_FSETID CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_SYS_RESOURCE"
    fi
}

confinement() {
    [[ "${uses_sudo}" == no ]] || return 0
    cat <<'TEXT'
AmbientCapabilities=
NoNewPrivileges=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
TEXT
}

# Where sudo lets its user do something the runner uses it, whoever wrote the lines.
find_out_about_sudo() {
    local rules=""
    uses_sudo=no
    if [[ "${user}" == root ]]; then
        uses_sudo=yes
    elif command -v sudo >/dev/null; then
        rules=$(LC_ALL=C sudo -l -U "${user}" 2>/dev/null || true)
        [[ "${rules}" != *"may run"* ]] || uses_sudo=yes
    fi
}

write_keeper() {
    case "${keeper}" in
        systemd)
            find_out_about_sudo
            [[ ! -e "${unit_file}" ]] || unit_before=$(<"${unit_file}")
            unit >"${unit_file}.new"
            mv "${unit_file}.new" "${unit_file}"
            systemctl daemon-reload
            systemctl enable --quiet deployr-runner
            ;;
        cron)
            write_supervisor
            write_cron_line
            ;;
        *) ;;
    esac
}

stop_service() {
    if [[ -d /run/systemd/system && -e "${unit_file}" && "${me}" == root ]]; then
        echo "Stopping the runner; running jobs may end first ..."
        stopped=yes
        systemctl stop deployr-runner
    fi
    stop_supervisor
}

# One that something else keeps running would be taken for ours.
check_alone() {
    [[ -e "${state}/lock" ]] && command -v flock >/dev/null || return 0
    "${as_user[@]}" flock --nonblock "${state}/lock" true \
        || fail "another deployr-runner runs: stop it, remove what starts it (crontab -l), then run this again"
}

start_service() {
    stopped=no
    case "${keeper}" in
        # One that fails at once may still be started again, or the one before it may.
        systemd) systemctl start deployr-runner || true ;;
        cron) start_supervisor ;;
        *) ;;
    esac
}

# Sets `online`: whether the runner that was just started has heard the backend.
wait_until_online() {
    local since seen="" left=${wait_seconds}
    online=no
    # Notes have whole seconds: what the runner before has written must be older.
    sleep 1
    since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    start_service
    while [[ "${left}" -gt 0 ]]; do
        if [[ -e "${state}/status.json" ]]; then
            seen=$(sed -n 's/.*"last_contact": "\([^"]*\)".*/\1/p' "${state}/status.json")
        fi
        if [[ -n "${seen}" && ! "${seen}" < "${since}" ]]; then
            online=yes
            return
        fi
        sleep 1
        left=$((left - 1))
    done
}

where_is_the_log() {
    if [[ "${keeper}" == systemd ]]; then
        echo "journalctl -u deployr-runner"
    else
        echo "${state}/runner.log"
    fi
}
