#!/bin/bash
# Stands for systemd, which does not run where tests run: starts and stops one unit's process.
set -eu
unit=/etc/systemd/system/deployr-runner.service
pid=/run/deployr-runner.pid
echo "$*" >>/tmp/systemctl.log
case "$1" in
    start)
        user=$(sed -n 's/^User=//p' "${unit}")
        command=$(sed -n 's/^ExecStart=//p' "${unit}")
        # shellcheck disable=SC2086 # its words
        setsid runuser --user "${user}" -- ${command} </dev/null >>/tmp/journal 2>&1 &
        echo $! >"${pid}"
        ;;
    stop)
        main=$(pgrep -P "$(<"${pid}")" || true)
        [[ -z "${main}" ]] || kill -TERM "${main}"
        while [[ -n "${main}" && -e "/proc/${main}" ]]; do sleep 0.1; done
        ;;
    daemon-reload | enable | disable) ;;
    *) exit 1 ;;
esac
