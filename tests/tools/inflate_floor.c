/* The floor that tests/bench measures against: gunzips each file of the command line and takes
 * SHA-256 of the compressed and of the uncompressed bytes, with the libraries that Resole uses and
 * nothing else. Files in parallel, at most as many as processors. */
#include <fcntl.h>
#include <isa-l.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 256 * 1024, THREADS_MOST = 16 };

static char **files;
static int file_count, next_file;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void finish(EVP_MD_CTX *hash, char *out)
{
    unsigned char bytes[32];
    EVP_DigestFinal_ex(hash, bytes, NULL);
    for (int i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    EVP_MD_CTX_free(hash);
}

static EVP_MD_CTX *begin(void)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    return hash;
}

static void read_one(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    unsigned char *in = malloc(BLOCK), *out = malloc(BLOCK);
    struct inflate_state *state = malloc(sizeof(*state));
    EVP_MD_CTX *packed = begin(), *plain = begin();
    char digest[65], diff_id[65];
    long long total = 0;
    if (fd < 0 || !in || !out || !state)
        abort();
    isal_inflate_init(state);
    state->crc_flag = ISAL_GZIP;
    for (ssize_t got; (got = read(fd, in, BLOCK)) > 0;) {
        EVP_DigestUpdate(packed, in, (size_t)got);
        state->next_in = in;
        state->avail_in = (unsigned)got;
        do {
            state->next_out = out;
            state->avail_out = BLOCK;
            if (isal_inflate(state) < 0)
                abort();
            EVP_DigestUpdate(plain, out, BLOCK - state->avail_out);
            total += BLOCK - state->avail_out;
        } while (state->avail_out == 0);
    }
    finish(packed, digest);
    finish(plain, diff_id);
    printf("%s %s %lld\n", digest, diff_id, total);
    close(fd);
    free(in);
    free(out);
    free(state);
}

static void *run(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        int mine = next_file++;
        pthread_mutex_unlock(&lock);
        if (mine >= file_count)
            return NULL;
        read_one(files[mine]);
    }
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MOST];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int count = 0;
    files = argv + 1;
    file_count = argc - 1;
    while (count < processors && count < file_count && count < THREADS_MOST &&
           pthread_create(&threads[count], NULL, run, NULL) == 0)
        count++;
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return file_count > 0 ? 0 : 2;
}
