#ifndef SALLYPORT_COPENSSL_SHIM_H
#define SALLYPORT_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/*
 * What Swift cannot import: function-like macros, functions with variable arguments, and macros with casts.
 * Each shim is named after the macro it stands for, with the prefix `sallyport_`.
 */

static inline EVP_PKEY *sallyport_EVP_EC_gen_P256(void) { return EVP_EC_gen("P-256"); }
static inline EVP_PKEY *sallyport_EVP_RSA_gen(size_t bits) { return EVP_RSA_gen(bits); }

static inline long sallyport_BIO_get_mem_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

static inline int sallyport_ERR_GET_LIB(unsigned long code) { return ERR_GET_LIB(code); }
static inline int sallyport_ERR_GET_REASON(unsigned long code) { return ERR_GET_REASON(code); }

static inline long sallyport_SSL_CTX_set_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_mode(context, mode); }
static inline long sallyport_SSL_CTX_set_session_cache_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}
static inline long sallyport_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}
static inline long sallyport_SSL_CTX_set_max_proto_version(SSL_CTX *context, int version) {
    return SSL_CTX_set_max_proto_version(context, version);
}
static inline long sallyport_SSL_CTX_set1_groups_list(SSL_CTX *context, const char *groups) {
    return SSL_CTX_set1_groups_list(context, groups);
}
static inline void sallyport_SSL_CTX_set_read_ahead(SSL_CTX *context, long on) { SSL_CTX_set_read_ahead(context, on); }
static inline long sallyport_SSL_CTX_add1_chain_cert(SSL_CTX *context, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate);
}
static inline long sallyport_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
    return SSL_set_tlsext_host_name(ssl, name);
}

/* The constants whose macros contain casts. */
static const uint64_t sallyport_SSL_OP_NO_COMPRESSION = SSL_OP_NO_COMPRESSION;
static const uint64_t sallyport_SSL_OP_NO_TICKET = SSL_OP_NO_TICKET;
static const uint64_t sallyport_SSL_OP_NO_RENEGOTIATION = SSL_OP_NO_RENEGOTIATION;
static const uint64_t sallyport_SSL_OP_IGNORE_UNEXPECTED_EOF = SSL_OP_IGNORE_UNEXPECTED_EOF;
static const uint64_t sallyport_SSL_OP_CIPHER_SERVER_PREFERENCE = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t sallyport_SSL_OP_PRIORITIZE_CHACHA = SSL_OP_PRIORITIZE_CHACHA;

/* Names as in RFC 2253, but with non-ASCII characters as UTF-8 instead of escaped. */
static const unsigned long sallyport_XN_FLAG_RFC2253_UTF8 = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;

/* Keys the MAC of a session ticket with HMAC-SHA-256; the parameter list would be awkward to build from Swift. */
static inline int sallyport_ticket_mac_init(EVP_MAC_CTX *mac, const unsigned char *key, size_t length) {
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, length),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters);
}

/* What a peer has shown; the stack is a macro-typed container. */
static inline int sallyport_X509_stack_count(STACK_OF(X509) *certificates) { return sk_X509_num(certificates); }

static inline X509 *sallyport_X509_stack_get(STACK_OF(X509) *certificates, int index) {
    return sk_X509_value(certificates, index);
}

/* Subject alternative names: the stack is a macro-typed container, the name a union. */
static inline GENERAL_NAMES *sallyport_X509_get_subject_alternative_names(const X509 *certificate) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}
static inline int sallyport_GENERAL_NAMES_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
/* The kind (GEN_DNS, GEN_IPADD, ...) of a name; its bytes for those two kinds, borrowed from `names`. */
static inline int sallyport_GENERAL_NAMES_get(const GENERAL_NAMES *names, int index, const unsigned char **bytes,
                                              int *length) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    const ASN1_STRING *value = NULL;
    if (name->type == GEN_DNS) value = name->d.dNSName;
    if (name->type == GEN_IPADD) value = name->d.iPAddress;
    *bytes = value ? ASN1_STRING_get0_data(value) : NULL;
    *length = value ? ASN1_STRING_length(value) : 0;
    return name->type;
}

/* Adds one extension, in the notation of x509v3_config(5), to a certificate that is its own issuer. */
static inline int sallyport_X509_add_extension(X509 *certificate, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL) return 0;
    int added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

#endif
