# shellcheck shell=bash
main "$@"
exit
