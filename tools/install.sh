# shellcheck shell=sh disable=SC2119,SC2120
# Brings in what a bare Debian or Ubuntu lacks: packages with apt, Kafka and the schema registry with Maven, the outside Kafka client for tests with pip.
# Each step does nothing when its result is there. Registries are reached by the ordinary settings of apt, mvn and pip.
# To be sourced after common.sh.

KAFKA_VERSION=3.9.1
KAFKA_HOME=$CACHE/kafka-$KAFKA_VERSION
REGISTRY_VERSION=2.6.13.Final
REGISTRY_HOME=$CACHE/apicurio-$REGISTRY_VERSION

# Packages by name; tools by the command that they bring, so that another provider of the command will do.
APT_LIBRARIES="libc6-dev librdkafka-dev libavro-dev libhiredis-dev libyaml-dev liblmdb-dev libzstd-dev libmicrohttpd-dev libgnutls28-dev libxml2-dev
 libxgboost-dev libyajl-dev libssl-dev libcurl4-openssl-dev libzip-dev zlib1g-dev libcriterion-dev python3-venv ca-certificates"
APT_TOOLS="gcc:gcc cmake:cmake ninja:ninja-build pkg-config:pkg-config ccache:ccache python3:python3 redis-server:redis-server
 java:default-jre-headless mvn:maven curl:curl openssl:openssl"

apt_has() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed'; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "packages are missing and this user is neither root nor has sudo; as root: apt-get install $apt_missing"
    fi
}

# A package that brings a service starts it when it is installed; not here: policy-rc.d says no for the while.
APT_POLICY=/usr/sbin/policy-rc.d
apt_install() {
    apt_missing=$*
    have apt-get || die "packages are missing and there is no apt-get here: $apt_missing"
    step "installing with apt: $apt_missing"
    mkdir -p "$BUILD"
    apt_log=$BUILD/apt.log
    apt_redis=no
    have redis-server || apt_redis=yes
    apt_policy=no
    if [ ! -e "$APT_POLICY" ]; then
        apt_policy=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$APT_POLICY" >/dev/null
        as_root chmod 755 "$APT_POLICY"
    fi
    apt_rc=0
    {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
    } >"$apt_log" 2>&1 || apt_rc=$?
    [ "$apt_policy" = no ] || as_root rm -f "$APT_POLICY"
    if [ "$apt_rc" != 0 ]; then
        tail -n 20 "$apt_log" >&2
        die "apt-get failed; all of its output is in $apt_log"
    fi
    # The service that came with redis-server is not used and would start with the machine.
    if [ "$apt_redis" = yes ] && [ -d /run/systemd/system ]; then
        as_root systemctl disable redis-server >/dev/null 2>&1 || :
    fi
}

# install_packages [COMMAND:PACKAGE...]: also these.
install_packages() {
    ip_missing=
    for ip_package in $APT_LIBRARIES; do
        apt_has "$ip_package" || ip_missing="$ip_missing $ip_package"
    done
    for ip_pair in $APT_TOOLS "$@"; do
        have "${ip_pair%%:*}" || ip_missing="$ip_missing ${ip_pair#*:}"
    done
    # shellcheck disable=SC2086
    [ -z "$ip_missing" ] || apt_install $ip_missing
}

# clang-format 14 is what the format is checked with; a system that does not have it builds and tests without that check.
install_format() {
    have clang-format-14 && return 0
    have apt-cache || return 0
    if apt-cache show clang-format-14 >/dev/null 2>&1; then
        apt_install clang-format-14
    fi
}

# promtool and a Prometheus for the tests of what operators see; the service that comes with them is not used.
install_prometheus() {
    have promtool && have prometheus && return 0
    apt_install prometheus
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable prometheus >/dev/null 2>&1 || :
    fi
}

# The TLS proxy before the schema registry of a stack with every lock on; only its program is used, not its service.
nginx_command() { command -v nginx || { [ ! -x /usr/sbin/nginx ] || say /usr/sbin/nginx; }; }

install_nginx() {
    [ -z "$(nginx_command)" ] || return 0
    apt_install nginx
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable nginx >/dev/null 2>&1 || :
    fi
}

install_kafka() {
    [ -e "$KAFKA_HOME/complete" ] && return 0
    step "fetching Kafka $KAFKA_VERSION with Maven"
    rm -rf "$KAFKA_HOME"
    mkdir -p "$KAFKA_HOME"
    cat >"$KAFKA_HOME/pom.xml" <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>greenlane</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$KAFKA_VERSION</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
    if ! foreground mvn -B -q -C -f "$KAFKA_HOME/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$KAFKA_HOME/libs" >"$KAFKA_HOME/fetch.log" 2>&1; then
        tail -n 20 "$KAFKA_HOME/fetch.log" >&2
        die "Maven could not fetch Kafka; all of its output is in $KAFKA_HOME/fetch.log"
    fi
    : >"$KAFKA_HOME/complete"
}

# The schema registry of the tests: Apicurio, which speaks Confluent's API. Only for the steps that need it.
install_registry() {
    [ -e "$REGISTRY_HOME/complete" ] && return 0
    step "fetching Apicurio Registry $REGISTRY_VERSION with Maven"
    rm -rf "$REGISTRY_HOME"
    mkdir -p "$REGISTRY_HOME/app"
    ir_artifact=io.apicurio:apicurio-registry-app:$REGISTRY_VERSION:tar.gz:all
    if ! { (cd "$REGISTRY_HOME" && foreground mvn -B -q -C dependency:copy "-Dartifact=$ir_artifact" \
        -DoutputDirectory="$REGISTRY_HOME") && tar -xzf "$REGISTRY_HOME/apicurio-registry-app-$REGISTRY_VERSION-all.tar.gz" \
        -C "$REGISTRY_HOME/app"; } >"$REGISTRY_HOME/fetch.log" 2>&1; then
        tail -n 20 "$REGISTRY_HOME/fetch.log" >&2
        die "Maven could not fetch the registry; all of its output is in $REGISTRY_HOME/fetch.log"
    fi
    rm -f "$REGISTRY_HOME"/*.tar.gz
    : >"$REGISTRY_HOME/complete"
}

# The Kafka client of the tests that is not ours: confluent-kafka, fastavro and zstandard, in a virtual environment in the build directory.
install_venv() {
    iv_wanted=$ROOT/tests/e2e/requirements.txt
    cmp -s "$iv_wanted" "$VENV/requirements.txt" && return 0
    step "making a Python environment for the tests (confluent-kafka, fastavro, zstandard)"
    mkdir -p "$BUILD"
    rm -rf "$VENV"
    if ! { python3 -m venv "$VENV" &&
        "$VENV/bin/pip" --disable-pip-version-check -q install --only-binary :all: -r "$iv_wanted"; } >"$BUILD/venv.log" 2>&1; then
        tail -n 20 "$BUILD/venv.log" >&2
        die "pip failed; all of its output is in $BUILD/venv.log"
    fi
    cp "$iv_wanted" "$VENV/requirements.txt"
}
