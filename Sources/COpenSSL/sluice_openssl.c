#include "sluice_openssl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

int sluice_hmac_sha256(const uint8_t *key, size_t key_length, const uint8_t *message, size_t message_length, uint8_t *code) {
    unsigned int length = 0;
    if (key_length > INT_MAX) return 0;
    return HMAC(EVP_sha256(), key, (int)key_length, message, message_length, code, &length) != NULL && length == 32;
}

int sluice_random_bytes(uint8_t *bytes, size_t length) {
    return length <= INT_MAX && RAND_bytes(bytes, (int)length) == 1;
}

static int add_extension(X509 *certificate, int kind, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    if (extension == NULL) return 0;
    int added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

// Built by hand, not through the configuration syntax, in which a comma in the host would start another name.
static int add_dns_name(X509 *certificate, const char *host) {
    int added = 0;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    if (names == NULL || name == NULL || text == NULL) goto done;
    if (!ASN1_STRING_set(text, host, -1)) goto done;
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    text = NULL;
    if (!sk_GENERAL_NAME_push(names, name)) goto done;
    name = NULL;
    added = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
done:
    ASN1_IA5STRING_free(text);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return added;
}

static int set_serial(X509 *certificate) {
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1) return 0;
    bytes[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    if (number == NULL) return 0;
    int set = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return set;
}

static int fill(X509 *certificate, EVP_PKEY *key, const char *host, int days) {
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_set_version(certificate, 2)
        && set_serial(certificate)
        && X509_gmtime_adj(X509_getm_notBefore(certificate), -300) != NULL
        && X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, NULL) != NULL
        && X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"Sluice", -1, -1, 0)
        && X509_set_issuer_name(certificate, subject)
        && X509_set_pubkey(certificate, key)
        && add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE")
        && add_extension(certificate, NID_key_usage, "critical,digitalSignature,keyCertSign")
        && add_extension(certificate, NID_ext_key_usage, "serverAuth")
        && add_dns_name(certificate, host)
        && X509_sign(certificate, key, EVP_sha256()) > 0;
}

static char *text_of(BIO *memory) {
    char *bytes = NULL;
    long length = BIO_get_mem_data(memory, &bytes);
    if (length <= 0) return NULL;
    char *text = malloc((size_t)length + 1);
    if (text == NULL) return NULL;
    memcpy(text, bytes, (size_t)length);
    text[length] = 0;
    return text;
}

int sluice_make_certificate(const char *host, int days, char **certificate_pem, char **key_pem) {
    *certificate_pem = NULL;
    *key_pem = NULL;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *certificate_text = BIO_new(BIO_s_mem());
    BIO *key_text = BIO_new(BIO_s_mem());
    if (key != NULL && certificate != NULL && certificate_text != NULL && key_text != NULL
        && fill(certificate, key, host, days)
        && PEM_write_bio_X509(certificate_text, certificate)
        && PEM_write_bio_PKCS8PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL)) {
        *certificate_pem = text_of(certificate_text);
        *key_pem = text_of(key_text);
    }
    EVP_PKEY_free(key);
    X509_free(certificate);
    BIO_free(certificate_text);
    BIO_free(key_text);
    if (*certificate_pem != NULL && *key_pem != NULL) return 1;
    sluice_free_text(*certificate_pem);
    sluice_free_text(*key_pem);
    *certificate_pem = NULL;
    *key_pem = NULL;
    return 0;
}

void sluice_free_text(char *text) {
    free(text);
}
