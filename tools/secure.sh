# shellcheck shell=sh disable=SC1091
# A stack with every lock on: brokers by SASL_SSL (clients with a password) and by TLS with certificates on a second port, Redis with an ACL,
# HTTPS with certificates and API keys at the intake and at classify, a schema registry by HTTPS with a password. Passwords, keys and
# certificates are made anew for each stack, in run/secure, and go with it. To be sourced by stack.sh; it is in use when SECURE=yes, or when run/secure is there.

stack_secure() { [ "${SECURE:-no}" = yes ] || [ -d "$RUN/secure" ]; }

# 43 characters that nobody guesses.
secure_random() { python3 -c 'import secrets; print(secrets.token_urlsafe(32))'; }

secure_hash() { printf %s "$1" | sha256sum | cut -d' ' -f1; }

# What a stack needs before its servers: once for each stack.
secure_make() {
    SECURE_DIR=$RUN/secure
    [ -e "$SECURE_DIR/made" ] && return 0
    (
        umask 077
        mkdir -p "$SECURE_DIR"
        sh "$ROOT/tools/certificates.sh" "$SECURE_DIR" broker ingest classify registry greenlane default customs hub-1 nobody expired
        sh "$ROOT/tools/certificates.sh" "$SECURE_DIR/stranger" broker ingest default
        cat "$SECURE_DIR/broker.key" "$SECURE_DIR/broker.pem" >"$SECURE_DIR/broker.keystore.pem"
        for sm_name in kafka powerless redis registry hub-1-key; do secure_random >"$SECURE_DIR/$sm_name.secret"; done
        # The intake's submitters: by certificate, by key, and one that is soon at its limits.
        cat >"$SECURE_DIR/access.yaml" <<YAML
submitters:
  - account: default
    certificates: ["CN=default,O=Greenlane"]
  - account: customs
    certificates: ["CN=customs,O=Greenlane"]
  - account: hub-1
    keys: [sha256:$(secure_hash "$(cat "$SECURE_DIR/hub-1-key.secret")")]
    certificates: ["CN=hub-1,O=Greenlane"]
    requests_per_minute: 60
    body_limit: 1m
YAML
        printf 'greenlane:%s\n' "$(openssl passwd -6 -stdin <"$SECURE_DIR/registry.secret")" >"$SECURE_DIR/registry.users"
        # No more than the stages use; everything is below gl:.
        cat >"$SECURE_DIR/redis.acl" <<ACL
user default off
user greenlane on #$(secure_hash "$(cat "$SECURE_DIR/redis.secret")") ~gl:* resetchannels -@all +ping +select +mget +get +getrange +set +del +persist +pexpire +pttl +zadd +zcard +zrange +zremrangebyrank +evalsha +script|load
ACL
        [ -s "$SECURE_DIR/expired.pem" ] && [ -s "$SECURE_DIR/stranger/default.pem" ]
    ) || { warn "no certificates could be made"; return 1; }
    : >"$SECURE_DIR/made"
}

# After stack_ports: what daemons and commands are told; a server that joins adds its address and credentials here, and its refusals to
# secure_show (demo.sh) and secure.py. Clients of the second port: KAFKA_BROKERS=$KAFKA_MTLS_BROKERS.
secure_env() {
    SECURE_DIR=$RUN/secure
    INGEST_URL=https://127.0.0.1:$PORT_HTTP CLASSIFY_URL=https://127.0.0.1:$PORT_SERVE
    KAFKA_MTLS_BROKERS=127.0.0.1:$PORT_KAFKA2
    KAFKA_SECURITY=sasl_ssl KAFKA_USERNAME=greenlane KAFKA_CA=$SECURE_DIR/ca.pem REDIS_USERNAME=greenlane
    INGEST_CA=$SECURE_DIR/ca.pem INGEST_CERTIFICATE=$SECURE_DIR/default.pem INGEST_KEY=$SECURE_DIR/default.key
    # One that is given has its own, from the environment.
    if [ -z "$GIVEN_REGISTRY" ]; then
        SCHEMA_REGISTRY_URL=https://127.0.0.1:$PORT_REGISTRY/apis/ccompat/v7
        SCHEMA_REGISTRY_CA_FILE=$SECURE_DIR/ca.pem SCHEMA_REGISTRY_USER=greenlane SCHEMA_REGISTRY_PASSWORD_FILE=$SECURE_DIR/registry.secret
        export SCHEMA_REGISTRY_URL SCHEMA_REGISTRY_CA_FILE SCHEMA_REGISTRY_USER SCHEMA_REGISTRY_PASSWORD_FILE
    fi
    export KAFKA_MTLS_BROKERS KAFKA_SECURITY KAFKA_USERNAME KAFKA_CA REDIS_USERNAME INGEST_URL CLASSIFY_URL INGEST_CA INGEST_CERTIFICATE INGEST_KEY
}

# Commands that a person types have the passwords in their environment; daemons read files.
secure_write_env() {
    for se_name in KAFKA_MTLS_BROKERS KAFKA_SECURITY KAFKA_USERNAME KAFKA_CA REDIS_USERNAME INGEST_CA INGEST_CERTIFICATE INGEST_KEY \
        SCHEMA_REGISTRY_CA_FILE SCHEMA_REGISTRY_USER SCHEMA_REGISTRY_PASSWORD_FILE; do
        eval "se_value=\${$se_name:-}"
        # shellcheck disable=SC2154
        say "export $se_name='$se_value'"
    done
    say "KAFKA_PASSWORD=\$(cat '$SECURE_DIR/kafka.secret') REDIS_PASSWORD=\$(cat '$SECURE_DIR/redis.secret')"
    say "export KAFKA_PASSWORD REDIS_PASSWORD"
}

# Lines of server.properties instead of those of an open broker. $1: the controller's port.
secure_kafka_properties() {
    cat <<CONF
listeners=CLIENTS://127.0.0.1:$PORT_KAFKA,MTLS://127.0.0.1:$PORT_KAFKA2,CONTROLLER://127.0.0.1:$1
advertised.listeners=CLIENTS://127.0.0.1:$PORT_KAFKA,MTLS://127.0.0.1:$PORT_KAFKA2
inter.broker.listener.name=MTLS
listener.security.protocol.map=CLIENTS:SASL_SSL,MTLS:SSL,CONTROLLER:SSL
ssl.keystore.type=PEM
ssl.keystore.location=$SECURE_DIR/broker.keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location=$SECURE_DIR/ca.pem
ssl.client.auth=required
listener.name.clients.ssl.client.auth=none
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:CN=broker,O=Greenlane;User:CN=greenlane,O=Greenlane;User:greenlane
CONF
}

# Options of the storage's formatting: the users of SCRAM. powerless has a password and may do nothing.
secure_kafka_users() {
    for sk_user in greenlane:kafka powerless:powerless; do
        printf '%s\n' --add-scram "SCRAM-SHA-512=[name=${sk_user%%:*},password=$(cat "$SECURE_DIR/${sk_user#*:}.secret")]"
    done
}

# Apicurio takes users only from an OIDC server; this stack has none. So it listens on loopback without any, and what clients are given is a
# proxy before it: TLS, a user and a password. In production its own port belongs behind a firewall, or on a socket of the proxy's host.
secure_gate_configure() {
    mkdir -p "$RUN/gate"
    cat >"$RUN/gate/nginx.conf" <<CONF
daemon off;
master_process off;
pid $RUN/gate/pid;
error_log stderr warn;
events {}
http {
    access_log off;
    client_body_temp_path $RUN/gate/body;
    proxy_temp_path $RUN/gate/proxy;
    fastcgi_temp_path $RUN/gate/fastcgi;
    uwsgi_temp_path $RUN/gate/uwsgi;
    scgi_temp_path $RUN/gate/scgi;
    server {
        listen 127.0.0.1:$PORT_REGISTRY ssl;
        ssl_certificate $SECURE_DIR/registry.pem;
        ssl_certificate_key $SECURE_DIR/registry.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        client_max_body_size 4m;
        client_body_buffer_size 1m;
        auth_basic "schema registry";
        auth_basic_user_file $SECURE_DIR/registry.users;
        error_page 401 @unknown;
        error_page 497 @plain;
        location / {
            proxy_pass http://127.0.0.1:$PORT_APICURIO;
            proxy_set_header Authorization "";
        }
        location @unknown {
            auth_basic off;
            default_type application/json;
            return 401 '{"error_code":401,"message":"user or password is missing or wrong"}';
        }
        location @plain {
            auth_basic off;
            default_type application/json;
            return 400 '{"error_code":400,"message":"this port speaks HTTPS"}';
        }
    }
}
CONF
}

secure_gate_answers() {
    printf 'user = "greenlane:%s"\n' "$(cat "$SECURE_DIR/registry.secret")" |
        curl -fs -m 2 -o /dev/null --cacert "$SECURE_DIR/ca.pem" -K - "$SCHEMA_REGISTRY_URL/subjects"
}

secure_start_gate() {
    running gate && return 0
    install_nginx
    secure_gate_configure
    launch gate "$(nginx_command)" -p "$RUN/gate" -c "$RUN/gate/nginx.conf"
    wait_until gate 20 secure_gate_answers
}
