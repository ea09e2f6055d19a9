/* greenlane generate: synthetic declarations in the supported formats. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/numbered.h"
#include "cli/synth.h"

typedef struct writer {
    FILE *out;
    const char *directory; /* xml, ens: one file each */
    int64_t counts[4];     /* by gl_synth_kind */
} writer;

static bool write_out(FILE *out, const gl_buf *buf)
{
    return buf->len == 0 || fwrite(buf->data, 1, buf->len, out) == buf->len;
}

typedef struct format {
    const char *name;
    void (*header)(gl_buf *);
    void (*one)(const gl_synth *, gl_buf *);
    bool one_file_each;
} format;

static const format formats[] = {
    {"ndjson", NULL, gl_synth_json, false},
    {"json", NULL, gl_synth_json, false},
    {"parcels", gl_synth_parcels_header, gl_synth_parcels, false},
    {"kcs", gl_synth_kcs_header, gl_synth_kcs, false},
    {"xml", NULL, gl_synth_xml, true},
    {"ens", NULL, gl_synth_ens, true},
};

static const format *format_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    return NULL;
}

static bool generate_all(const gl_synth_plan *plan, const format *f, int64_t first, int64_t count, writer *w)
{
    gl_buf buf = {0};
    gl_progress progress;
    bool json = strcmp(f->name, "json") == 0, ok = true;
    gl_progress_start(&progress, "generating", count);
    if (f->header != NULL)
        f->header(&buf);
    if (json)
        gl_buf_text(&buf, "[");
    for (int64_t i = 0; i < count && ok; i++) {
        gl_synth synth;
        gl_synth_make(plan, first + i, &synth);
        w->counts[synth.kind]++;
        if (json && i > 0)
            gl_buf_text(&buf, ",");
        f->one(&synth, &buf);
        if (w->directory != NULL)
            ok = gl_write_numbered(w->directory, first + i, ".xml", &buf);
        else if (buf.len > (1 << 16) || i + 1 == count)
            ok = write_out(w->out, &buf);
        else
            continue;
        buf.len = 0;
        gl_progress_update(&progress, i + 1);
    }
    if (json)
        gl_buf_text(&buf, "]\n");
    if (w->directory == NULL)
        ok = ok && write_out(w->out, &buf);
    gl_progress_end(&progress);
    gl_buf_free(&buf);
    return ok;
}

static void report(const writer *w, bool json)
{
    FILE *out = json ? stdout : stderr;
    if (json && w->out == stdout)
        out = stderr;
    fprintf(out,
            json ? "{\"good\":%lld,\"bad\":%lld,\"duplicates\":%lld,\"amendments\":%lld}\n"
                 : "good %lld, bad %lld, duplicates %lld, amendments %lld\n",
            (long long)w->counts[GL_SYNTH_GOOD], (long long)w->counts[GL_SYNTH_BAD],
            (long long)w->counts[GL_SYNTH_DUPLICATE], (long long)w->counts[GL_SYNTH_AMENDMENT]);
}

static bool is_number(const char *text, double *value)
{
    char *end = NULL;
    *value = strtod(text, &end);
    return end != text && *end == '\0';
}

static int run_generate(int argc, char **argv)
{
    const char *format_name = "ndjson", *output = "-", *prefix = NULL;
    int64_t count = 1000, seed = 1, first = 0;
    bool json = false;
    gl_synth_plan plan = {.mean_items = 1.5, .high_value = 0.05};
    const char *mean_items = NULL;
    const gl_option options[] = {
        {"format", GL_OPTION_TEXT, &format_name, "ndjson (default), json, parcels, kcs, xml or ens (IE315)."},
        {"count", GL_OPTION_INT, &count, "How many declarations (default 1000)."},
        {"first", GL_OPTION_INT, &first, "Number of the first one (default 0): parts of one large set."},
        {"seed", GL_OPTION_INT, &seed, "The same seed gives the same declarations (default 1)."},
        {"bad", GL_OPTION_SHARE, &plan.bad, "Share with an error in it, for example 2% or 0.02."},
        {"duplicates", GL_OPTION_SHARE, &plan.duplicates, "Share that repeats an earlier one unchanged."},
        {"amendments", GL_OPTION_SHARE, &plan.amendments,
         "Share that amends an earlier one; in CSV and ens, which have no way to say so, repeats it."},
        {"high-value", GL_OPTION_SHARE, &plan.high_value,
         "Share of full declarations (H1), the others are H7 (default 5%)."},
        {"items", GL_OPTION_TEXT, &mean_items, "Mean number of items (default 1.5)."},
        {"prefix", GL_OPTION_TEXT, &prefix,
         "Beginning of the LRNs, at most 8 characters (default made from the seed)."},
        {"output", GL_OPTION_TEXT, &output, "File, or for xml and ens a directory; - is standard output (default)."},
        {"json", GL_OPTION_FLAG, &json, "Say how many of which kind as JSON."},
    };
    int arguments = gl_options_parse(&gl_command_generate, options, sizeof options / sizeof options[0], argc, argv);
    if (arguments < 0)
        return GL_EXIT_USAGE;
    if (arguments > 0)
        return gl_complain(GL_EXIT_USAGE, "generate takes options only; \"%s\" is none", argv[1]);
    const format *f = format_find(format_name);
    if (f == NULL)
        return gl_complain(GL_EXIT_USAGE, "no format \"%s\": ndjson, json, parcels, kcs, xml or ens", format_name);
    if (mean_items != NULL &&
        (!is_number(mean_items, &plan.mean_items) || !(plan.mean_items >= 1 && plan.mean_items <= GL_SYNTH_ITEMS)))
        return gl_complain(GL_EXIT_USAGE, "--items: \"%s\" is not a number from 1 to %d", mean_items, GL_SYNTH_ITEMS);
    if (plan.bad + plan.duplicates + plan.amendments > 1)
        return gl_complain(GL_EXIT_USAGE, "--bad, --duplicates and --amendments are more than all together");
    char made[16];
    snprintf(made, sizeof made, "GL%05lld", (long long)(seed % 100000));
    plan.prefix = prefix == NULL ? made : prefix;
    plan.seed = (uint64_t)seed;
    writer w = {.out = stdout};
    bool one_file_each = f->one_file_each && strcmp(output, "-") != 0;
    if (f->one_file_each && !one_file_each && count > 1)
        return gl_complain(GL_EXIT_USAGE,
                           "an XML message holds one declaration: give --output DIRECTORY, or --count 1");
    if (one_file_each) {
        if (mkdir(output, 0777) != 0 && errno != EEXIST)
            return gl_complain(GL_EXIT_UNAVAILABLE, "cannot make %s: %s", output, strerror(errno));
        w.directory = output;
    } else if (strcmp(output, "-") != 0) {
        w.out = fopen(output, "wb");
        if (w.out == NULL)
            return gl_complain(GL_EXIT_UNAVAILABLE, "cannot write %s: %s", output, strerror(errno));
    }
    bool ok = generate_all(&plan, f, first, count, &w);
    if (w.out != stdout)
        ok = fclose(w.out) == 0 && ok;
    else
        ok = fflush(stdout) == 0 && ok;
    if (!ok)
        return gl_complain(GL_EXIT_UNAVAILABLE, "cannot write %s: %s", output, strerror(errno));
    report(&w, json);
    return GL_EXIT_OK;
}

const gl_command gl_command_generate = {
    "generate", "make synthetic declarations", "[--format F] [--count N] [--output FILE]",
    "Makes realistic synthetic declarations: hand-written goods, people and places that do not exist. Parcels (H7) "
    "mostly, some\n"
    "full declarations (H1). The same seed always gives the same ones.\n\n"
    "  greenlane generate --count 20000 --bad 1% --duplicates 1% --output parcels.ndjson\n"
    "  greenlane generate --format xml --count 50 --output samples/",
    run_generate};
