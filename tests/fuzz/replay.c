/* Runs a fuzz target over files and folders of seeds, where libFuzzer is not linked. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat st;
    if (!file || fstat(fileno(file), &st) != 0)
        exit(1);
    uint8_t *data = malloc((size_t)st.st_size + 1);
    size_t size = fread(data, 1, (size_t)st.st_size, file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    fclose(file);
    replayed++;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct dirent **names = NULL;
        int count = scandir(argv[i], &names, NULL, alphasort);
        if (count < 0) {
            replay_file(argv[i]);
            continue;
        }
        for (int n = 0; n < count; n++) {
            char path[4096];
            snprintf(path, sizeof(path), "%s/%s", argv[i], names[n]->d_name);
            if (names[n]->d_name[0] != '.')
                replay_file(path);
            free(names[n]);
        }
        free(names);
    }
    printf("%zu seeds replayed\n", replayed);
    return replayed > 0 ? 0 : 1;
}
