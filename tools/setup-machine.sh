#!/bin/sh
# Install the Debian packages that the tests run as real parts: setup-machine.sh [LIST]
# Without LIST: MariaDB, nginx, Apache, supervisor, cron, a compiler, PHP with composer and Laravel.
# `system`: Apache with a firewall and Passenger, a MariaDB cluster, nginx, Compose without an engine.
# `bench`: what `make bench-deploy` and `make bench-upload` need and measure beside us.
# Does nothing when they are there; without root it says what to install.
set -eu

case "${1:-}" in
    "") packages="git curl procps systemd rsync openssh-server openssh-client acl sudo supervisor nginx wrk mariadb-server apache2 php-fpm cron gcc libc6-dev php-cli php-xml php-mbstring php-sqlite3 php-mysql composer php-laravel-framework" ;;
    bench) packages="git rsync openssh-server openssh-client iproute2 gcc libc6-dev capistrano php-cli php-xml php-mbstring php-sqlite3 composer php-laravel-framework" ;;
    system) packages="git python3-venv mariadb-server apache2 libapache2-mod-security2 modsecurity-crs libapache2-mod-passenger galera-4 nginx curl docker-compose openssh-client rsync" ;;
    *)
        echo "there is no list $1" >&2
        exit 2
        ;;
esac

missing=""
for package in ${packages}; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "${package}" 2>/dev/null || true)
    if [ "${status}" != installed ]; then
        missing="${missing} ${package}"
    fi
done
[ -n "${missing}" ] || exit 0

user=$(id -u)
if [ "${user}" -ne 0 ]; then
    echo "The tests need these Debian packages, install them as root:" >&2
    echo "  apt-get install --no-install-recommends${missing}" >&2
    exit 1
fi
echo "Installing${missing} ..."
# The tests start their own servers: Debian's must not start because they were installed.
policy=/usr/sbin/policy-rc.d
if [ ! -e "${policy}" ]; then
    trap 'rm -f "${policy}"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"${policy}"
    chmod 755 "${policy}"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# Word splitting is wanted: one argument a package.
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends ${missing} >/dev/null
