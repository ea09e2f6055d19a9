# shellcheck shell=sh disable=SC1091
# `./dev demo`, also with --secure: from nothing to decisions that a person can read. To be sourced by dev.

# submit_counted NAME ARGUMENT...: `greenlane submit`, answers to run/demo/NAME.answers. Rejections are no failure: bad ones are part of the show.
submit_counted() {
    sc_name=$1
    shift
    sc_rc=0
    foreground "$BIN/greenlane" submit --json "$@" >"$RUN/$sc_name.answers" || sc_rc=$?
    [ "$sc_rc" -le 1 ] || die "greenlane submit failed (exit $sc_rc)"
}

# generate_some FORMAT COUNT PREFIX FILE
generate_some() {
    "$BIN/greenlane" generate --format "$1" --count "$2" --seed 20 --prefix "$3" --bad 1% --duplicates 1% --output "$RUN/$4" >/dev/null 2>&1
}

# secure_refused WHAT VARIABLE=VALUE... COMMAND...: what is said to who has another credential.
secure_refused() {
    sr_what=$1
    shift
    sr_said=$(env "$@" 2>&1) && die "$sr_what: was not refused"
    printf '   %-34s %s\n' "$sr_what" "$(say "$sr_said" | head -n 1 | cut -c1-150)"
}

# What the locks keep out, each with the words of the refusal.
secure_show() {
    step "every connection has a credential; refused are"
    ss_submit="$BIN/greenlane submit --patience 0 $ROOT/samples/parcel.json"
    ss_topics="$BIN/greenlane topics list"
    ss_schemas="$BIN/greenlane schema check"
    # shellcheck disable=SC2086
    {
        secure_refused "Kafka: a wrong password" KAFKA_PASSWORD=wrong $ss_topics
        secure_refused "Kafka: brokers that are not ours" "KAFKA_CA=$SECURE_DIR/stranger/ca.pem" $ss_topics
        secure_refused "registry: a wrong password" SCHEMA_REGISTRY_PASSWORD_FILE= SCHEMA_REGISTRY_PASSWORD=wrong $ss_schemas
        secure_refused "registry: one that is not ours" "SCHEMA_REGISTRY_CA_FILE=$SECURE_DIR/stranger/ca.pem" $ss_schemas
        secure_refused "intake: no credential" INGEST_CERTIFICATE= INGEST_KEY= $ss_submit
        secure_refused "intake: a stranger's certificate" "INGEST_CERTIFICATE=$SECURE_DIR/stranger/default.pem" \
            "INGEST_KEY=$SECURE_DIR/stranger/default.key" $ss_submit
        secure_refused "intake: a key that is unknown" INGEST_CERTIFICATE= INGEST_KEY= INGEST_API_KEY=gl_0123456789012345678901234567890123456789012 $ss_submit
    }
    ss_redis=$(REDIS_PASSWORD=wrong "$BIN/greenlane" doctor 2>&1 | grep '^BAD *Redis' | cut -c1-150) || die "Redis: a wrong password was not refused"
    printf '   %-34s %s\n' "Redis: a wrong password" "${ss_redis#BAD *Redis }"
}

do_demo() {
    dd_count=20000 dd_input='' dd_profile=''
    while [ $# -gt 0 ]; do
        case $1 in
        --secure) SECURE=yes && shift ;;
        --count) dd_count=${2:?--count N} && shift 2 ;;
        --input) dd_input=${2:?--input FILE} && shift 2 ;;
        --profile) dd_profile=${2:?--profile NAME} && shift 2 ;;
        *) die "demo: unknown option '$1'; ./dev --help" ;;
        esac
    done
    [ -z "$dd_input" ] || [ -r "$dd_input" ] || die "cannot read $dd_input"
    own_folder demo
    dd_from=$(date +%s)
    setup
    build dev
    step "starting Kafka, Redis and the four daemons"
    stack_up
    . "$RUN/env"
    ! stack_secure || secure_show

    step "the samples: one bad declaration among them, so that you see an answer to it"
    dd_rc=0
    foreground "$BIN/greenlane" submit --profile parcels "$ROOT"/samples/*.csv "$ROOT"/samples/*.json "$ROOT"/samples/*.xml || dd_rc=$?
    [ "$dd_rc" -le 1 ] || die "greenlane submit failed (exit $dd_rc)"
    submit_counted samples --profile parcels "$ROOT"/samples/*.csv "$ROOT"/samples/*.json "$ROOT"/samples/*.xml

    if [ -n "$dd_input" ]; then
        step "clearing $dd_input"
        if [ -n "$dd_profile" ]; then
            submit_counted input --profile "$dd_profile" "$dd_input"
        else
            submit_counted input "$dd_input"
        fi
    else
        # Most as our JSON, some as a parcel manifest, some as the KCS table, which has what the risk model wants to know.
        step "clearing $dd_count generated declarations, 1 % of them bad and 1 % sent twice"
        dd_table=$((dd_count / 5))
        dd_manifest=$((dd_count / 10))
        generate_some ndjson $((dd_count - dd_table - dd_manifest)) DEMOA generated.ndjson
        generate_some kcs "$dd_table" DEMOB kcs.csv
        generate_some parcels "$dd_manifest" DEMOC parcels.csv
        submit_counted generated "$RUN/generated.ndjson"
        submit_counted kcs --profile kcs "$RUN/kcs.csv"
        submit_counted parcels --profile parcels "$RUN/parcels.csv"
    fi

    dd_accepted=$(python3 "$ROOT/tools/demo_check.py" count "$RUN"/*.answers)
    dd_rc=0
    foreground "$BIN/greenlane" decisions --wait "$dd_accepted" --timeout 180000 --summary || dd_rc=$?
    step "a decision of each lane, explained"
    foreground "$BIN/greenlane" decisions --examples 1 || dd_rc=$?
    say ""
    "$BIN/greenlane" decisions --json | python3 "$ROOT/tools/demo_check.py" match "$RUN"/*.answers || dd_rc=1
    if [ "$dd_rc" = 0 ]; then
        say "All of it in $(($(date +%s) - dd_from)) s. To keep such a stack and use it: ./dev up, then . run/env and greenlane --help"
    fi
    rm -f "$RUN"/*.ndjson "$RUN"/*.csv "$RUN"/*.answers
    return "$dd_rc"
}
