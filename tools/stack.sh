#!/bin/sh
# shellcheck disable=SC1091,SC2119,SC2120
# Starts and stops Kafka (one KRaft node, or three), Redis, if wanted a schema registry, and the four daemons on free ports of 127.0.0.1.
# Run it, or source it for its functions.
#
# Always holds: what is started has run/NAME.pid (its pid) and run/NAME.start (when it started, so that a pid used again is never taken
# for it); only such processes are stopped. run/ports keeps a stack's ports, so that what is stopped and started again listens where it did.
# Given KAFKA_BROKERS or REDIS_URL, that server is used and not started.
stack_usage() {
    cat <<'USAGE'
usage: tools/stack.sh COMMAND

  broker          start Kafka and Redis; write run/env
  up              broker, topics, and the daemons
  down            stop everything that was started
  start NAME      start kafka (of three: also kafka2, kafka3), redis, registry, ingest, classify, risk or decide again, and wait until it is ready
  stop NAME       stop it (SIGTERM; SIGKILL after 30 s)
  kill NAME       stop it at once (SIGKILL)
  status          what runs

Environment:
  GREENLANE_RUN    where logs, pids and data go (run/): with a folder of your own you have a stack of your own
  GREENLANE_BUILD  where the daemons are (build/)
  GREENLANE_CACHE  where Kafka is kept (.cache/)
  KAFKA_BROKERS, REDIS_URL   use these servers instead of starting them
  PARTITIONS       of each topic, when they are created (4)
  REGISTRY         yes (always with SECURE): a schema registry too (Apicurio, in memory); `up` registers the schemas
  SCHEMA_REGISTRY_URL  use this registry
  BROKERS          1, or 3: combined nodes, three replicas of everything, two of which must be in sync
  SECURE           yes: TLS, passwords and certificates everywhere (tools/secure.sh); one node
  KAFKA_SETTINGS   further lines of server.properties, separated by spaces
  KAFKA_JAVA       further options of the Java machine
  KAFKA_VIA_1, _2, _3   further listeners of a node, separated by spaces, each NAME:PORT:ADVERTISED_PORT: for what stands between
  KAFKA_DATA_1, _2, _3  where a node keeps its logs

After `broker` or `up`: . run/env
USAGE
}

if [ -z "${ROOT:-}" ]; then
    STACK_MAIN=yes
    ROOT=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
    set -eu
    . "$ROOT/tools/common.sh"
    . "$ROOT/tools/install.sh"
fi
. "$ROOT/tools/secure.sh"

STAGES="ingest classify risk decide"
STACK_TIED=${STACK_TIED:-no} # yes: what is started dies with this shell, even when it is killed

# ---- processes ----

running() {
    rn_pid=$(cat "$RUN/$1.pid" 2>/dev/null) || return 1
    [ -n "$rn_pid" ] && [ "$(start_time "$rn_pid")" = "$(cat "$RUN/$1.start" 2>/dev/null)" ] && kill -0 "$rn_pid" 2>/dev/null &&
        ! grep -q '^State:[[:space:]]*Z' "/proc/$rn_pid/status" 2>/dev/null
}

# launch NAME COMMAND...: in the background, in a session of its own; its output is appended to run/NAME.log.
launch() {
    la_name=$1
    shift
    if [ "$STACK_TIED" = yes ]; then
        setsid setpriv --pdeathsig KILL "$@" </dev/null >>"$RUN/$la_name.log" 2>&1 9>&- &
    else
        setsid "$@" </dev/null >>"$RUN/$la_name.log" 2>&1 9>&- &
    fi
    la_pid=$!
    start_time "$la_pid" >"$RUN/$la_name.start"
    printf '%s\n' "$la_pid" >"$RUN/$la_name.pid"
}

# The last lines of a log, where there is something that went wrong.
complain() {
    warn "$1 $2; the end of $RUN/$1.log:"
    tail -n 15 "$RUN/$1.log" >&2 || :
    return 1
}

# wait_until NAME SECONDS COMMAND...: until the command succeeds; fails when NAME ends first, or the time is over.
wait_until() {
    wu_name=$1
    wu_left=$(($2 * 10))
    shift 2
    while ! "$@" 2>/dev/null; do
        running "$wu_name" || { complain "$wu_name" "ended while starting"; return 1; }
        [ "$wu_left" -gt 0 ] || { complain "$wu_name" "is not ready in time"; return 1; }
        wu_left=$((wu_left - 1))
        sleep 0.1
    done
}

# signal_and_wait SIGNAL SECONDS NAME...: all at once; what is left after that time is killed.
signal_and_wait() {
    sw_signal=$1
    sw_left=$(($2 * 10))
    shift 2
    for sw_name in "$@"; do
        if running "$sw_name"; then kill "-$sw_signal" "$(cat "$RUN/$sw_name.pid")" 2>/dev/null || :; fi
    done
    for sw_name in "$@"; do
        while running "$sw_name"; do
            if [ "$sw_left" -le 0 ]; then
                [ "$sw_signal" = KILL ] || warn "$sw_name did not stop in time: killed"
                kill -KILL "$(cat "$RUN/$sw_name.pid")" 2>/dev/null || :
            fi
            sw_left=$((sw_left - 1))
            sleep 0.1
        done
        rm -f "$RUN/$sw_name.pid" "$RUN/$sw_name.start"
    done
}

# ---- ports and environment ----

# Ports are kept in run/ports for as long as the stack is there.
stack_ports() {
    if [ ! -s "$RUN/ports" ]; then
        mkdir -p "$RUN"
        # Below the range that the kernel takes the ports of outgoing connections from: nobody gets one while its server is down.
        python3 - >"$RUN/ports.new" <<'PY'
import random
import socket

names = "PORT_KAFKA PORT_CONTROLLER PORT_REDIS PORT_HTTP PORT_INGEST PORT_CLASSIFY PORT_RISK PORT_DECIDE".split()
names += "PORT_KAFKA2 PORT_CONTROLLER2 PORT_KAFKA3 PORT_CONTROLLER3 PORT_REGISTRY PORT_APICURIO PORT_SERVE".split()
try:
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        end = int(file.read().split()[0])
except OSError:
    end = 32768
candidates = list(range(12000, end)) if end > 13000 else [0] * len(names)
random.shuffle(candidates)
held = []
for port in candidates:
    s = socket.socket()
    try:
        s.bind(("127.0.0.1", port))
    except OSError:
        continue
    held.append(s)
    print(f"{names[len(held) - 1]}={s.getsockname()[1]}")
    if len(held) == len(names):
        break
PY
        sp_registry=${REGISTRY:-no}
        ! stack_secure || sp_registry=yes
        printf 'STACK_BROKERS=%s\nSTACK_REGISTRY=%s\n' "${BROKERS:-1}" "$sp_registry" >>"$RUN/ports.new"
        # What run/env of a former stack said is not given by anybody.
        if [ -n "${KAFKA_BROKERS:-}" ] && [ "$KAFKA_BROKERS" != "${GREENLANE_OWN_KAFKA:-}" ]; then
            printf 'GIVEN_KAFKA=%s\n' "$KAFKA_BROKERS" >>"$RUN/ports.new"
        fi
        if [ -n "${REDIS_URL:-}" ] && [ "$REDIS_URL" != "${GREENLANE_OWN_REDIS:-}" ]; then
            printf 'GIVEN_REDIS=%s\n' "$REDIS_URL" >>"$RUN/ports.new"
        fi
        if [ -n "${SCHEMA_REGISTRY_URL:-}" ] && [ "$SCHEMA_REGISTRY_URL" != "${GREENLANE_OWN_REGISTRY:-}" ]; then
            printf 'GIVEN_REGISTRY=%s\n' "$SCHEMA_REGISTRY_URL" >>"$RUN/ports.new"
        fi
        mv "$RUN/ports.new" "$RUN/ports"
    fi
    GIVEN_KAFKA='' GIVEN_REDIS='' GIVEN_REGISTRY='' STACK_BROKERS=1 STACK_REGISTRY=no
    . "$RUN/ports"
    SCHEMA_REGISTRY_URL=builtin
    [ "$STACK_REGISTRY" = no ] || SCHEMA_REGISTRY_URL=http://127.0.0.1:$PORT_REGISTRY/apis/ccompat/v7
    SCHEMA_REGISTRY_URL=${GIVEN_REGISTRY:-$SCHEMA_REGISTRY_URL}
    sp_own=127.0.0.1:$PORT_KAFKA
    [ "$STACK_BROKERS" = 1 ] || sp_own=$sp_own,127.0.0.1:$PORT_KAFKA2,127.0.0.1:$PORT_KAFKA3
    KAFKA_BROKERS=${GIVEN_KAFKA:-$sp_own}
    REDIS_URL=${GIVEN_REDIS:-redis://127.0.0.1:$PORT_REDIS/0}
    INGEST_URL=http://127.0.0.1:$PORT_HTTP
    INGEST_LISTEN=127.0.0.1:$PORT_HTTP
    CLASSIFY_URL=http://127.0.0.1:$PORT_SERVE
    GREENLANE_STATE=$RUN/state
    GREENLANE_INBOX=$RUN/inbox
    GREENLANE_MODELS=$ROOT/models
    INGEST_ADMIN_URL=http://127.0.0.1:$PORT_INGEST
    CLASSIFY_ADMIN_URL=http://127.0.0.1:$PORT_CLASSIFY
    RISK_ADMIN_URL=http://127.0.0.1:$PORT_RISK
    DECIDE_ADMIN_URL=http://127.0.0.1:$PORT_DECIDE
    GREENLANE_RUN=$RUN
    GREENLANE_BUILD=$BUILD
    export INGEST_ADMIN_URL CLASSIFY_ADMIN_URL RISK_ADMIN_URL DECIDE_ADMIN_URL GREENLANE_MODELS
    export SCHEMA_REGISTRY_URL
    export KAFKA_BROKERS REDIS_URL INGEST_URL INGEST_LISTEN CLASSIFY_URL GREENLANE_STATE GREENLANE_INBOX GREENLANE_RUN GREENLANE_BUILD
    ! stack_secure || secure_env
}

write_env() {
    {
        say "# Written by tools/stack.sh; to be sourced."
        for we_name in KAFKA_BROKERS REDIS_URL SCHEMA_REGISTRY_URL INGEST_URL CLASSIFY_URL INGEST_ADMIN_URL CLASSIFY_ADMIN_URL RISK_ADMIN_URL DECIDE_ADMIN_URL \
            GREENLANE_INBOX GREENLANE_MODELS GREENLANE_RUN GREENLANE_BUILD; do
            eval "we_value=\$$we_name"
            # shellcheck disable=SC2154
            say "export $we_name='$we_value'"
        done
        [ -n "$GIVEN_KAFKA" ] || say "export GREENLANE_OWN_KAFKA='$KAFKA_BROKERS'"
        [ -n "$GIVEN_REGISTRY" ] || say "export GREENLANE_OWN_REGISTRY='$SCHEMA_REGISTRY_URL'"
        [ -n "$GIVEN_REDIS" ] || say "export GREENLANE_OWN_REDIS='$REDIS_URL'"
        ! stack_secure || secure_write_env
        say "export PATH='$BIN':\"\$PATH\""
    } >"$RUN/env.new"
    mv "$RUN/env.new" "$RUN/env"
}

admin_port() {
    case $1 in
    ingest) say "$PORT_INGEST" ;;
    classify) say "$PORT_CLASSIFY" ;;
    risk) say "$PORT_RISK" ;;
    decide) say "$PORT_DECIDE" ;;
    esac
}

# ---- servers ----

# Names of the broker's nodes; the first is kafka whatever their number.
kafka_names() { if [ "${STACK_BROKERS:-1}" = 3 ]; then say "kafka kafka2 kafka3"; else say kafka; fi; }

kafka_number() { case $1 in kafka) say 1 ;; *) say "${1#kafka}" ;; esac; }

# kafka_configure NAME: its server.properties, and its formatted storage.
kafka_configure() {
    kc_number=$(kafka_number "$1") kc_suffix=${1#kafka} kc_dir=$RUN/$1
    mkdir -p "$kc_dir" "$RUN/kafka"
    [ -s "$RUN/kafka/cluster" ] || python3 -c 'import base64, uuid
print("k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22])' >"$RUN/kafka/cluster"
    eval "kc_port=\$PORT_KAFKA$kc_suffix kc_controller=\$PORT_CONTROLLER$kc_suffix kc_via=\${KAFKA_VIA_$kc_number:-} kc_data=\${KAFKA_DATA_$kc_number:-$kc_dir/data}"
    kc_voters=1@127.0.0.1:$PORT_CONTROLLER kc_replicas=1 kc_insync=1
    if [ "$STACK_BROKERS" = 3 ]; then
        kc_voters=$kc_voters,2@127.0.0.1:$PORT_CONTROLLER2,3@127.0.0.1:$PORT_CONTROLLER3 kc_replicas=3 kc_insync=2
    fi
    # shellcheck disable=SC2154
    kc_listeners=PLAINTEXT://127.0.0.1:$kc_port kc_advertised=$kc_listeners kc_map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
    # shellcheck disable=SC2154
    for kc_one in $kc_via; do
        kc_name=${kc_one%%:*} kc_ports=${kc_one#*:}
        kc_listeners=$kc_listeners,$kc_name://127.0.0.1:${kc_ports%%:*}
        kc_advertised=$kc_advertised,$kc_name://127.0.0.1:${kc_ports##*:}
        kc_map=$kc_map,$kc_name:PLAINTEXT
    done
    # shellcheck disable=SC2154
    if stack_secure; then
        secure_kafka_properties "$kc_controller"
    else
        cat <<CONF
listeners=$kc_listeners,CONTROLLER://127.0.0.1:$kc_controller
advertised.listeners=$kc_advertised
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=$kc_map
CONF
    fi >"$kc_dir/server.properties"
    # shellcheck disable=SC2154
    cat >>"$kc_dir/server.properties" <<CONF
process.roles=broker,controller
node.id=$kc_number
controller.quorum.voters=$kc_voters
controller.listener.names=CONTROLLER
log.dirs=$kc_data
auto.create.topics.enable=false
offsets.topic.replication.factor=$kc_replicas
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=$kc_replicas
transaction.state.log.min.isr=$kc_insync
transaction.state.log.num.partitions=8
default.replication.factor=$kc_replicas
min.insync.replicas=$kc_insync
group.initial.rebalance.delay.ms=0
log.segment.bytes=134217728
num.network.threads=2
num.io.threads=4
CONF
    for kc_one in ${KAFKA_SETTINGS:-}; do say "$kc_one"; done >>"$kc_dir/server.properties"
    cat >"$kc_dir/log4j.properties" <<CONF
log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %p %c{1}: %m%n
CONF
    kc_name=$1
    set -- -t "$(cat "$RUN/kafka/cluster")" -c "$kc_dir/server.properties"
    if stack_secure; then
        for kc_one in $(secure_kafka_users); do set -- "$@" "$kc_one"; done
    fi
    if ! java -Xmx128m -cp "$KAFKA_HOME/libs/*" "-Dlog4j.configuration=file:$kc_dir/log4j.properties" kafka.tools.StorageTool format \
        "$@" >"$RUN/$kc_name.log" 2>&1; then
        complain "$kc_name" "could not format its storage"
    fi
}

launch_kafka() {
    running "$1" && return 0
    [ -e "$RUN/$1/formatted" ] || { kafka_configure "$1" && : >"$RUN/$1/formatted"; } || return 1
    wc -c <"$RUN/$1.log" >"$RUN/$1/log.from"
    # shellcheck disable=SC2086
    launch "$1" java ${KAFKA_JAVA:-} -Xms256m -Xmx1g -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -cp "$KAFKA_HOME/libs/*" \
        "-Dlog4j.configuration=file:$RUN/$1/log4j.properties" kafka.Kafka "$RUN/$1/server.properties"
}

kafka_started() { tail -c "+$(($(cat "$RUN/$1/log.from") + 1))" "$RUN/$1.log" | grep -q 'Kafka Server started'; }

# start_kafka [NAME]: one node, or all of them together.
start_kafka() {
    [ -z "$GIVEN_KAFKA" ] || return 0
    install_kafka
    for sk_name in ${1:-$(kafka_names)}; do launch_kafka "$sk_name" || return 1; done
    for sk_name in ${1:-$(kafka_names)}; do wait_until "$sk_name" 60 kafka_started "$sk_name" || return 1; done
}

redis_answers() { python3 -c 'import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1) as s:
    s.settimeout(1)
    s.sendall(b"PING\r\n")
    sys.exit(s.recv(7) not in (b"+PONG\r\n", b"-NOAUTH"))' "$PORT_REDIS"; }

start_redis() {
    [ -z "$GIVEN_REDIS" ] || return 0
    running redis && return 0
    mkdir -p "$RUN/redis"
    set -- --port "$PORT_REDIS" --bind 127.0.0.1 --save '' --appendonly no --dir "$RUN/redis" --daemonize no \
        --maxmemory 2gb --maxmemory-policy volatile-lru
    ! stack_secure || set -- "$@" --aclfile "$SECURE_DIR/redis.acl"
    launch redis redis-server "$@"
    wait_until redis 20 redis_answers
}

registry_answers() { curl -fs -m 2 -o /dev/null "http://127.0.0.1:$1/apis/ccompat/v7/subjects"; }

start_registry() {
    [ "$STACK_REGISTRY" = yes ] && [ -z "$GIVEN_REGISTRY" ] || return 0
    sr_port=$PORT_REGISTRY
    ! stack_secure || sr_port=$PORT_APICURIO
    if ! running registry; then
        install_registry
        launch registry java -Xmx256m -XX:TieredStopAtLevel=1 "-Dquarkus.http.port=$sr_port" -Dquarkus.http.host=127.0.0.1 \
            -jar "$REGISTRY_HOME/app/apicurio-registry-app-$REGISTRY_VERSION-runner.jar"
    fi
    wait_until registry 180 registry_answers "$sr_port" || return 1
    ! stack_secure || secure_start_gate
}

ready() { curl -fs -m 2 -o /dev/null "http://127.0.0.1:$1/readyz"; }

launch_stage() {
    ls_name=$1
    mkdir -p "$RUN/state" "$RUN/inbox"
    ls_config=$ROOT/config/$ls_name.yaml
    set --
    if [ "$ls_name" = ingest ]; then # with the intake topics of the tests
        ls_config=$RUN/ingest.yaml
        cat "$ROOT/config/ingest.yaml" "$ROOT/tests/support/intake-topics.yaml" >"$ls_config" || return 1
        set -- --set "ingest.mappings=$ROOT/config/mappings" --set "ingest.code_lists=$ROOT/config/code_lists" \
            --set "ingest.rules=$ROOT/config/intake_rules.yaml" --set "ingest.exchange_rates=$ROOT/config/exchange_rates.yaml"
    fi
    [ "$ls_name" != classify ] || set -- --set "classify.listen=127.0.0.1:$PORT_SERVE"
    set -- --config "$ls_config" --set "admin.listen=127.0.0.1:$(admin_port "$ls_name")" "$@"
    if stack_secure; then
        set -- "$@" --set "kafka.password=\${file:$SECURE_DIR/kafka.secret}"
        [ "$ls_name" = risk ] || set -- "$@" --set "redis.password=\${file:$SECURE_DIR/redis.secret}" # risk has none
        [ "$ls_name" != classify ] || set -- "$@" --set "classify.tls_certificate=$SECURE_DIR/classify.pem" \
            --set "classify.tls_key=$SECURE_DIR/classify.key" --set "classify.tls_ca=$SECURE_DIR/ca.pem" \
            --set "classify.access=$SECURE_DIR/access.yaml"
        [ "$ls_name" != ingest ] || set -- "$@" --set "ingest.tls_certificate=$SECURE_DIR/ingest.pem" \
            --set "ingest.tls_key=$SECURE_DIR/ingest.key" --set "ingest.tls_ca=$SECURE_DIR/ca.pem" --set "ingest.access=$SECURE_DIR/access.yaml"
    fi
    launch "$ls_name" "$BIN/greenlane-$ls_name" "$@"
}

# A daemon answers /readyz when it has its partitions, its models and its producer.
start_stage() {
    running "$1" && return 0
    launch_stage "$1"
    wait_until "$1" 60 ready "$(admin_port "$1")"
}

start_one() {
    case $1 in
    kafka | kafka2 | kafka3) start_kafka "$1" ;;
    redis) start_redis ;;
    registry) start_registry ;;
    ingest | classify | risk | decide) start_stage "$1" ;;
    *) die "there is no '$1': kafka, redis, registry, ingest, classify, risk, decide" ;;
    esac
}

create_topics() {
    ct_replicas=1
    [ "$STACK_BROKERS" = 1 ] || ct_replicas=3
    (
        ! stack_secure || { KAFKA_PASSWORD=$(cat "$SECURE_DIR/kafka.secret") && export KAFKA_PASSWORD; }
        "$BIN/greenlane" topics create --config "$ROOT/config/decide.yaml" --partitions "${PARTITIONS:-4}" --replication "$ct_replicas"
    ) >>"$RUN/topics.log" 2>&1 || complain topics "could not be created"
}

register_schemas() {
    [ "$SCHEMA_REGISTRY_URL" = builtin ] && return 0
    "$BIN/greenlane" schema register >>"$RUN/schemas.log" 2>&1 || complain schemas "could not be registered"
}

stack_broker() {
    stack_ports
    if stack_secure; then secure_make || return 1; fi
    start_redis && start_kafka && start_registry && write_env
}

# Daemons start together; then each must become ready.
stack_up() {
    stack_broker && create_topics && register_schemas || return 1
    for su_name in $STAGES; do
        running "$su_name" || launch_stage "$su_name"
    done
    for su_name in $STAGES; do
        wait_until "$su_name" 60 ready "$(admin_port "$su_name")" || return 1
    done
}

# Stops all that was started: intake first, then what follows it, the servers last. Data of a stack that is down is not kept.
stack_down() {
    [ -d "$RUN" ] || return 0
    # shellcheck disable=SC2086
    signal_and_wait TERM 30 $STAGES
    signal_and_wait TERM 5 redis gate registry
    signal_and_wait TERM 15 kafka kafka2 kafka3
    rm -rf "$RUN/kafka" "$RUN/kafka2" "$RUN/kafka3" "$RUN/redis" "$RUN/gate" "$RUN/state" "$RUN/inbox" "$RUN/ports" "$RUN/env" "$RUN/secure"
}

stack_status() {
    [ ! -s "$RUN/ports" ] || . "$RUN/ports"
    for st_name in $(kafka_names) redis registry gate $STAGES; do
        if running "$st_name"; then say "$st_name: runs, pid $(cat "$RUN/$st_name.pid")"; else say "$st_name: -"; fi
    done
}

if [ "${STACK_MAIN:-no}" = yes ]; then
    case ${1:-} in
    broker) install_packages; stack_broker || { stack_down; exit 1; }; say "Kafka $KAFKA_BROKERS, Redis $REDIS_URL; . $RUN/env" ;;
    up) install_packages; stack_up || { stack_down; exit 1; }; say "up; . $RUN/env" ;;
    down) stack_down ;;
    start) stack_ports; start_one "${2:?name}" ;;
    stop) signal_and_wait TERM 30 "${2:?name}" ;;
    kill) signal_and_wait KILL 10 "${2:?name}" ;;
    status) stack_status ;;
    -h | --help) stack_usage ;;
    *) stack_usage >&2; exit 2 ;;
    esac
fi
