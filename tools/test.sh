# shellcheck shell=sh
# `./dev test`: builds, runs every kind of test, and says at the end what passed. A step that fails does not keep the others from running.
# `./dev test --long` adds what takes hours; `./dev accept` runs the acceptance scripts at full size. To be sourced by dev.

# run_ctest DIR LABELS [ARGUMENT...]
run_ctest() {
    rc_dir=$1
    rc_labels=$2
    rc_status=0
    shift 2
    # Tests in Python that need the outside client's packages find them.
    if [ -x "$VENV/bin/python" ]; then
        PYTHONPATH=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
        export PYTHONPATH
    fi
    foreground ctest --test-dir "$rc_dir" -L "^($rc_labels)\$" -j "$(cpus)" --output-on-failure --no-tests=error \
        --output-log "${DEV_RESULT:-$rc_dir/ctest.log}" "$@" || rc_status=$?
    # What a skipped test said, which ctest keeps to itself.
    grep -h '^skipped' "$rc_dir/Testing/Temporary/LastTest.log" 2>/dev/null | sort -u || :
    return "$rc_status"
}

test_unit() {
    install_format
    install_prometheus # for promtool
    install_venv
    build dev
    run_ctest "$BUILD" 'unit|fuzz|check'
}

test_asan() {
    build asan
    run_ctest "$BUILD-asan" 'unit|fuzz'
}

test_tsan() {
    build tsan
    stack_broker
    # Of the broker's tests those that need few processes: the workers' threads, timers among them, against a real Kafka.
    run_ctest "$BUILD-tsan" 'unit|broker' -E 'broker_(life|rebalance|restore)'
}

# A Kafka and a Redis, no daemons: the broker tests bring their own.
test_broker() {
    build dev
    install_venv
    stack_broker
    run_ctest "$BUILD" broker -j 1
}

test_e2e() {
    have tmux || apt_install tmux
    build dev
    install_venv
    stack_up
    run_ctest "$BUILD" e2e -j 1
}

# The same daemons with every lock on: tools/secure.sh.
test_secure() {
    build dev
    install_venv
    SECURE=yes
    stack_up
    run_ctest "$BUILD" secure -j 1 -V
}

# What an operator sees: a Prometheus scrapes a stack that this step has for itself, since it kills and stops what is in it.
test_seeing() {
    install_prometheus
    apt_has libfaketime || apt_install libfaketime
    install_venv
    build dev greenlane greenlane-ingest greenlane-classify greenlane-risk greenlane-decide
    KAFKA_SETTINGS='group.min.session.timeout.ms=1000 group.max.session.timeout.ms=60000'
    REGISTRY=yes
    stack_up
    run_ctest "$BUILD" seeing -j 1 -V
}

# A Kafka, a Redis and a schema registry, no daemons: the test brings its own.
test_registry() {
    build dev
    install_venv
    REGISTRY=yes
    stack_broker
    run_ctest "$BUILD" registry -j 1
}

# Faults. The stack is the test's own, in a folder of this one's: what is left of it ends with this script.
setup_chaos() {
    install_venv
    apt_has libfaketime || apt_install libfaketime
    build dev greenlane greenlane-ingest greenlane-classify greenlane-risk greenlane-decide greenlane-test-echo
    chaos_run=$RUN
    RUN=$RUN/leg
    mkdir -p "$RUN"
    stack_down
}

test_chaos() {
    setup_chaos
    GREENLANE_RUN=$chaos_run
    export GREENLANE_RUN
    run_ctest "$BUILD" chaos -j 1 -V
}

do_chaos() {
    setup
    own_folder chaos
    setup_chaos
    foreground env GREENLANE_RUN="$chaos_run" GREENLANE_BUILD="$BUILD" GREENLANE_CACHE="$CACHE" \
        "$VENV/bin/python" "$ROOT/tests/chaos/chaos.py" "$@"
}

# ---- the long form ----

LONG_INPUTS=${LONG_INPUTS:-1000000}

# The corpus of a fuzz target, as the replaying test of the dev build names it.
long_corpus() {
    ctest --test-dir "$BUILD" -L fuzz --show-only=json-v1 | python3 -c 'import json, sys
print(*[t["command"][-1] for t in json.load(sys.stdin)["tests"] if t["name"] == sys.argv[1]])' "$1"
}

long_fuzz() {
    build dev
    install_packages clang-14:clang-14
    apt_has libclang-rt-14-dev || apt_install libclang-rt-14-dev
    build fuzz 'bin/fuzz_*'
    lf_rc=0
    for lf_target in "$BUILD"-fuzz/bin/fuzz_*; do
        lf_name=$(basename "$lf_target")
        lf_found=$BUILD-fuzz/found/$lf_name
        lf_done=$lf_found/done-$LONG_INPUTS-$(cksum <"$lf_target" | cut -d' ' -f1) # of this very program
        [ -e "$lf_done" ] && continue
        mkdir -p "$lf_found/corpus"
        lf_seeds=$(long_corpus "$lf_name")
        step "fuzzing: $lf_name, $LONG_INPUTS inputs"
        # shellcheck disable=SC2086
        if foreground "$lf_target" -runs="$LONG_INPUTS" -max_len=65536 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
            -artifact_prefix="$lf_found/" "$lf_found/corpus" $lf_seeds >"$lf_found/log" 2>&1; then
            grep -E '^stat::(number_of_executed_units|average_exec_per_sec)' "$lf_found/log" || :
            : >"$lf_done"
        else
            tail -n 40 "$lf_found/log"
            lf_rc=1
        fi
    done
    return "$lf_rc"
}

long_clang() {
    install_packages clang-14:clang-14
    lc_dir=$BUILD-clang
    mkdir -p "$lc_dir"
    step "building with clang-14"
    if ! { foreground cmake -S "$ROOT" -B "$lc_dir" -G Ninja -DCMAKE_C_COMPILER=clang-14 -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
        foreground ninja -C "$lc_dir" -j "$(cpus)"; } >"$lc_dir/build.log" 2>&1; then
        tail -n 30 "$lc_dir/build.log" >&2
        return 1
    fi
    run_ctest "$lc_dir" 'unit|fuzz'
}

# The same tree in a Debian 13 chroot: newer librdkafka, hiredis, avro, xgboost and gcc.
long_trixie() {
    install_packages debootstrap:debootstrap
    lt_root=$CACHE/trixie
    if [ ! -x "$lt_root/bin/sh" ]; then
        # shellcheck disable=SC2046
        lt_uri=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
            sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([a-z+]*:[^ ]*\).*/\2/p' | head -n 1)
        mkdir -p "$lt_root"
        foreground debootstrap --variant=minbase --include=ca-certificates trixie "$lt_root" "$lt_uri" || return 1
    fi
    for lt_file in /etc/resolv.conf /etc/hosts /etc/pip.conf; do
        [ ! -e "$lt_file" ] || cp -fL "$lt_file" "$lt_root$lt_file"
    done
    cp -rfL /etc/ssl/certs "$lt_root/etc/ssl/" 2>/dev/null || :
    rm -rf "$lt_root/srv/greenlane"
    mkdir -p "$lt_root/srv/greenlane"
    (cd "$ROOT" && tar -cf - --exclude='./build*' --exclude=./run --exclude=./.cache --exclude=./.git .) | tar -xf - -C "$lt_root/srv/greenlane"
    foreground unshare --mount --pid --fork --kill-child sh -c "mount -t proc proc '$lt_root/proc' && exec chroot '$lt_root' \
        /bin/sh -c 'cd /srv/greenlane && LANG=C.UTF-8 ./dev test unit'"
}

# Defects built in one by one: the check named for each must fail.
long_mutants() {
    install_venv
    build dev
    stack_broker
    mkdir -p "$BUILD-mutants"
    ln -sfn "$VENV" "$BUILD-mutants/venv"
    foreground python3 "$ROOT/tests/chaos/mutants.py" --build "$BUILD-mutants"
}

# What the intake says of itself (docs/openapi.json), by schemathesis: ten thousand requests.
long_api() {
    build dev
    install_venv
    la_venv=$BUILD/venv-api
    if ! cmp -s "$ROOT/tests/e2e/requirements-api.txt" "$la_venv/requirements.txt"; then
        rm -rf "$la_venv"
        python3 -m venv "$la_venv" || return 1
        foreground "$la_venv/bin/pip" --disable-pip-version-check -q install -r "$ROOT/tests/e2e/requirements-api.txt" || return 1
        cp "$ROOT/tests/e2e/requirements-api.txt" "$la_venv/requirements.txt"
    fi
    stack_up
    . "$RUN/env"
    foreground env GREENLANE_RUN="$RUN" GREENLANE_BUILD="$BUILD" "$VENV/bin/python" "$ROOT/tests/e2e/openapi.py" "$la_venv/bin/st"
}

# Instances of every stage that come and go in every way, several rounds of it.
long_rolling() {
    setup_chaos
    foreground env GREENLANE_RUN="$chaos_run" GREENLANE_BUILD="$BUILD" "$VENV/bin/python" "$ROOT/tests/chaos/rolling.py" --cycles 3
}

# This version and the next one: upgrade and rollback under load. Builds the next one beside this ($BUILD-next).
long_versions() {
    setup_chaos
    foreground env GREENLANE_RUN="$chaos_run" GREENLANE_BUILD="$BUILD" "$VENV/bin/python" "$ROOT/tests/chaos/versions.py" --rounds 2
}

# ---- running steps ----

TEST_STEPS="unit asan tsan broker e2e secure registry seeing chaos"
LONG_STEPS="fuzz clang trixie mutants rolling versions api"

# What `./dev test-step NAME` does: one step, in a process of its own, so that its stack ends with it.
do_test_step() {
    case " $TEST_STEPS " in
    *" $1 "*) "test_$1" ;;
    *) "long_$1" ;;
    esac
}

# The commit of a clean tree: what a long step's result is remembered for.
tree_commit() {
    have git && [ -z "$(git -C "$ROOT" status --porcelain 2>/dev/null)" ] && git -C "$ROOT" rev-parse HEAD 2>/dev/null
}

do_test() {
    dt_long=no dt_steps=''
    for dt_word in "$@"; do
        case " --long $TEST_STEPS $LONG_STEPS " in
        *" $dt_word "*) if [ "$dt_word" = --long ]; then dt_long=yes; else dt_steps="$dt_steps $dt_word"; fi ;;
        *) die "test: there is no step '$dt_word': $TEST_STEPS $LONG_STEPS" ;;
        esac
    done
    [ -n "$dt_steps" ] || dt_steps=$TEST_STEPS
    [ "$dt_long" = no ] || dt_steps="$dt_steps $LONG_STEPS"
    own_folder test
    install_packages
    dt_results=$RUN/results
    : >"$dt_results"
    dt_failed=0
    for dt_step in $dt_steps; do
        dt_done=''
        case " $LONG_STEPS " in
        *" $dt_step "*) dt_done=$(tree_commit || :) && dt_done=${dt_done:+$BUILD/long/$dt_step-$dt_done} ;;
        esac
        if [ -n "$dt_done" ] && [ -e "$dt_done" ]; then
            printf '%-8s passed before, for this commit\n' "$dt_step" >>"$dt_results"
            continue
        fi
        say ""
        step "test: $dt_step"
        dt_from=$(date +%s)
        rm -f "$RUN/$dt_step.log"
        dt_rc=0
        foreground env GREENLANE_RUN="$RUN/$dt_step" GREENLANE_BUILD="$BUILD" GREENLANE_CACHE="$CACHE" DEV_RESULT="$RUN/$dt_step.log" \
            "$ROOT/dev" test-step "$dt_step" || dt_rc=$?
        dt_took=$(($(date +%s) - dt_from))
        if [ "$dt_rc" = 0 ]; then dt_word=passed; else dt_word=FAILED dt_failed=1; fi
        printf '%-8s %s in %s s   %s\n' "$dt_step" "$dt_word" "$dt_took" \
            "$(grep 'tests passed' "$RUN/$dt_step.log" 2>/dev/null || :)" >>"$dt_results"
        if [ "$dt_rc" = 0 ] && [ -n "$dt_done" ]; then
            mkdir -p "$BUILD/long"
            : >"$dt_done"
        fi
    done
    say ""
    cat "$dt_results"
    # The closing lines of ctest, each step's own.
    for dt_step in $dt_steps; do
        sed -n '/tests passed/p; /^Total Test time/p; /The following tests/,/^$/p' "$RUN/$dt_step.log" 2>/dev/null || :
    done
    [ "$dt_failed" = 0 ]
}

# ---- acceptance ----

do_accept() {
    setup
    install_venv
    build dev
    own_folder accept
    stack_up
    foreground "$VENV/bin/python" "$ROOT/tests/e2e/accept.py" "$@"
}
