# shellcheck shell=sh disable=SC2034
# What `dev` and the scripts in tools/ share: where things are, messages, background commands, free ports.
# To be sourced, with ROOT set to the project's folder. POSIX sh: dash runs it.
#
#   GREENLANE_BUILD   build directory                          (build)
#   GREENLANE_RUN     what runs: logs, pids, data, env          (run)
#   GREENLANE_CACHE   what is fetched once                      (.cache)
#   GREENLANE_DATA    reference data; tests skip without it     (../shared/data)

: "${ROOT:?}"
BUILD=${GREENLANE_BUILD:-$ROOT/build}
RUN=${GREENLANE_RUN:-$ROOT/run}
CACHE=${GREENLANE_CACHE:-$ROOT/.cache}
GREENLANE_DATA=${GREENLANE_DATA:-$ROOT/../shared/data}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
case $RUN in /*) ;; *) RUN=$PWD/$RUN ;; esac
case $CACHE in /*) ;; *) CACHE=$PWD/$CACHE ;; esac
BIN=$BUILD/bin
VENV=$BUILD/venv
export GREENLANE_DATA

say() { printf '%s\n' "$*"; }
step() { printf '== %s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() { printf 'dev: %s\n' "$*" >&2; exit 1; }

have() { command -v "$1" >/dev/null 2>&1; }

cpus() { nproc 2>/dev/null || echo 2; }

# Field 22 of /proc/PID/stat: when the process started. With its pid it names a process for good.
start_time() {
    sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

# foreground COMMAND...: runs it in a session of its own and waits, so that a signal to this script is handled at once (its trap calls
# foreground_kill). Returns its status. One at a time.
FOREGROUND=
foreground() {
    setsid setpriv --pdeathsig TERM "$@" </dev/null &
    FOREGROUND=$!
    foreground_rc=0
    wait "$FOREGROUND" || foreground_rc=$?
    FOREGROUND=
    return "$foreground_rc"
}

foreground_kill() {
    [ -n "$FOREGROUND" ] || return 0
    kill -TERM -- "-$FOREGROUND" 2>/dev/null || kill -TERM "$FOREGROUND" 2>/dev/null || :
    fk_left=200
    while kill -0 -- "-$FOREGROUND" 2>/dev/null && [ "$fk_left" -gt 0 ]; do
        sleep 0.1
        fk_left=$((fk_left - 1))
    done
    kill -KILL -- "-$FOREGROUND" 2>/dev/null || :
    FOREGROUND=
}
