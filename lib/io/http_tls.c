/* See http_tls.h. GnuTLS, since that is what Debian's libmicrohttpd is built with. */
#include "io/http_tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>

enum { PEM_LIMIT_BYTES = 1 << 20, WHY_BYTES = 256 };

struct gl_http_tls {
    gnutls_certificate_credentials_t credentials;
    char *certificate, *key; /* PEM */
    bool asks;               /* clients for certificates */
    int references;          /* atomic access */
};

struct gl_http_peer_state {
    gl_http_tls *tls;
    bool checked;
    gnutls_datum_t subject; /* data NULL: none */
    char why[WHY_BYTES];
};

/* On the heap, NUL-terminated; NULL and err. */
static char *read_pem(const char *what, const char *path, gl_err *err)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(PEM_LIMIT_BYTES + 1);
    if (text == NULL)
        abort();
    size_t len = file == NULL ? 0 : fread(text, 1, PEM_LIMIT_BYTES, file);
    bool good = file != NULL && !ferror(file) && len > 0 && len < PEM_LIMIT_BYTES;
    if (!good)
        gl_fail(err, GL_FATAL, "http-tls", "%s: cannot read %s: %s", what, path,
                file == NULL ? strerror(errno) : "empty, too large or not a file");
    if (file != NULL)
        fclose(file);
    text[good ? len : 0] = '\0';
    if (good)
        return text;
    free(text);
    return NULL;
}

static bool load(gl_http_tls *tls, const char *certificate, const char *key, const char *ca, gl_err *err)
{
    tls->certificate = read_pem("tls_certificate", certificate, err);
    tls->key = tls->certificate == NULL ? NULL : read_pem("tls_key", key, err);
    if (tls->key == NULL)
        return false;
    gnutls_datum_t pair[2] = {{(unsigned char *)tls->certificate, (unsigned)strlen(tls->certificate)},
                              {(unsigned char *)tls->key, (unsigned)strlen(tls->key)}};
    int code = gnutls_certificate_set_x509_key_mem(tls->credentials, &pair[0], &pair[1], GNUTLS_X509_FMT_PEM);
    if (code < 0)
        return gl_fail(err, GL_FATAL, "http-tls", "%s and %s: %s", certificate, key, gnutls_strerror(code));
    if (!tls->asks)
        return true;
    code = gnutls_certificate_set_x509_trust_file(tls->credentials, ca, GNUTLS_X509_FMT_PEM);
    return code > 0 || gl_fail(err, GL_FATAL, "http-tls", "tls_ca: cannot read %s: %s", ca,
                               code == 0 ? "no certificate in it" : gnutls_strerror(code));
}

gl_http_tls *gl_http_tls_new(const char *certificate, const char *key, const char *ca, gl_err *err)
{
    gl_http_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL || gnutls_certificate_allocate_credentials(&tls->credentials) != GNUTLS_E_SUCCESS)
        abort();
    tls->references = 1;
    tls->asks = ca != NULL && ca[0] != '\0';
    if (load(tls, certificate, key, ca, err))
        return tls;
    gl_http_tls_release(tls);
    return NULL;
}

gl_http_tls *gl_http_tls_retain(gl_http_tls *tls)
{
    __atomic_add_fetch(&tls->references, 1, __ATOMIC_RELAXED);
    return tls;
}

void gl_http_tls_release(gl_http_tls *tls)
{
    if (tls == NULL || __atomic_sub_fetch(&tls->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    gnutls_certificate_free_credentials(tls->credentials);
    if (tls->key != NULL)
        explicit_bzero(tls->key, strlen(tls->key));
    free(tls->key);
    free(tls->certificate);
    free(tls);
}

const char *gl_http_tls_certificate(const gl_http_tls *tls)
{
    return tls->certificate;
}

const char *gl_http_tls_key(const gl_http_tls *tls)
{
    return tls->key;
}

gl_http_peer_state *gl_http_peer_begin(gl_http_tls *tls, void *session)
{
    gl_http_peer_state *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        abort();
    peer->tls = gl_http_tls_retain(tls);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials);
    /* Asked for, not insisted on: who has none may have a key, and is told in HTTP what is missing. */
    gnutls_certificate_server_set_request(session, tls->asks ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE);
    return peer;
}

void gl_http_peer_end(gl_http_peer_state *peer)
{
    if (peer == NULL)
        return;
    gnutls_free(peer->subject.data);
    gl_http_tls_release(peer->tls);
    free(peer);
}

static bool read_subject(gl_http_peer_state *peer, const gnutls_datum_t *der)
{
    gnutls_x509_crt_t certificate;
    if (gnutls_x509_crt_init(&certificate) != GNUTLS_E_SUCCESS)
        return false;
    bool good = gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS &&
                gnutls_x509_crt_get_dn3(certificate, &peer->subject, 0) == GNUTLS_E_SUCCESS;
    gnutls_x509_crt_deinit(certificate);
    return good;
}

static void say_why(gl_http_peer_state *peer, gnutls_session_t session, unsigned status)
{
    gnutls_datum_t text = {NULL, 0};
    if (gnutls_certificate_verification_status_print(status, gnutls_certificate_type_get(session), &text, 0) ==
        GNUTLS_E_SUCCESS)
        snprintf(peer->why, sizeof peer->why, "%s", (const char *)text.data);
    else
        snprintf(peer->why, sizeof peer->why, "The certificate is NOT trusted.");
    for (size_t len = strlen(peer->why); len > 0 && peer->why[len - 1] == ' '; len--)
        peer->why[len - 1] = '\0';
    gnutls_free(text.data);
}

static void check(gl_http_peer_state *peer, gnutls_session_t session)
{
    static const char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
    unsigned count = 0, status = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    if (chain == NULL || count == 0)
        return;
    gnutls_typed_vdata_st wanted = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)purpose};
    if (gnutls_certificate_verify_peers(session, &wanted, 1, &status) != GNUTLS_E_SUCCESS || status != 0)
        say_why(peer, session, status);
    else if (!read_subject(peer, &chain[0]))
        snprintf(peer->why, sizeof peer->why, "The certificate has no subject.");
}

gl_str gl_http_peer_subject(gl_http_peer_state *peer, void *session, const char **why)
{
    if (!peer->checked)
        check(peer, session);
    peer->checked = true;
    *why = peer->why;
    return (gl_str){(const char *)peer->subject.data, peer->subject.size};
}
