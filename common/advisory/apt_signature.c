#include <rnp/rnp.h>
#include <rnp/rnp_err.h>
#include <stdio.h>

#include "advisory/apt_index.h"
#include "base/limits.h"

static void ffi_release(rnp_ffi_t *ffi)
{
    if (*ffi)
        rnp_ffi_destroy(*ffi);
}

static void input_release(rnp_input_t *input)
{
    if (*input)
        rnp_input_destroy(*input);
}

static void output_release(rnp_output_t *output)
{
    if (*output)
        rnp_output_destroy(*output);
}

static void verify_release(rnp_op_verify_t *op)
{
    if (*op)
        rnp_op_verify_destroy(*op);
}

static bool memory_input(struct slice bytes, rnp_input_t *out)
{
    return rnp_input_from_memory(out, (const uint8_t *)bytes.data, bytes.length, false) ==
           RNP_SUCCESS;
}

/* Keys that this library cannot read are skipped: one good key is enough. */
static bool load_keys(rnp_ffi_t ffi, const struct apt_keyring *keys, size_t count,
                      struct error *err)
{
    size_t loaded = 0;
    for (size_t i = 0; i < count; i++) {
        rnp_input_t input scoped(input_release) = NULL;
        if (keys[i].bytes.length == 0 || !memory_input(keys[i].bytes, &input))
            continue;
        if (rnp_import_keys(ffi, input, RNP_LOAD_SAVE_PUBLIC_KEYS | RNP_LOAD_SAVE_PERMISSIVE,
                            NULL) == RNP_SUCCESS)
            loaded++;
    }
    if (loaded == 0)
        return error_set(err, ERROR_INPUT, "no readable key in %zu keyrings", count);
    return true;
}

/* rnp may call an operation on unsigned bytes a success: only a good signature counts here. */
static bool good_signer(rnp_op_verify_t op, char signer[static 64], struct error *err)
{
    size_t count = 0;
    rnp_result_t worst = RNP_ERROR_KEY_NOT_FOUND;
    if (rnp_op_verify_get_signature_count(op, &count) != RNP_SUCCESS || count == 0)
        return error_set(err, ERROR_INPUT, "no signature");
    for (size_t i = 0; i < count; i++) {
        rnp_op_verify_signature_t signature = NULL;
        if (rnp_op_verify_get_signature_at(op, i, &signature) != RNP_SUCCESS)
            continue;
        rnp_result_t status = rnp_op_verify_signature_get_status(signature);
        if (status != RNP_SUCCESS) {
            if (status != RNP_ERROR_KEY_NOT_FOUND)
                worst = status;
            continue;
        }
        rnp_key_handle_t key = NULL;
        char *id = NULL;
        snprintf(signer, 64, "unknown");
        if (rnp_op_verify_signature_get_key(signature, &key) == RNP_SUCCESS && key &&
            rnp_key_get_keyid(key, &id) == RNP_SUCCESS && id)
            snprintf(signer, 64, "%s", id);
        if (id)
            rnp_buffer_destroy(id);
        if (key)
            rnp_key_handle_destroy(key);
        return true;
    }
    if (worst == RNP_ERROR_KEY_NOT_FOUND)
        return error_set(err, ERROR_INPUT, "signed by none of the keys we were given");
    return error_set(err, ERROR_INPUT, "bad signature: %s", rnp_result_to_string(worst));
}

static bool is_clear_signed(struct slice text)
{
    struct slice trimmed = slice_trim(text);
    return slice_has_prefix(trimmed, "-----BEGIN PGP SIGNED MESSAGE-----");
}

bool apt_inrelease_verify(struct slice inrelease, const struct apt_keyring *keys, size_t key_count,
                          struct arena *arena, struct slice *body, char signer[static 64],
                          struct error *err)
{
    rnp_ffi_t ffi scoped(ffi_release) = NULL;
    rnp_input_t input scoped(input_release) = NULL;
    rnp_output_t output scoped(output_release) = NULL;
    rnp_op_verify_t op scoped(verify_release) = NULL;
    uint8_t *bytes = NULL;
    size_t length = 0;

    if (inrelease.length > LIMIT_SMALL_FILE_BYTES)
        return error_set(err, ERROR_INPUT, "InRelease of %zu bytes", inrelease.length);
    if (!is_clear_signed(inrelease))
        return error_set(err, ERROR_INPUT, "InRelease is not clear-signed");
    if (rnp_ffi_create(&ffi, RNP_KEYSTORE_GPG, RNP_KEYSTORE_GPG) != RNP_SUCCESS)
        return error_set(err, ERROR_FATAL, "cannot start librnp");
    if (!load_keys(ffi, keys, key_count, err))
        return false;
    if (!memory_input(inrelease, &input) ||
        rnp_output_to_memory(&output, (size_t)LIMIT_SMALL_FILE_BYTES) != RNP_SUCCESS ||
        rnp_op_verify_create(&op, ffi, input, output) != RNP_SUCCESS)
        return error_set(err, ERROR_FATAL, "cannot start verification");
    rnp_op_verify_execute(op);
    if (!good_signer(op, signer, err))
        return error_wrap(err, "InRelease");
    if (rnp_output_memory_get_buf(output, &bytes, &length, false) != RNP_SUCCESS || length == 0)
        return error_set(err, ERROR_INPUT, "InRelease: signed text is empty");
    *body = (struct slice){arena_memdup(arena, bytes, length), length};
    return true;
}

bool apt_release_verify_detached(struct slice release, struct slice signature,
                                 const struct apt_keyring *keys, size_t key_count,
                                 char signer[static 64], struct error *err)
{
    rnp_ffi_t ffi scoped(ffi_release) = NULL;
    rnp_input_t input scoped(input_release) = NULL;
    rnp_input_t detached scoped(input_release) = NULL;
    rnp_op_verify_t op scoped(verify_release) = NULL;

    if (rnp_ffi_create(&ffi, RNP_KEYSTORE_GPG, RNP_KEYSTORE_GPG) != RNP_SUCCESS)
        return error_set(err, ERROR_FATAL, "cannot start librnp");
    if (!load_keys(ffi, keys, key_count, err))
        return false;
    if (release.length == 0 || signature.length == 0 || !memory_input(release, &input) ||
        !memory_input(signature, &detached) ||
        rnp_op_verify_detached_create(&op, ffi, input, detached) != RNP_SUCCESS)
        return error_set(err, ERROR_INPUT, "Release.gpg is no signature");
    rnp_op_verify_execute(op);
    if (!good_signer(op, signer, err))
        return error_wrap(err, "Release.gpg");
    return true;
}
