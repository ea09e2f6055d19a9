/* See accept.h. */
#include "io/accept.h"

#include <strings.h>

enum { QUALITY_ONE = 1000 };
/* How closely a range names an offer; the closest decides. */
enum { NAMES_NOT, NAMES_ANY, NAMES_TYPE, NAMES_EXACTLY };

typedef struct range {
    gl_str type, subtype; /* "*": any */
    int quality;          /* 0 to 1000 */
} range;

/* RFC 9110, 5.6.2. */
static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void skip(gl_str *rest, size_t count)
{
    rest->ptr += count;
    rest->len -= count;
}

static void skip_space(gl_str *rest)
{
    while (rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
        skip(rest, 1);
}

static bool take_char(gl_str *rest, char c)
{
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    skip(rest, 1);
    return true;
}

static bool take_token(gl_str *rest, gl_str *token)
{
    size_t len = 0;
    while (len < rest->len && is_token_char(rest->ptr[len]))
        len++;
    *token = (gl_str){rest->ptr, len};
    skip(rest, len);
    return len > 0;
}

/* With its quotes; without the closing one: to the end. */
static bool take_quoted(gl_str *rest, gl_str *text)
{
    size_t len = 1;
    if (rest->len == 0 || rest->ptr[0] != '"')
        return false;
    while (len < rest->len && rest->ptr[len] != '"')
        len += rest->ptr[len] == '\\' && len + 1 < rest->len ? 2 : 1;
    bool closed = len < rest->len;
    len += closed;
    *text = (gl_str){rest->ptr, len};
    skip(rest, len);
    return closed;
}

/* 0, 0.5, 1.000: at most three decimals, at most one. Also ".2", as Java's clients of old write it. */
static bool parse_quality(gl_str text, int *quality)
{
    int value = 0, weight = QUALITY_ONE;
    bool bare = text.len > 1 && text.ptr[0] == '.';
    if (text.len == 0 || text.len > 5 || (!bare && text.ptr[0] != '0' && text.ptr[0] != '1') ||
        (!bare && text.len > 1 && text.ptr[1] != '.'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '.' && i == (bare ? 0 : 1)) {
            weight = QUALITY_ONE / 10;
            continue;
        }
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        value += (text.ptr[i] - '0') * weight;
        weight /= 10;
    }
    *quality = value;
    return value <= QUALITY_ONE;
}

/* ";q=0.5;charset=utf-8" */
static bool take_parameters(gl_str *rest, range *r)
{
    for (;;) {
        gl_str name, value;
        skip_space(rest);
        if (!take_char(rest, ';'))
            return true;
        skip_space(rest);
        if (rest->len == 0 || rest->ptr[0] == ';' || rest->ptr[0] == ',')
            continue; /* an empty one */
        if (!take_token(rest, &name) || !take_char(rest, '=') ||
            !(take_token(rest, &value) || take_quoted(rest, &value)))
            return false;
        if (name.len == 1 && (name.ptr[0] == 'q' || name.ptr[0] == 'Q') && !parse_quality(value, &r->quality))
            return false;
    }
}

static bool take_range(gl_str *rest, range *r)
{
    *r = (range){.quality = QUALITY_ONE};
    skip_space(rest);
    if (!take_token(rest, &r->type))
        return false;
    if (!take_char(rest, '/')) {
        if (!gl_str_eqz(r->type, "*"))
            return false;
        r->subtype = r->type; /* a bare star, from the same clients */
    } else if (!take_token(rest, &r->subtype)) {
        return false;
    }
    if (!take_parameters(rest, r))
        return false;
    skip_space(rest);
    bool any_type = gl_str_eqz(r->type, "*"), any_subtype = gl_str_eqz(r->subtype, "*");
    return (rest->len == 0 || rest->ptr[0] == ',') && (!any_type || any_subtype);
}

/* Behind the next comma that is not within quotes; from anywhere in an element. */
static void skip_element(gl_str *rest)
{
    gl_str quoted;
    while (rest->len > 0 && !take_char(rest, ','))
        if (rest->ptr[0] == '"')
            take_quoted(rest, &quoted);
        else
            skip(rest, 1);
}

static bool same(gl_str text, const char *other, size_t len)
{
    return text.len == len && strncasecmp(text.ptr, other, len) == 0;
}

static int closeness(const range *r, const char *offer)
{
    size_t type = strcspn(offer, "/");
    const char *subtype = offer + type + (offer[type] == '/');
    if (gl_str_eqz(r->type, "*"))
        return NAMES_ANY;
    if (!same(r->type, offer, type))
        return NAMES_NOT;
    if (gl_str_eqz(r->subtype, "*"))
        return NAMES_TYPE;
    return same(r->subtype, subtype, strlen(subtype)) ? NAMES_EXACTLY : NAMES_NOT;
}

/* How welcome the offer is, 0 to 1000; -1: no range is well-formed. */
static int quality_of(gl_str accept, const char *offer)
{
    int closest = NAMES_NOT, quality = 0;
    bool any = false;
    while (accept.len > 0) {
        range r;
        bool good = take_range(&accept, &r);
        skip_element(&accept);
        if (!good)
            continue;
        any = true;
        int close = closeness(&r, offer);
        if (close > closest || (close == closest && close != NAMES_NOT && r.quality > quality))
            quality = r.quality;
        closest = close > closest ? close : closest;
    }
    return any ? quality : -1;
}

int gl_accept_choose(gl_str accept, const char *const *offers)
{
    int chosen = -1, best = 0;
    for (int i = 0; offers[i] != NULL; i++) {
        int quality = quality_of(accept, offers[i]);
        if (quality < 0)
            return 0;
        if (quality > best) {
            best = quality;
            chosen = i;
        }
    }
    return chosen;
}
