/* Answers in EDIFACT: what comes back for an interchange, that it is what the directories say, and that it names the
 * right segment, whatever single character of an interchange is lost and whichever two segments change places. */
#include "ingest/answers.h"
#include "ingest/formats/edifact/edi_reader.h"
#include "ingest/formats/edifact/test_edi.h"
#include "ingest/ingest.h"

static const int64_t NOW_US = INT64_C(1795521600) * 1000000; /* 2026-11-24T12:00:00Z */

/* --- answers --- */

/* What is answered to the bytes, in `buf`. */
static gl_str answer_to(gl_arena *arena, gl_str bytes, gl_buf *buf)
{
    gl_err err = {0};
    gl_intake intake;
    gl_arena *each = gl_arena_new(0);
    gl_answer_writer writer = {.buf = buf, .form = GL_ANSWER_EDIFACT, .account = "hub-1", .now_us = NOW_US};
    buf->len = 0;
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_EDIFACT, GL_STR(""), bytes, 0, 0, &err);
    cr_assert(reader != NULL);
    gl_answers_begin(&writer);
    while (gl_reader_next(reader, each, &intake)) {
        gl_answer answer = gl_answer_of_intake(&intake);
        gl_answers_add(&writer, &answer);
        gl_arena_reset(each);
    }
    gl_answers_end(&writer);
    gl_reader_close(reader);
    gl_arena_destroy(each);
    return gl_buf_view(buf);
}

/* The answer is an interchange whose messages are as the directories of their releases want them. */
static void expect_valid(gl_str bytes)
{
    gl_arena *arena = gl_arena_new(0);
    gl_err err = {0};
    gl_reader *reader = gl_reader_open(arena, NULL, GL_FORMAT_EDIFACT, GL_STR(""), bytes, 0, 0, &err);
    gl_edi *edi = reader->state;
    size_t at = 0;
    while ((at = gl_edi_skip_space(bytes, at)) < bytes.len) {
        gl_report_begin(&reader->report, arena, &gl_edi_locator, edi, NULL);
        gl_edi_open_interchange(edi, reader, at);
        edi->message.number = 0;
        for (at = edi->interchange.body; !reader->report.rejected && at < edi->interchange.end;) {
            at = gl_edi_skip_space(bytes, at);
            if (gl_edi_tag_at(&edi->interchange.scanner, at) != GL_EDI_TAG('U', 'N', 'H')) {
                at = gl_edi_segment_end(&edi->interchange.scanner, at);
                continue;
            }
            gl_edi_open_message(edi, reader, at);
            gl_str type = gl_edi_text_at(&edi->message.unh, 2, 1), release = gl_edi_text_at(&edi->message.unh, 2, 3);
            bool control = gl_str_eqz(type, "CONTRL");
            edi->message.directory = control ? gl_edi_directory_at(0) : gl_edi_directory_of(GL_STR("D"), release);
            cr_assert(edi->message.directory != NULL, "%.*s", GL_STR_ARG(release));
            edi->message.tree = gl_edi_message_of(edi->message.directory, type);
            gl_edi_check_message(edi, &reader->report);
            at = edi->message.end;
        }
        for (size_t i = 0; i < reader->report.error_count; i++)
            fprintf(stderr, "%.*s at %.*s: %.*s\n", GL_STR_ARG(reader->report.errors[i].code),
                    GL_STR_ARG(reader->report.errors[i].pointer), GL_STR_ARG(reader->report.errors[i].text));
        cr_assert(reader->report.error_count == 0, "%.*s", GL_STR_ARG(bytes));
        at = edi->interchange.end;
    }
    gl_reader_close(reader);
    gl_arena_destroy(arena);
}

static void expect_answer(const char *text, const char *const *parts)
{
    gl_arena *arena = gl_arena_new(0);
    gl_buf buf = {0};
    gl_str answer = answer_to(arena, gl_str_of(text), &buf);
    expect_valid(answer);
    for (; *parts != NULL; parts++)
        cr_assert(memmem(answer.ptr, answer.len, *parts, strlen(*parts)) != NULL, "%s is not in\n%.*s", *parts,
                  GL_STR_ARG(answer));
    gl_buf_free(&buf);
    gl_arena_destroy(arena);
}

#define HEAD "UNB+UNOC:3+SENDER:14+CUSTOMS+261124:0635+I1'"
#define CUSDEC(ref, lrn, more)                                                                                         \
    "UNH+" ref "+CUSDEC:D:96B:UN'BGM+929:::IMA+" lrn "+9'" more "UNS+D'CST+1+090240:122'UNS+S'UNT+"

Test(answer_edifact, what_is_taken_is_acknowledged_and_accepted)
{
    static const char *const parts[] = {"UNA:+.? '\nUNB+UNOC:3+CUSTOMS+SENDER:14+261124:1200+",
                                        "UNH+1+CONTRL:D:3:UN'\nUCI+I1+SENDER:14+CUSTOMS+7'\nUNT+3+1'\n",
                                        "UNH+2+CUSRES:D:00A:UN'\nBGM+962+",
                                        "+11'\nDTM+137:20261124120000UTC:304'\nFTX+ACB++position+1'\n",
                                        "GIS+1'\nRFF+ABE:A-1'\nRFF+ACW:M1'\nUNT+",
                                        "UNZ+2+",
                                        NULL};
    expect_answer(HEAD CUSDEC("M1", "A-1", "") "6+M1'UNZ+1+I1'", parts);
}

Test(answer_edifact, a_fault_of_syntax_is_named_by_segment_element_and_component)
{
    static const char *const parts[] = {
        "UCI+I1+SENDER:14+CUSTOMS+7'\nUCM+M2+CUSDEC:D:96B:UN+4'\nUCS+3'\nUCD+39+2'\nUCS+4+15'\nUCS+7'\nUCD+37+2'\nUNT+",
        "RFF+ABE:A-1'", NULL};
    expect_answer(
        HEAD CUSDEC("M1", "A-1", "") "6+M1'" CUSDEC("M2", "A-2", "LOC+2222'XYZ+1'") "8+M2'"
                                                                                    "UNZ+2+I1'",
        (const char *const[]){"UCM+M2+CUSDEC:D:96B:UN+4'\nUCS+3'\nUCD+39+2'\nUCS+4+15'\nUNT+", parts[1], NULL});
    expect_answer(HEAD "UNH+M2+CUSDEC:D:96B:UN'BGM+929:::IMA+A-2+9'LOC+2222'XYZ+1'UNS+D'CST+1+090240:122'PAC+x'UNS+S'"
                       "UNT+9+M2'UNZ+1+I1'",
                  (const char *const[]){parts[0], NULL});
    expect_answer(HEAD "UNH+M2+CUSDEC:D:96B:UN'BGM+929:::IMA+A-2+9'LOC+35+:1:2:3:4:5'UNS+D'UNS+S'UNT+6+M2'UNZ+1+I1'",
                  (const char *const[]){"UCS+3'\nUCD+16+3:5'\n", NULL});
}

Test(answer_edifact, faults_of_what_is_around_are_named)
{
    expect_answer(HEAD CUSDEC("M1", "A-1", "") "9+M1'UNZ+1+I1'",
                  (const char *const[]){"UCM+M1+CUSDEC:D:96B:UN+4+29+UNT+2'\nUNT", NULL});
    expect_answer(HEAD "UNH+M1+CUSDEC:D:17A:UN'UNT+2+M1'UNZ+1+I1'",
                  (const char *const[]){"UCM+M1+CUSDEC:D:17A:UN+4+12+UNH+3:3'\nUNT", NULL});
    expect_answer(HEAD CUSDEC("M1", "A-1", "") "6+M1'UNZ+2+I1'",
                  (const char *const[]){"UCI+I1+SENDER:14+CUSTOMS+4+29+UNZ+2'\nUNT+3+1'\nUNZ+1+", NULL});
    expect_answer(HEAD CUSDEC("M1", "A-1", "") "6+M1'", (const char *const[]){"+4+13+UNZ'\n", NULL});
    expect_answer("UNB+UNOC:3+SENDER+CUSTOMS+261124:0635'UNZ+0'",
                  (const char *const[]){"UCI+UNK+SENDER+CUSTOMS+4+13+UNB+6'\n", NULL});
    expect_answer("NAD+CN'", (const char *const[]){"UCI+UNK+UNK+UNK+4+13+UNB'\n", NULL});
}

Test(answer_edifact, what_is_wrong_with_content_is_in_the_response)
{
    static const char *const parts[] = {
        "GIS+2'\nRFF+ABE:A-1'\nRFF+ACW:M1'\nERP+1+LOC:3'\nERC+GL-CODE'\nFTX+AAO+++not a country "
        "code'\nFTX+AAO++code+invalid-code'\nFTX+AAO++pointer+message=1;segment=3,LOC;element=2.1'\n"
        "FTX+AAO++field+export_country_id'\nFTX+AAO++value+china'\n",
        "UCI+I1+SENDER:14+CUSTOMS+7'\nUNT+3+1'\n", NULL};
    expect_answer(HEAD CUSDEC("M1", "A-1", "LOC+35+china'") "7+M1'UNZ+1+I1'", parts);
}

Test(answer_edifact, the_answer_has_the_release_and_the_characters_of_the_question)
{
    expect_answer(
        "UNB+UNOY:4+S+R+20261124:0635+I1'UNH+M1+CUSDEC:D:16B:UN'BGM+929:::IMA+\xC3\x84-1?'?*1+9'LOC+35+china'UNS+D'"
        "CST+1+090240:122'UNS+S'UNT+7+M1'UNZ+1+I1'",
        (const char *const[]){"UNA:+.?*'\nUNB+UNOY:4+R+S+20261124:1200+", "UNH+1+CONTRL:4:1:UN'",
                              "UNH+2+CUSRES:D:16B:UN'", "GEI+ZZZ+2'\nRFF+ABE:\xC3\x84-1?'?*1'", NULL});
    expect_answer("UNB+UNOC:3+S+R+261124:0635+I1++++++1'UNH+M1+CUSDEC:D:96B:UN'BGM+929:::IMA+\xC4-1+9'UNS+D'CST+1+"
                  "090240:122'UNS+S'"
                  "UNT+6+M1'UNZ+1+I1'",
                  (const char *const[]){"RFF+ABE:\xC4-1'", "++++++1'\nUNH+1+CONTRL", NULL});
}

Test(answer_edifact, each_interchange_gets_one_back)
{
    gl_arena *arena = gl_arena_new(0);
    gl_buf buf = {0};
    gl_str answer = answer_to(
        arena,
        GL_STR(HEAD CUSDEC("M1", "A-1", "") "6+M1'UNZ+1+I1'UNB+UNOC:3+OTHER+R+261124:0635+I2'"
                                            "UNH+1+CUSCAR:D:96B:UN'BGM+785+M1+9'CNI+1+H1'RFF+HWB:H1'GID+1'CNI+2+H2'RFF+"
                                            "HWB:H2'GID+1'UNT+9+1'UNZ+1+I2'"),
        &buf);
    static const char *const parts[] = {"UCI+I1+", "UCI+I2+", "+R+OTHER+", "RFF+ABE:H1'", "RFF+ABE:H2'", "UNZ+3+"};
    expect_valid(answer);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_assert(memmem(answer.ptr, answer.len, parts[i], strlen(parts[i])) != NULL, "%.*s", GL_STR_ARG(answer));
    gl_buf_free(&buf);
    gl_arena_destroy(arena);
}

/* Whoever sends something else gets the response alone. */
Test(answer_edifact, other_formats_have_no_syntax_to_report)
{
    static const gl_rejection_validation_error error = {.code = GL_STR("missing"),
                                                        .severity = GL_REJECTION_SEVERITY_ERROR,
                                                        .pointer = GL_STR("/declarations/3/items/1/net_mass"),
                                                        .field = GL_STR("items.net_mass"),
                                                        .text = GL_STR("it is missing")};
    const gl_answer answer = {.position = 1, .lrn = GL_STR("A-1"), .errors = &error, .error_count = 1};
    gl_buf buf = {0};
    gl_answer_writer writer = {.buf = &buf, .form = GL_ANSWER_EDIFACT, .account = "hub-1", .now_us = NOW_US};
    gl_answers_begin(&writer);
    gl_answers_add(&writer, &answer);
    gl_answers_end(&writer);
    expect_valid(gl_buf_view(&buf));
    cr_assert_null(memmem(buf.data, buf.len, "CONTRL", 6));
    cr_assert_not_null(memmem(buf.data, buf.len, "ERP+2:2'\nERC+GL-MISS'", 21), "%.*s", GL_STR_ARG(gl_buf_view(&buf)));
    cr_assert_not_null(memmem(buf.data, buf.len, "+GREENLANE+hub-1+", 17));
    gl_buf_free(&buf);
}

Test(answer_edifact, only_the_rejected_ones_are_listed)
{
    gl_buf buf = {0};
    gl_arena *arena = gl_arena_new(0);
    const gl_edi_envelope envelope = {.interchange = 1, .message = 1, .message_reference = GL_STR("1")};
    const gl_answer taken = {.position = 1, .lrn = GL_STR("A-1"), .taken = true, .envelope = &envelope};
    gl_answer_writer writer = {
        .buf = &buf, .form = GL_ANSWER_EDIFACT, .account = "hub-1", .now_us = NOW_US, .rejected_only = true};
    gl_answers_add(&writer, &taken);
    gl_answers_end(&writer);
    expect_valid(gl_buf_view(&buf));
    cr_assert_null(memmem(buf.data, buf.len, "CUSRES", 6));
    cr_assert_eq(writer.accepted, 1);
    gl_arena_destroy(arena);
    gl_buf_free(&buf);
}

/* A file is answered in parts, each by a writer of its own. */
Test(answer_edifact, a_part_of_a_file_is_an_interchange)
{
    const gl_answer answer = {.position = 1, .lrn = GL_STR("A-1"), .taken = true};
    gl_buf buf = {0};
    for (int i = 0; i < 2; i++) {
        gl_answer_writer writer = {
            .buf = &buf, .form = GL_ANSWER_EDIFACT, .account = "hub-1", .now_us = NOW_US, .lines = true};
        gl_answers_add(&writer, &answer);
        gl_answers_pause(&writer);
        cr_assert_null(writer.edifact);
    }
    expect_valid(gl_buf_view(&buf));
    gl_buf_free(&buf);
}

/* More errors and texts than a message takes. */
Test(answer_edifact, many_errors_fit)
{
    enum { COUNT = 100 };
    static char text[3000];
    gl_rejection_validation_error errors[COUNT];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < COUNT; i++)
        errors[i] = (gl_rejection_validation_error){
            .code = i == COUNT - 1 ? GL_STR("too-many-errors") : GL_STR("too-long"),
            .severity = i % 2 == 0 && i < 60 ? GL_REJECTION_SEVERITY_WARNING : GL_REJECTION_SEVERITY_ERROR,
            .pointer = {text, sizeof text},
            .text = {text, sizeof text},
            .value = {text, sizeof text}};
    const gl_answer answer = {.position = 1, .errors = errors, .error_count = COUNT};
    gl_buf buf = {0};
    gl_answer_writer writer = {.buf = &buf, .form = GL_ANSWER_EDIFACT, .account = "hub-1", .now_us = NOW_US};
    gl_answers_add(&writer, &answer);
    gl_answers_end(&writer);
    expect_valid(gl_buf_view(&buf));
    cr_assert_not_null(memmem(buf.data, buf.len, "ERC+GL-MANYE'", 13));
    gl_buf_free(&buf);
}

/* --- the status --- */

static void expect_status(const char *view, const char *parts)
{
    gl_arena *arena = gl_arena_new(0);
    gl_buf buf = {0};
    cr_assert(gl_answer_status_edifact(&buf, arena, GL_STR("hub-1"), NOW_US, gl_str_of(view)));
    gl_str text = gl_buf_view(&buf);
    expect_valid(text);
    cr_assert(memmem(text.ptr, text.len, parts, strlen(parts)) != NULL, "%s is not in\n%.*s", parts, GL_STR_ARG(text));
    gl_buf_free(&buf);
    gl_arena_destroy(arena);
}

Test(answer_edifact, a_status_is_told_like_its_decision)
{
    expect_status("{\"mrn\":\"26BE0123456789ABR4\",\"lrn\":\"A'1\",\"outcome\":\"RELEASED\",\"hold\":null}",
                  "\nGIS+4'\nRFF+ABE:A?'1'\nRFF+ABT:26BE0123456789ABR4'\nUNT+7+1'\nUNZ+1+");
    expect_status("{\"lrn\":\"A-1\",\"outcome\":\"OPEN\"}", "\nGIS+1'\nRFF+ABE:A-1'\nUNT+6+1'\n");
    expect_status("{\"lrn\":\"A-1\",\"outcome\":\"REFUSED\",\"reasons\":[{\"code\":\"overdue\",\"text\":\"Too "
                  "late\"},1]}",
                  "\nFTX+ACB++code+overdue'\nFTX+ACB++because+Too late'\nGIS+2'\n");
    expect_status("{\"outcome\":\"HELD\",\"hold\":{\"reason\":\"examination\",\"text\":\"T\",\"place\":\"P\","
                  "\"until\":\"2026-11-25T12:00:00Z\",\"required\":[\"a\",1,\"b\"]}}",
                  "\nFTX+ACB++hold+examination'\nFTX+ACB++reason+T'\nFTX+ACB++place+P'\n"
                  "FTX+ACB++until+2026-11-25T12?:00?:00Z'\nFTX+ACB++required+a'\nFTX+ACB++required+b'\nGIS+5'\n");
    expect_status("{\"outcome\":\"HELD\",\"hold\":{\"reason\":\"documents\",\"required\":[\"a\"]}}", "\nGIS+6'\n");
    expect_status("{\"outcome\":\"HELD\",\"hold\":{\"reason\":\"technical-failure\",\"required\":[]}}", "\nGIS+7'\n");
    gl_arena *arena = gl_arena_new(0);
    gl_buf buf = {0};
    cr_assert(!gl_answer_status_edifact(&buf, arena, GL_STR("hub-1"), NOW_US, GL_STR("[")));
    gl_arena_destroy(arena);
}

/* --- mutants --- */

/* What an answer says of an interchange of one message. */
typedef struct verdict {
    bool syntax;        /* a CONTRL rejects the interchange or the message */
    bool content;       /* a CUSRES rejects a declaration */
    unsigned named[64]; /* segments that CONTRL (or, of content, CUSRES) names, from UNH; */
    size_t count;
    char service[8]; /* and the service segment, if one */
} verdict;

static verdict verdict_of(gl_str answer)
{
    verdict v = {.service = ""};
    gl_str segment;
    char text[256];
    while (edi_next_segment(&answer, &segment)) {
        bool control = edi_has_tag(segment, "UCI+"), message = edi_has_tag(segment, "UCM+");
        if ((control && gl_str_eqz(edi_component(segment, 4, 1, text), "4")) || message) {
            unsigned at = control ? 6 : 5;
            v.syntax = true;
            gl_str tag = edi_component(segment, at, 1, text);
            if (tag.len > 0)
                snprintf(v.service, sizeof v.service, "%.*s", GL_STR_ARG(tag));
        }
        if (edi_has_tag(segment, "UCS+") && v.count < 64)
            v.named[v.count++] = (unsigned)strtoul(segment.ptr + 4, NULL, 10);
        v.content = v.content || edi_has_tag(segment, "GIS+2") || edi_has_tag(segment, "GEI+ZZZ+2");
        gl_str position = edi_has_tag(segment, "ERP+") ? edi_component(segment, 2, 2, text) : GL_STR("");
        if (position.len > 0 && v.count < 64)
            v.named[v.count++] = (unsigned)strtoul(position.ptr, NULL, 10);
    }
    return v;
}

enum { SEGMENTS = 200 };

/* An interchange of one message, by segments: of UNA and UNB, the message, UNZ. */
typedef struct original {
    gl_str bytes;
    gl_str segments[SEGMENTS]; /* with their terminators and what is behind them */
    size_t count, first, last; /* UNH, UNT */
} original;

static original load(const char *path)
{
    original o = {.bytes = edi_load(path)};
    gl_str rest = o.bytes, segment;
    while (edi_next_segment(&rest, &segment)) {
        cr_assert(o.count < SEGMENTS);
        o.first = edi_has_tag(segment, "UNH") ? o.count : o.first;
        o.last = edi_has_tag(segment, "UNT") ? o.count : o.last;
        o.segments[o.count++] = (gl_str){segment.ptr, (size_t)(rest.ptr - segment.ptr)};
    }
    for (size_t i = 0; i < o.count; i++) {
        const char *end = i + 1 < o.count ? o.segments[i + 1].ptr : o.bytes.ptr + o.bytes.len;
        o.segments[i].len = (size_t)(end - o.segments[i].ptr);
    }
    return o;
}

/* Does the verdict name this segment of the original, or one beside it? What is lost at the end of a segment shows in
 * the next one, what is missing is missing behind the one before. */
static bool names(const original *o, const verdict *v, size_t index)
{
    for (size_t i = 0; i < v->count; i++) {
        size_t named = o->first + v->named[i] - 1;
        if (named + 1 >= index && named <= index + 1)
            return true;
    }
    bool around = index + 1 >= o->last || index <= o->first + 1;
    return around && v->service[0] != '\0';
}

static size_t segment_at(const original *o, const char *at)
{
    size_t i = 0;
    while (i + 1 < o->count && at >= o->segments[i + 1].ptr)
        i++;
    return i;
}

static const char *const files[] = {"samples/cusdec.edi", "stages/ingest/formats/edifact/corpus/groups_cuscar_16b.edi",
                                    "stages/ingest/formats/edifact/corpus/groups_cusdec_96b.edi"};

/* Every single character lost: the answer names the segment, or the interchange is still a valid one. */
Test(answer_edifact, a_lost_character_is_found_where_it_was, .timeout = 120)
{
    static char mutant[EDI_TEXT_BYTES];
    gl_buf buf = {0};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        original o = load(files[f]);
        size_t faults = 0, contents = 0, valid = 0;
        for (size_t i = 0; i < o.bytes.len; i++) {
            gl_arena *arena = gl_arena_new(0);
            memcpy(mutant, o.bytes.ptr, i);
            memcpy(mutant + i, o.bytes.ptr + i + 1, o.bytes.len - i - 1);
            gl_str answer = answer_to(arena, (gl_str){mutant, o.bytes.len - 1}, &buf);
            verdict v = verdict_of(answer);
            faults += v.syntax;
            contents += v.content;
            valid += !v.syntax && !v.content;
            if (i % 97 == 0)
                expect_valid(answer);
            if (v.syntax || v.content)
                cr_assert(names(&o, &v, segment_at(&o, o.bytes.ptr + i)), "%s without byte %zu (%.*s):\n%.*s", files[f],
                          i, GL_STR_ARG(o.segments[segment_at(&o, o.bytes.ptr + i)]), GL_STR_ARG(answer));
            gl_arena_destroy(arena);
        }
        fprintf(stderr, "%s: %zu characters lost: %zu faults, %zu errors of content, %zu valid\n", files[f],
                o.bytes.len, faults, contents, valid);
        cr_assert(faults > o.bytes.len / 4);
    }
    gl_buf_free(&buf);
}

static gl_str swapped(const original *o, size_t a, size_t b, char *to)
{
    size_t len = 0;
    for (size_t i = 0; i < o->count; i++) {
        gl_str segment = o->segments[i == a ? b : i == b ? a : i];
        memcpy(to + len, segment.ptr, segment.len);
        len += segment.len;
    }
    return (gl_str){to, len};
}

enum { FOLLOWERS = 10 };

/* A segment may be right at its new place, with what follows it: then what is named is the first one that cannot
 * follow. Nothing before the two places is blamed, and nothing far behind them alone. */
static bool names_between(const original *o, const verdict *v, size_t a, size_t b)
{
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < v->count; i++)
        first = o->first + v->named[i] - 1 < first ? o->first + v->named[i] - 1 : first;
    return first + 1 >= a && first <= b + FOLLOWERS;
}

/* Any two segments in each other's place: the answer names one of the two places, or the structure is still valid (two
 * places that say different things may then contradict what stands elsewhere). */
Test(answer_edifact, swapped_segments_are_found_where_they_are, .timeout = 300)
{
    static char mutant[EDI_TEXT_BYTES];
    gl_buf buf = {0};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        original o = load(files[f]);
        size_t first = edi_has_tag(o.segments[0], "UNA") ? 1 : 0, pairs = 0, faults = 0, between = 0;
        for (size_t a = first; a < o.count; a++) {
            for (size_t b = a + 1; b < o.count; b++) {
                gl_arena *arena = gl_arena_new(0);
                gl_str answer = answer_to(arena, swapped(&o, a, b, mutant), &buf);
                verdict v = verdict_of(answer);
                pairs++;
                faults += v.syntax;
                bool named = names(&o, &v, a) || names(&o, &v, b);
                between += v.syntax && !named;
                if (v.syntax && !named)
                    cr_assert(b > a + 1 && names_between(&o, &v, a, b), "%s: %.*s and %.*s:\n%.*s", files[f],
                              GL_STR_ARG(o.segments[a]), GL_STR_ARG(o.segments[b]), GL_STR_ARG(answer));
                gl_arena_destroy(arena);
            }
        }
        fprintf(stderr, "%s: %zu pairs swapped: %zu faults, %zu named by what follows\n", files[f], pairs, faults,
                between);
        cr_assert(faults > pairs / 4);
    }
    gl_buf_free(&buf);
}
