# shellcheck shell=sh disable=SC1091
# `./dev bench`: the pipeline and the shape echo on one broker, in one run. To be sourced by dev.

# Reading alone, format by format, beside the bare parse: no broker.
bench_formats() {
    own_folder bench
    setup
    install_venv
    build dev bin/bench_formats bin/greenlane
    mkdir -p "$RUN"
    GREENLANE_BUILD=$BUILD GREENLANE_RUN=$RUN foreground "$VENV/bin/python" "$ROOT/tests/bench/formats.py" --command "$db_command" "$@"
}

# Classifying alone, and its HTTP service: no broker.
bench_classify() {
    own_folder bench
    setup
    install_venv
    build dev bin/bench_classify bin/greenlane
    GREENLANE_BUILD=$BUILD GREENLANE_RUN=$RUN foreground "$VENV/bin/python" "$ROOT/tests/bench/classify.py" --command "$db_command" "$@"
}

do_bench() {
    db_command="./dev bench${1:+ $*}"
    if [ "${1:-}" = --formats ]; then
        shift
        bench_formats "$@"
        return
    fi
    if [ "${1:-}" = --classify ]; then
        shift
        bench_classify "$@"
        return
    fi
    if [ "${1:-}" = --short ]; then
        shift
        set -- --count 20000 --rounds 2 --seconds 15 "$@"
    fi
    db_script=bench.py
    if [ "${1:-}" = --tariff ]; then
        shift
        db_command="./dev bench --tariff ${1%%:*}:FILE"
        db_script=tariff.py
    fi
    if [ "${1:-}" = --growth ]; then
        shift
        db_script=growth.py
        KAFKA_SETTINGS="${KAFKA_SETTINGS:-} log.retention.check.interval.ms=5000 log.segment.delete.delay.ms=1000"
        export KAFKA_SETTINGS
    fi
    own_folder bench
    setup
    install_venv
    build dev
    stack_up
    . "$RUN/env"
    foreground "$VENV/bin/python" "$ROOT/tests/bench/$db_script" --command "$db_command" "$@"
}
