/* See view.h. */
#include "customs/view.h"

#include <inttypes.h>

#include "base/buf.h"
#include "customs/ids.h"

enum { DIGEST_BYTES = GL_SHA256_BYTES, DIGEST_HEX_CHARS = 2 * GL_SHA256_BYTES, VERSION_CHARS = 20 };

/* GETRANGE: the version is in the first bytes, and an entry may be a kilobyte. */
gl_kv_script gl_view_script = {
    .text = "local head = redis.call('GETRANGE', KEYS[1], 0, 19)\n"
            "local version = tonumber(string.match(head, '^(%d+) '))\n"
#if GL_MUTANT != 6 /* a stale view overwrites a newer one */
            "if version and version >= tonumber(ARGV[1]) then\n"
            "  if version > tonumber(ARGV[1]) then return 0 end\n"
            "  if ARGV[3] == '0' then redis.call('PERSIST', KEYS[1])\n"
            "  else redis.call('PEXPIRE', KEYS[1], ARGV[3]) end\n"
            "  return 0\n"
            "end\n"
#endif
            "if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2])\n"
            "else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end\n"
            "return 1\n",
};

gl_kv_script gl_view_forget_script = {
    .text = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
            "return redis.call('DEL', KEYS[1])\n",
};

gl_kv_script gl_view_refer_script = {
    .text = "redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])\n"
            "if redis.call('ZCARD', KEYS[1]) > 200000 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, 0) end\n"
            "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end\n"
            "return 1\n",
};

gl_str gl_view_reference_key(gl_arena *arena, gl_str submitter, gl_str quoted)
{
    uint8_t digest[DIGEST_BYTES];
    char hex[DIGEST_HEX_CHARS + 1];
    gl_buf text = gl_buf_in(arena);
    gl_buf_reserve(&text, submitter.len + 1 + quoted.len);
    gl_buf_str(&text, submitter);
    gl_buf_byte(&text, '\n');
    gl_buf_str(&text, quoted);
    gl_sha256(gl_buf_view(&text), digest);
    gl_hex(digest, DIGEST_BYTES, hex);
    return gl_str_of(gl_arena_printf(arena, "gl:r:%.32s", hex));
}

gl_str gl_view_next_reference(gl_str json, size_t *at)
{
    static const char member[] = ",\"references\":[";
    if (*at == 0) {
        const char *begin = memmem(json.ptr, json.len, member, sizeof member - 1);
        *at = begin == NULL ? json.len : (size_t)(begin - json.ptr) + sizeof member - 1;
    } else if (*at < json.len && json.ptr[*at] == ',') {
        ++*at;
    }
    if (*at >= json.len || json.ptr[*at] != '"')
        return (gl_str){NULL, 0};
    size_t end = *at + 1;
    while (end < json.len && json.ptr[end] != '"')
        end += json.ptr[end] == '\\' ? 2 : 1;
    gl_str quoted = {json.ptr + *at, end < json.len ? end + 1 - *at : 0};
    *at = end < json.len ? end + 1 : json.len;
    return quoted.len == 0 ? (gl_str){NULL, 0} : quoted;
}

gl_str gl_view_key(gl_arena *arena, const char *stem)
{
    static const char prefix[] = {'g', 'l', ':', 'v', ':'};
    char *text = gl_arena_alloc(arena, sizeof prefix + GL_MRN_STEM_CHARS);
    memcpy(text, prefix, sizeof prefix);
    memcpy(text + sizeof prefix, stem, GL_MRN_STEM_CHARS);
    return (gl_str){text, sizeof prefix + GL_MRN_STEM_CHARS};
}

gl_str gl_view_marker_key(gl_arena *arena, int32_t partition)
{
    return gl_str_of(gl_arena_printf(arena, "gl:vm:%" PRId32, partition));
}

gl_str gl_view_value(gl_arena *arena, int64_t version, const uint8_t digest[32], gl_str json)
{
    char hex[DIGEST_HEX_CHARS + 1];
    gl_buf text = gl_buf_in(arena);
    gl_hex(digest, DIGEST_BYTES, hex);
    gl_buf_reserve(&text, VERSION_CHARS + 1 + DIGEST_HEX_CHARS + 1 + json.len);
    gl_buf_int(&text, version);
    gl_buf_byte(&text, ' ');
    gl_buf_bytes(&text, hex, DIGEST_HEX_CHARS);
    gl_buf_byte(&text, ' ');
    gl_buf_str(&text, json);
    return gl_buf_view(&text);
}

bool gl_view_parse(gl_str value, gl_view_entry *entry)
{
    const char *space = value.len == 0 ? NULL : memchr(value.ptr, ' ', value.len);
    if (space == NULL)
        return false;
    size_t digits = (size_t)(space - value.ptr);
    uint64_t version;
    if (!gl_str_to_u64((gl_str){value.ptr, digits}, INT64_MAX, &version))
        return false;
    size_t hex_at = digits + 1, json_at = hex_at + DIGEST_HEX_CHARS + 1;
    if (value.len < json_at || value.ptr[json_at - 1] != ' ')
        return false;
    for (size_t i = 0; i < DIGEST_HEX_CHARS; i++) {
        char c = value.ptr[hex_at + i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    entry->version = (int64_t)version;
    entry->digest_hex = (gl_str){value.ptr + hex_at, DIGEST_HEX_CHARS};
    entry->json = (gl_str){value.ptr + json_at, value.len - json_at};
    return true;
}

bool gl_view_is_unreadable(const gl_view_entry *entry)
{
    for (size_t i = 0; i < entry->digest_hex.len; i++)
        if (entry->digest_hex.ptr[i] != '0')
            return false;
    return true;
}

const gl_json *gl_view_tree(gl_arena *arena, gl_str json)
{
    enum { LIMIT_BYTES = 1 << 20, LIMIT_NODES = 1 << 16 };
    gl_err ignored;
    const gl_json *tree = gl_json_parse(arena, json, LIMIT_BYTES, LIMIT_NODES, &ignored);
    return tree != NULL && tree->type == GL_JSON_OBJECT ? tree : NULL;
}

const gl_json *gl_view_read(gl_arena *arena, gl_str value, gl_view_entry *entry)
{
    return value.ptr != NULL && gl_view_parse(value, entry) ? gl_view_tree(arena, entry->json) : NULL;
}
