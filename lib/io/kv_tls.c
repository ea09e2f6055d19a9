/* See kv_tls.h. OpenSSL's objects are made here, since hiredis checks no host names; hiredis reads through them. */
#include "io/kv_tls.h"

#if GL_HIREDIS_TLS

#include <arpa/inet.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gl_kv_tls {
    SSL_CTX *context;
    SSL *connection; /* of the connection that stands; hiredis owns it */
    char *host;
};

const char *gl_kv_tls_missing(void)
{
    return NULL;
}

static const char *reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = code == 0 ? NULL : ERR_reason_error_string(code);
    return text == NULL ? "unknown" : text;
}

static bool load_files(SSL_CTX *context, const gl_kv_conf *conf, gl_err *err)
{
    const char *ca = conf->tls_ca, *certificate = conf->tls_certificate, *key = conf->tls_key;
    bool own_ca = ca != NULL && ca[0] != '\0', own = certificate != NULL && certificate[0] != '\0';
    ERR_clear_error();
    if ((own_ca ? SSL_CTX_load_verify_locations(context, ca, NULL) : SSL_CTX_set_default_verify_paths(context)) != 1)
        return gl_fail(err, GL_FATAL, "kv-tls", "redis.tls_ca: cannot read %s: %s", own_ca ? ca : "the system's",
                       reason());
    if (own && SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return gl_fail(err, GL_FATAL, "kv-tls", "redis.tls_certificate: cannot read %s: %s", certificate, reason());
    if (own && SSL_CTX_use_PrivateKey_file(context, key == NULL ? "" : key, SSL_FILETYPE_PEM) != 1)
        return gl_fail(err, GL_FATAL, "kv-tls", "redis.tls_key: cannot read %s: %s", key == NULL ? "" : key, reason());
    return true;
}

gl_kv_tls *gl_kv_tls_new(const gl_kv_conf *conf, const char *host, gl_err *err)
{
    gl_kv_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        abort();
    tls->context = SSL_CTX_new(TLS_client_method());
    tls->host = strdup(host);
    if (tls->context == NULL || tls->host == NULL)
        abort();
    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    if (load_files(tls->context, conf, err))
        return tls;
    gl_kv_tls_destroy(tls);
    return NULL;
}

void gl_kv_tls_destroy(gl_kv_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    free(tls->host);
    free(tls);
}

/* The name that the certificate must have: an address, or a host's name, which is also told to the server. */
static bool expect_host(SSL *connection, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), host) == 1;
    return SSL_set1_host(connection, host) == 1 && SSL_set_tlsext_host_name(connection, host) == 1;
}

bool gl_kv_tls_begin(gl_kv_tls *tls, struct redisContext *redis, char *why, size_t why_bytes)
{
    ERR_clear_error();
    SSL *connection = SSL_new(tls->context);
    if (connection == NULL || !expect_host(connection, tls->host)) {
        snprintf(why, why_bytes, "TLS: %s", reason());
        SSL_free(connection);
        return false;
    }
    if (redisInitiateSSL(redis, connection) != REDIS_OK) {
        snprintf(why, why_bytes, "TLS: %s", redis->errstr);
        SSL_free(connection);
        return false;
    }
    tls->connection = connection;
    return true;
}

static gl_kv_tls_step step_of(int problem)
{
    return problem == SSL_ERROR_WANT_READ    ? GL_KV_TLS_READ
           : problem == SSL_ERROR_WANT_WRITE ? GL_KV_TLS_WRITE
                                             : GL_KV_TLS_FAILED;
}

gl_kv_tls_step gl_kv_tls_handshake(gl_kv_tls *tls, char *why, size_t why_bytes)
{
    ERR_clear_error();
    errno = 0;
    int done = SSL_do_handshake(tls->connection);
    if (done == 1)
        return GL_KV_TLS_DONE;
    gl_kv_tls_step step = step_of(SSL_get_error(tls->connection, done));
    long verified = SSL_get_verify_result(tls->connection);
    if (step == GL_KV_TLS_FAILED && verified != X509_V_OK)
        snprintf(why, why_bytes, "TLS: the server's certificate: %s", X509_verify_cert_error_string(verified));
    else if (step == GL_KV_TLS_FAILED)
        snprintf(why, why_bytes, "TLS: %s",
                 ERR_peek_last_error() != 0 ? reason()
                 : errno != 0               ? strerror(errno)
                                            : "the server closed the connection");
    return step;
}

void gl_kv_tls_end(gl_kv_tls *tls)
{
    tls->connection = NULL;
}

ssize_t gl_kv_tls_send(gl_kv_tls *tls, const void *data, size_t len)
{
    ERR_clear_error();
    int done = SSL_write(tls->connection, data, len > 1 << 20 ? 1 << 20 : (int)len);
    if (done > 0)
        return done;
    bool waits = step_of(SSL_get_error(tls->connection, done)) != GL_KV_TLS_FAILED;
    errno = waits ? EAGAIN : errno == 0 || errno == EAGAIN ? ECONNRESET : errno;
    return -1;
}

bool gl_kv_tls_pending(const gl_kv_tls *tls)
{
    return tls->connection != NULL && SSL_pending(tls->connection) > 0;
}

#else

#include <hiredis/hiredis.h>

#define TEXT_OF(number)  #number
#define VERSION_OF(a, b) TEXT_OF(a) "." TEXT_OF(b)

const char *gl_kv_tls_missing(void)
{
    return "wants TLS (rediss://), but hiredis " VERSION_OF(
        HIREDIS_MAJOR, HIREDIS_MINOR) ", which this was built with, has none: build with hiredis 1.0 or later and "
                                      "hiredis_ssl, or use redis:// through a TLS proxy on this host";
}

gl_kv_tls *gl_kv_tls_new(const gl_kv_conf *conf, const char *host, gl_err *err)
{
    (void)conf;
    (void)host;
    gl_fail(err, GL_FATAL, "kv-tls", "the URL of Redis %s", gl_kv_tls_missing());
    return NULL;
}

void gl_kv_tls_destroy(gl_kv_tls *tls)
{
    (void)tls;
}

bool gl_kv_tls_begin(gl_kv_tls *tls, struct redisContext *redis, char *why, size_t why_bytes)
{
    (void)tls;
    (void)redis;
    (void)why;
    (void)why_bytes;
    return false;
}

gl_kv_tls_step gl_kv_tls_handshake(gl_kv_tls *tls, char *why, size_t why_bytes)
{
    (void)tls;
    (void)why;
    (void)why_bytes;
    return GL_KV_TLS_FAILED;
}

void gl_kv_tls_end(gl_kv_tls *tls)
{
    (void)tls;
}

ssize_t gl_kv_tls_send(gl_kv_tls *tls, const void *data, size_t len)
{
    (void)tls;
    (void)data;
    (void)len;
    return -1;
}

bool gl_kv_tls_pending(const gl_kv_tls *tls)
{
    (void)tls;
    return false;
}

#endif
