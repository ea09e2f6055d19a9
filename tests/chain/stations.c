/* See stations.h. */
#include "chain/stations.h"

#include <stdio.h>
#include <stdlib.h>

station stations[STATIONS];
static gl_metrics *metrics;

void station_check(bool good, const char *what, const gl_err *err)
{
    if (good)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, err->code, err->message);
    exit(1);
}

/* `config`: a file of the tree; NULL: the defaults. */
static void station_open(station *at, const gl_stage_def *def, const char *config, const char *const *sets)
{
    gl_err err = {0};
    char path[4096];
    size_t tables = 0;
    while (def->conf_tables[tables] != NULL)
        tables++;
    at->def = def;
    at->arena = gl_arena_new(0);
    snprintf(path, sizeof path, "%s/%s", GL_SOURCE_DIR, config == NULL ? "" : config);
    at->conf = gl_conf_load(config == NULL ? NULL : path, def->conf_tables, tables, sets, &err);
    station_check(at->conf != NULL, def->name, &err);
    gl_stage_env env = {.conf = at->conf, .metrics = metrics, .partition_count = STATION_PARTITIONS};
    station_check(def->open(&env, &at->stage, &err), def->name, &err);
    if (def->worker_open != NULL)
        station_check(def->worker_open(at->stage, &env, &at->worker, &err), def->name, &err);
}

static void station_close(station *at)
{
    if (at->def->worker_close != NULL)
        at->def->worker_close(at->worker);
    at->def->close(at->stage);
    gl_conf_destroy(at->conf);
    gl_arena_destroy(at->arena);
}

void station_begin(station *at)
{
    gl_arena_reset(at->arena);
    at->outbox = gl_outbox_new(at->arena);
}

void stations_open(void)
{
    static const char *const sets[] = {"redis.url=", NULL};
    /* config/ingest.yaml watches a directory that belongs to whoever runs it. */
    static const char *const ingest_sets[] = {"ingest.mappings=" GL_SOURCE_DIR "/config/mappings",
                                              "ingest.code_lists=" GL_SOURCE_DIR "/config/code_lists",
                                              "ingest.rules=" GL_SOURCE_DIR "/config/intake_rules.yaml",
                                              "ingest.exchange_rates=" GL_SOURCE_DIR "/config/exchange_rates.yaml",
                                              "redis.url=",
                                              NULL};
    /* A cache that is too small for the texts: some are found, some are computed, and some are put out. */
    static const char *const classify_sets[] = {"classify.cache_entries=16", "redis.url=", NULL};
    metrics = gl_metrics_new();
    station_open(&stations[INGEST], &gl_ingest_stage, NULL, ingest_sets);
    station_open(&stations[CLASSIFY], &gl_classify_stage, "tests/chain/classify.yaml", classify_sets);
    station_open(&stations[RISK], &gl_risk_stage, "config/risk.yaml", NULL);
    station_open(&stations[DECIDE], &gl_decide_stage, "config/decide.yaml", sets);
}

void stations_close(void)
{
    for (int i = 0; i < STATIONS; i++)
        station_close(&stations[i]);
    gl_metrics_destroy(metrics);
}
