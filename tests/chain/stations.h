/* The four stages in one process, each over an in-memory outbox: what the tests of the chain share. */
#ifndef TESTS_CHAIN_STATIONS_H
#define TESTS_CHAIN_STATIONS_H

#include "classify/classify.h"
#include "decide/decide.h"
#include "ingest/ingest.h"
#include "risk/risk.h"

enum { STATION_PARTITIONS = 4 };
#define STATION_NOW_US (INT64_C(1795953600) * 1000000) /* 2026-11-29T12:00:00Z */

/* A stage and where it puts. */
typedef struct station {
    const gl_stage_def *def;
    gl_conf *conf;
    void *stage, *worker;
    gl_arena *arena;
    gl_outbox *outbox;
} station;

enum { INGEST, CLASSIFY, RISK, DECIDE, STATIONS };
extern station stations[STATIONS];

/* Opens all of them, with the configuration of config/ (classify's: with a tariff) and without servers; ends the
 * process when one cannot be. */
void stations_open(void);
void stations_close(void);
/* A new batch: what the last one made is gone. */
void station_begin(station *at);
/* Ends the process, and says why, unless it is good. */
void station_check(bool good, const char *what, const gl_err *err);

#endif
