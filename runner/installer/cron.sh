# shellcheck shell=bash disable=SC2034,SC2154 # other parts read these, and set what this one reads
# Where there is no systemd, as in a hosting account: a supervisor that cron keeps alive.

cron_file=/etc/cron.d/deployr-runner
cron_mark="# deployr-runner"

# cron starts it each minute, so also after a boot; while one works the next leaves at once.
write_supervisor() {
    local fresh=${prefix}/supervise.new
    {
        echo "#!/usr/bin/env bash"
        echo "# Keeps the Deployr runner running; written by install-runner.sh."
        printf 'program=%q\nconfig=%q\nstate=%q\n' "${prefix}/venv/bin/deployr-runner" "${config}" "${state}"
        cat <<'SUPERVISOR'
log=${state}/runner.log
mkdir -p "${state}"
exec 9>>"${state}/supervisor.lock"
flock --nonblock 9 || exit 0
# 78: the backend refused the token; only another one is worth a try.
if [ -e "${state}/refused" ] && [ ! "${config}/token" -nt "${state}/refused" ]; then exit 0; fi
rm -f "${state}/refused"
echo $$ >"${state}/supervisor.pid"
export PATH="${PATH}:/usr/local/bin:/usr/bin:/bin" PYTHONSAFEPATH=1
cd /
leaving=no
child=""
# Without a supervisor the runner leaves too, when its jobs are done.
bound=()
if command -v setpriv >/dev/null; then bound=(setpriv --pdeathsig TERM); fi
leave() { leaving=yes; [ -z "${child}" ] || kill -TERM "${child}" 2>/dev/null; }
trap leave TERM INT
while [ "${leaving}" = no ]; do
    if [ -e "${log}" ] && [ "$(stat -c %s "${log}")" -gt 1048576 ]; then mv -f "${log}" "${log}.1"; fi
    (umask 077 && : >>"${log}")
    "${bound[@]}" "${program}" --config-dir "${config}" --state-dir "${state}" run >>"${log}" 2>&1 9>&- &
    child=$!
    code=0
    # A signal ends the wait, not the runner: its jobs may end first.
    while kill -0 "${child}" 2>/dev/null; do wait "${child}"; code=$?; done
    child=""
    if [ "${code}" = 78 ]; then : >"${state}/refused"; break; fi
    [ "${leaving}" = yes ] || { sleep 5 9>&- & wait $!; }
done
rm -f "${state}/supervisor.pid"
SUPERVISOR
    } >"${fresh}"
    chmod 0755 "${fresh}"
    mv "${fresh}" "${prefix}/supervise"
}

write_cron_line() {
    local line="* * * * *"
    if [[ "${me}" == root ]]; then
        echo "${line} ${user} ${prefix}/supervise >/dev/null 2>&1" >"${cron_file}.new"
        chmod 0644 "${cron_file}.new"
        mv "${cron_file}.new" "${cron_file}"
    else
        line+=" ${prefix}/supervise >/dev/null 2>&1 ${cron_mark}"
        printf '%s\n' ${others:+"${others}"} "${line}" | crontab -
    fi
}

# Sets `others`, the lines of this user that are not ours, and `unread`, why they can't be read.
# Nothing else that goes wrong may look like an empty table: it is written anew as a whole.
read_other_cron_lines() {
    others="" unread=""
    if unread=$(LC_ALL=C crontab -l 2>&1 >/dev/null); then
        others=$(crontab -l)
        others=$(grep -vF -- "${cron_mark}" <<<"${others}" || true)
    elif [[ "${unread}" == *"no crontab for"* ]]; then
        unread=""
    fi
}

remove_cron_line() {
    [[ ! -e "${cron_file}" || "${me}" != root ]] || rm "${cron_file}"
    [[ "${me}" != root ]] && command -v crontab >/dev/null || return 0
    read_other_cron_lines
    if [[ -n "${unread}" ]]; then
        echo "Note: look for a line '${cron_mark}' in your crontab, which can't be read: ${unread}"
    elif [[ -n "${others}" ]]; then
        echo "${others}" | crontab -
    else
        crontab -r 2>/dev/null || true
    fi
}

start_supervisor() {
    setsid "${as_user[@]}" "${prefix}/supervise" </dev/null >/dev/null 2>&1 &
}

# As the service's user: the file with the process's number is his.
stop_supervisor() {
    [[ -e "${state}/supervisor.pid" ]] || return 0
    echo "Stopping the runner; running jobs may end first ..."
    # shellcheck disable=SC2016 # $1 is that of the other shell
    "${as_user[@]}" "${BASH}" -c '
        read -r pid <"$1/supervisor.pid"
        # It may be dead, and its number that of something else.
        if flock --nonblock "$1/supervisor.lock" true; then rm -f "$1/supervisor.pid"; exit; fi
        kill -TERM "${pid}"
        flock --timeout 700 "$1/supervisor.lock" true
    ' stop "${state}"
}
