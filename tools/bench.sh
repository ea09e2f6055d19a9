# shellcheck shell=sh disable=SC1091
# `./dev bench`: the pipeline and the shape echo on one broker, in one run. To be sourced by dev.

# Reading alone, format by format, beside the bare parse: no broker.
bench_formats() {
    own_folder bench
    setup
    build dev bin/bench_formats bin/greenlane
    for bf_format in ndjson json parcels kcs; do
        case $bf_format in parcels | kcs) bf_name=$bf_format.csv ;; *) bf_name=load.$bf_format ;; esac
        "$BUILD/bin/greenlane" generate --format "$bf_format" --count 20000 --seed 7 --output "$RUN/$bf_name"
    done
    "$BUILD/bin/greenlane" generate --format xml --count 1 --items 1 --seed 7 --output "$RUN/xml"
    "$BUILD/bin/greenlane" generate --format xml --count 40 --items 8 --seed 7 --output "$RUN/xml-many"
    bf_large=$(find "$RUN/xml-many" -name '*.xml' -size +6k | sort | head -n 1)
    cp "$RUN"/xml/*.xml "$RUN/one-item.xml"
    cp "$bf_large" "$RUN/many-items.xml"
    cp "$ROOT/samples/h7.xml" "$RUN/h7-eucdm.xml"
    foreground "$BUILD/bin/bench_formats" -c "$ROOT/config" "$@" "$RUN/load.ndjson" "$RUN/load.json" "$RUN/one-item.xml" "$RUN/h7-eucdm.xml" \
        "$RUN/many-items.xml" "$RUN/parcels.csv"
    foreground "$BUILD/bin/bench_formats" -c "$ROOT/config" -p kcs "$@" "$RUN/kcs.csv"
}

do_bench() {
    if [ "${1:-}" = --formats ]; then
        shift
        bench_formats "$@"
        return
    fi
    db_command="./dev bench${1:+ $*}"
    if [ "${1:-}" = --short ]; then
        shift
        set -- --count 20000 --rounds 2 --seconds 15 "$@"
    fi
    db_script=bench.py
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
