# shellcheck shell=sh disable=SC1091
# `./dev bench`: the pipeline and the shape echo on one broker, in one run. To be sourced by dev.

do_bench() {
    db_command="./dev bench${1:+ $*}"
    if [ "${1:-}" = --short ]; then
        shift
        set -- --count 20000 --rounds 2 --seconds 15 "$@"
    fi
    own_folder bench
    setup
    install_venv
    build dev
    stack_up
    . "$RUN/env"
    foreground "$VENV/bin/python" "$ROOT/tests/bench/bench.py" --command "$db_command" "$@"
}
