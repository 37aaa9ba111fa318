#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "service/db_internal.h"

struct db_pool {
    pthread_mutex_t mutex;
    pthread_cond_t given;
    char *url, *name;
    struct db **idle;
    size_t idle_count, size, out;
};

struct db_pool *db_pool_new(const char *url, const char *name, size_t size)
{
    struct db_pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        abort();
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->given, NULL);
    pool->url = strdup(url);
    pool->name = strdup(name);
    pool->size = size ? size : 1;
    pool->idle = calloc(pool->size, sizeof(struct db *));
    return pool;
}

void db_pool_free(struct db_pool *pool)
{
    if (!pool)
        return;
    for (size_t i = 0; i < pool->idle_count; i++)
        db_close(pool->idle[i]);
    free(pool->idle);
    free(pool->url);
    free(pool->name);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->given);
    free(pool);
}

static void count_back(struct db_pool *pool, struct db *db)
{
    pthread_mutex_lock(&pool->mutex);
    pool->out--;
    if (db)
        pool->idle[pool->idle_count++] = db;
    pthread_cond_signal(&pool->given);
    pthread_mutex_unlock(&pool->mutex);
}

struct db *db_pool_take(struct db_pool *pool, struct error *err)
{
    struct db *db = NULL;
    pthread_mutex_lock(&pool->mutex);
    while (pool->out >= pool->size)
        pthread_cond_wait(&pool->given, &pool->mutex);
    pool->out++;
    if (pool->idle_count)
        db = pool->idle[--pool->idle_count];
    pthread_mutex_unlock(&pool->mutex);
    if (!db)
        db = db_open(pool->url, pool->name, err);
    else if (!db_ensure(db, err)) {
        db_close(db);
        db = NULL;
    }
    if (!db)
        count_back(pool, NULL);
    return db;
}

void db_pool_give(struct db_pool *pool, struct db *db)
{
    if (!db)
        return;
    db_rollback(&db->tx);
    count_back(pool, db);
}
