#!/bin/sh
# Makes certificates for tests and for a stack on this machine: short-lived, never to be committed. Needs openssl.
set -eu
if [ $# -lt 1 ]; then
    cat >&2 <<'USAGE'
usage: tools/certificates.sh DIRECTORY [NAME...]

DIRECTORY gets an authority (ca.pem, ca.key) when it has none, and for each NAME a key (NAME.key) and a certificate (NAME.pem) signed by it,
for servers (localhost, 127.0.0.1) and clients alike, subject "CN=NAME,O=Greenlane". They end after two days.
NAME=expired makes one that ended already.
USAGE
    exit 2
fi
dir=$1
shift
umask 077
mkdir -p "$dir"
# Plain words: openssl's own configuration file may be missing.
cat >"$dir/openssl.cnf" <<'CONF'
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
CONF
quiet() { "$@" 2>"$dir/openssl.log" || { cat "$dir/openssl.log" >&2; exit 1; }; }
new_key() { quiet openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

if [ ! -s "$dir/ca.pem" ]; then
    new_key "$dir/ca.key"
    quiet openssl req -new -x509 -config "$dir/openssl.cnf" -extensions authority -key "$dir/ca.key" -days 2 \
        -subj "/O=Greenlane/CN=authority of $(basename "$dir")" -out "$dir/ca.pem"
fi
for name in "$@"; do
    days=2
    [ "$name" != expired ] || days=-1
    new_key "$dir/$name.key"
    quiet openssl req -new -config "$dir/openssl.cnf" -key "$dir/$name.key" -subj "/O=Greenlane/CN=$name" -out "$dir/$name.csr"
    quiet openssl x509 -req -in "$dir/$name.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days "$days" \
        -extfile "$dir/openssl.cnf" -extensions leaf -out "$dir/$name.pem"
    rm -f "$dir/$name.csr"
done
