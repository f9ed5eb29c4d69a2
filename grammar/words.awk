# words.awk - turn *.grammar into what cc, re2c and gperf read.
#
#     awk -v emit=enums -f words.awk http.grammar [more.grammar ...]
#
# emit: enums | names | docs | method.first | method.rules | status.rules | media.rules | header.keys
#
# POSIX awk only, and nothing that depends on array order: the same lines in give the same bytes
# out under mawk, gawk, busybox and the one true awk.

BEGIN {
    allowed["method"] = "safe idempotent cacheable content content-forbidden preface asterisk"
    allowed["status"] = "interim no-content cacheable"
    allowed["header"] = "single list hop framing no-trailer sensitive"

    # What the generated types can count: status ids are uint8_t, the others' enums uint16_t.
    limit["method"] = 255; limit["status"] = 255; limit["header"] = 65535; limit["error"] = 65535
    limit["media"] = 65535

    # Flags that cannot be together, and flags that need another.
    contrary["method"] = "content/content-forbidden preface/content preface/cacheable"
    contrary["status"] = "interim/cacheable"
    contrary["header"] = "single/list"
    needs["method"] = "safe/idempotent" # RFC 9110 9.2.2
    needs["header"] = "hop/no-trailer framing/no-trailer" # RFC 9110 6.5.1

    # Identifiers of the library in the spaces of the words.
    reserved["method"] = "OTHER COUNT CLASSES FIRST FIRST_TEXT"
    reserved["status"] = "ID_COUNT CLASSES"
    reserved["header"] = "OTHER COUNT FOLD H LONGEST PICKS"
    reserved["error"] = "COUNT"
}

# ---- Reading: each kind fills name, flag and note [kind, 1..count[kind]] -------------------------

function die_at(line, why) {
    print line ": " why > "/dev/stderr"
    failed = 1
    exit 1
}

function die(why) { die_at(FILENAME ":" FNR, why) }

function ident(name) { name = toupper(name); gsub(/[^A-Z0-9]/, "_", name); return name }

# `what` names the space that `key` must be unique in; the kinds do not share one.
function once(kind, what, key) {
    if ((kind, what, key) in seen)
        die("duplicate " kind " " what " '" key "', first at " seen[kind, what, key])
    seen[kind, what, key] = FILENAME ":" FNR
}

function has(words, one) { return index(" " words " ", " " one " ") > 0 }

# `had` are the flags of one word.  What they say must be possible.
function check_flags(kind, had,    i, n, pair, two) {
    n = split(contrary[kind], pair, " ")
    for (i = 1; i <= n; i++) {
        split(pair[i], two, "/")
        if (has(had, two[1]) && has(had, two[2]))
            die("contradictory " kind " flags '" two[1] "' and '" two[2] "'")
    }
    n = split(needs[kind], pair, " ")
    for (i = 1; i <= n; i++) {
        split(pair[i], two, "/")
        if (has(had, two[1]) && !has(had, two[2]))
            die(kind " flag '" two[1] "' needs flag '" two[2] "'")
    }
}

# Which statuses are interim and which have no content is for the code to say.
function check_status(code, had) {
    if (has(had, "interim") && code >= 200)
        die("flag 'interim' is for 1xx alone, not for " code ", RFC 9110 15.2")
    if (!has(had, "interim") && code < 200)
        die("status " code " needs flag 'interim', RFC 9110 15.2")
    if (has(had, "no-content") && code >= 200 && code != 204 && code != 304)
        die("flag 'no-content' is for 1xx, 204 and 304 alone, not for " code ", RFC 9112 6.3")
    if (!has(had, "no-content") && (code < 200 || code == 204 || code == 304))
        die("status " code " needs flag 'no-content', RFC 9112 6.3")
}

# The flags left in $first..$NF as "SW_METHOD_F_SAFE | ...", checked against what the kind allows
# and, of a status, against its code.
function flags(kind, first, code,    i, out, had) {
    for (i = first; i <= NF; i++) {
        if (!has(allowed[kind], $i))
            die("unknown " kind " flag '" $i "', expected one of: " allowed[kind])
        if (has(had, $i)) die("duplicate " kind " flag '" $i "'")
        had = had " " $i
        out = out (out ? " | " : "") "SW_" ident(kind) "_F_" ident($i)
    }
    check_flags(kind, had)
    if (kind == "status") check_status(code + 0, had)
    return out ? out : "0"
}

# True for an identifier that is not for words: SW_HEADER_COUNT, SW_HEADER_F_HOP.
function is_reserved(kind, id) {
    return has(reserved[kind], id) || (id ~ /^F_/ && has(ident_list(allowed[kind]), substr(id, 3)))
}

# The identifiers made of a list of names.
function ident_list(names) { names = toupper(names); gsub(/-/, "_", names); return names }

# Every word ends here.  Names differ by `name`, and so must the identifiers made of them.  (A method
# is looked for in the first 32 bytes of a head, before it is known where it ends.)
function add(kind, text, id,    n, most) {
    most = kind == "method" ? 31 : 200
    if (length(text) > most) die(kind " of more than " most " bytes")
    if (count[kind] == limit[kind]) die("more than " limit[kind] " words of kind " kind)
    if (is_reserved(kind, id))
        die(kind " '" text "' has the reserved identifier SW_" ident(kind) "_" id)
    once(kind, "identifier", id)
    n = ++count[kind]
    word[kind, n] = text; symbol[kind, n] = "SW_" ident(kind) "_" id; source[kind, n] = note
    return n
}

function want(columns, usage) { if (NF < columns) die("expected: " usage) }

{
    sub(/\r$/, "")
    note = ""
    if (match($0, /#.*/)) {
        note = substr($0, RSTART + 1)
        gsub(/^[ \t]+|[ \t]+$/, "", note)
        $0 = substr($0, 1, RSTART - 1)
    }
}

NF == 0 { next }

note !~ /./ { die("expected: a source, as in '# RFC 9110 7.2'") }
note ~ /\*\/|\/\*/ { die("a note cannot contain a comment mark") }
note ~ /["\\|]|[^ -~]/ { die("a note is plain text without quotes, backslashes and bars") }
$0 note ~ /[?][?]/ { die("two question marks may begin a trigraph") }

$1 == "method" {
    want(2, "method NAME flags...")
    if ($2 !~ /^[A-Z][A-Z0-9_-]*$/) die("bad method name '" $2 "'")
    once("method", "name", $2)
    flag["method", add("method", $2, ident($2))] = flags("method", 3)
    next
}

$1 == "status" {
    want(3, "status CODE \"Reason Phrase\" flags...")
    code = $2
    if (code !~ /^[1-5][0-9][0-9]$/) die("bad status code '" code "', expected 100 to 599")
    if (!match($0, /"[^"]*"/) || $3 !~ /^"/) die("expected a reason phrase in quotes")
    reason = substr($0, RSTART + 1, RLENGTH - 2)
    $0 = substr($0, RSTART + RLENGTH)
    if (reason !~ /^[A-Za-z][A-Za-z0-9 '().,-]*$/) die("bad reason phrase '" reason "'")
    once("status", "code", code)
    i = add("status", reason, ident(reason))
    flag["status", i] = flags("status", 1, code)
    status[i] = code; status_id[code] = i
    next
}

$1 == "header" {
    want(2, "header Name flags...")
    if ($2 !~ /^[A-Za-z0-9][A-Za-z0-9_.-]*$/) die("bad header name '" $2 "'")
    once("header", "name", tolower($2))
    flag["header", add("header", $2, ident($2))] = flags("header", 3)
    next
}

$1 == "error" {
    want(4, "error NAME STATUS what is wrong")
    if ($2 !~ /^[A-Z][A-Z0-9_]*$/) die("bad error name '" $2 "'")
    if ($3 !~ /^[45][0-9][0-9]$/) die("bad error status '" $3 "', expected 400 to 599")
    once("error", "name", $2)
    text = $0
    sub(/^[ \t]*error[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+/, "", text)
    sub(/[ \t]+$/, "", text)
    if (text ~ /["\\|]|\*\/|\/\*|[^ -~]/) die("bad error text '" text "'")
    i = add("error", $2, ident($2))
    status_of[i] = $3; meaning[i] = text; place[i] = FILENAME ":" FNR
    next
}

$1 == "media" {
    want(3, "media .suffix type/subtype")
    if ($2 !~ /^[.][a-z0-9]+$/) die("bad suffix '" $2 "', expected a dot, small letters and digits")
    once("media", "suffix", $2)
    text = $0
    sub(/^[ \t]*media[ \t]+[^ \t]+[ \t]+/, "", text)
    sub(/[ \t]+$/, "", text)
    if (text !~ /^[a-z]+\/[a-z0-9][a-z0-9.+-]*(; [a-z]+=[a-z0-9.-]+)*$/)
        die("bad media type '" text "', expected one in small letters, as in 'text/x; charset=y'")
    if (length(text) > 200) die("media type of more than 200 bytes")
    media[add("media", $2, ident($2))] = text
    next
}

{ die("expected method, status, header, error or media, not '" $1 "'") }

# ---- Writing -------------------------------------------------------------------------------------

function opening(what) {
    print "/* " what " */"
    print "/* SPDX-License-Identifier: MIT */"
    print "/* Generated by grammar/words.awk from *.grammar.  Run `make gen`; do not edit. */"
}

function enumeration(kind, zero, why, last,    i) {
    print "enum sw_" kind " {"
    printf "    %s = 0, /* %s */\n", zero, why
    for (i = 1; i <= count[kind]; i++)
        printf "    %s = %d, /* %s */\n", symbol[kind, i], i, source[kind, i]
    printf "    %s = %d\n};\n\n", last, count[kind] + 1
}

function flag_bits(kind,    n, part, i, bit) {
    n = split(allowed[kind], part, " ")
    print "enum {"
    for (i = bit = 1; i <= n; i++) {
        print "    SW_" ident(kind) "_F_" ident(part[i]) " = " bit (i == n ? "" : ",")
        bit += bit
    }
    print "};\n"
}

function emit_enums(    i) {
    opening("shockwave_words.h - the words of HTTP/1.1: methods, statuses, fields, errors.")
    print "#ifndef SHOCKWAVE_WORDS_H\n#define SHOCKWAVE_WORDS_H\n"
    print "#include <stddef.h>\n#include <stdint.h>\n"
    print "#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
    enumeration("method", "SW_METHOD_OTHER", "a token the grammar does not name", "SW_METHOD_COUNT")
    enumeration("header", "SW_HEADER_OTHER", "a name the grammar does not hold", "SW_HEADER_COUNT")
    print "enum sw_status {"
    for (i = 1; i <= count["status"]; i++)
        printf "    %s = %d, /* %s */\n", symbol["status", i], status[i], source["status", i]
    print "};\n"
    enumeration("error", "SW_OK", "no error", "SW_ERROR_COUNT")
    print "/* What a word's `flags` say: grammar/http.grammar explains each. */"
    flag_bits("method")
    flag_bits("status")
    flag_bits("header")
    print "/* A word as the grammar spells it.  Row 0, the word not named, is \"\". */"
    print "struct sw_name {\n    const char *text;\n    uint8_t len, flags;\n};\n"
    print "extern const struct sw_name sw_method_names[SW_METHOD_COUNT];"
    print "extern const struct sw_name sw_header_names[SW_HEADER_COUNT];\n"
    print "/*"
    print " * A status as it goes on the wire: `line` is \"HTTP/1.1 200 OK\\r\\n\", line_len"
    print " * bytes; the reason phrase is the line_len - 15 bytes at line + 13.  Row 0 is the status"
    print " * that the grammar does not name."
    print " */"
    print "struct sw_status_info {\n    const char *line;\n    uint16_t code;"
    print "    uint8_t line_len, flags;\n};\n"
    print "enum { SW_STATUS_ID_COUNT = " count["status"] + 1 " };\n"
    print "extern const struct sw_status_info sw_status_infos[SW_STATUS_ID_COUNT];"
    print "extern const uint8_t sw_status_ids[500];\n"
    print "/* The id of a status code, or 0 for one that the grammar does not name. */"
    print "static inline unsigned sw_status_id(unsigned code)\n{"
    print "    return code - 100 < 500 ? sw_status_ids[code - 100] : 0;\n}\n"
    print "/* The row of a status code, or NULL. */"
    print "static inline const struct sw_status_info *sw_status_find(unsigned code)\n{"
    print "    unsigned id = sw_status_id(code);"
    print "    return id ? &sw_status_infos[id] : NULL;\n}\n"
    print "/*"
    print " * An error: its name without SW_ERROR_, what is wrong in one sentence, the rule that"
    print " * says so, and the status of the response it earns.  Row 0 is success, with status 0."
    print " */"
    print "struct sw_error_info {\n    const char *name, *text, *rule;\n    uint16_t status;\n};\n"
    print "extern const struct sw_error_info sw_error_infos[SW_ERROR_COUNT];\n"
    print "/*"
    print " * A media type and the suffix that a file's name has for it, dot included.  Row 0 is what a"
    print " * file is that has no suffix known here: \"\" and \"application/octet-stream\"."
    print " */"
    print "struct sw_media_info {\n    const char *suffix, *type;"
    print "    uint8_t suffix_len, type_len;\n};\n"
    print "enum { SW_MEDIA_ID_COUNT = " count["media"] + 1 " };\n"
    print "extern const struct sw_media_info sw_media_infos[SW_MEDIA_ID_COUNT];\n"
    print "#ifdef __cplusplus\n}\n#endif\n\n#endif"
}

function emit_first() {
    opening("method_first.h - the method that most requests have: the first of the grammar.")
    print "#define SW_METHOD_FIRST " symbol["method", 1]
    print "#define SW_METHOD_FIRST_TEXT \"" word["method", 1] " \""
}

function name_table(kind,    i) {
    printf "const struct sw_name sw_%s_names[SW_%s_COUNT] = {\n", kind, ident(kind)
    printf "    [SW_%s_OTHER] = {\"\", 0, 0},\n", ident(kind)
    for (i = 1; i <= count[kind]; i++)
        printf "    [%s] = {\"%s\", %d, %s},\n", symbol[kind, i], word[kind, i],
            length(word[kind, i]), flag[kind, i]
    print "};\n"
}

function emit_names(    i) {
    opening("words.c - how the words are spelled, and what is known of them.")
    print "#include \"shockwave_words.h\"\n"
    name_table("method")
    name_table("header")
    print "const struct sw_status_info sw_status_infos[SW_STATUS_ID_COUNT] = {"
    print "    {\"\", 0, 0, 0},"
    for (i = 1; i <= count["status"]; i++)
        printf "    {\"HTTP/1.1 %d %s\\r\\n\", %d, %d, %s},\n", status[i], word["status", i],
            status[i], length(word["status", i]) + 15, flag["status", i]
    print "};\n\nconst uint8_t sw_status_ids[500] = {"
    for (i = 100; i < 600; i++)
        if (i in status_id) printf "    [%d - 100] = %d,\n", i, status_id[i]
    print "};\n\nconst struct sw_error_info sw_error_infos[SW_ERROR_COUNT] = {"
    print "    [SW_OK] = {\"OK\", \"no error\", \"\", 0},"
    for (i = 1; i <= count["error"]; i++)
        printf "    [%s] = {\"%s\",\n        \"%s\", \"%s\", %d},\n", symbol["error", i],
            word["error", i], meaning[i], source["error", i], status_of[i]
    print "};\n\nconst struct sw_media_info sw_media_infos[SW_MEDIA_ID_COUNT] = {"
    print "    {\"\", \"application/octet-stream\", 0, 24},"
    for (i = 1; i <= count["media"]; i++)
        printf "    {\"%s\", \"%s\", %d, %d},\n", word["media", i], media[i],
            length(word["media", i]), length(media[i])
    print "};"
}

# "SW_HEADER_F_NO_TRAILER | ..." as the grammar has it.
function flag_words(kind, i,    out) {
    out = flag[kind, i]
    gsub(/ \| /, " ", out); gsub(/SW_[A-Z]+_F_/, "", out); gsub(/_/, "-", out)
    return out == "0" ? "" : tolower(out)
}

function rows(kind, title,    i) {
    printf "\n## %s\n\n| id | name | flags | source |\n|--:|---|---|---|\n", title
    for (i = 1; i <= count[kind]; i++)
        printf "| %d | %s | %s | %s |\n", i, word[kind, i], flag_words(kind, i), source[kind, i]
}

function emit_docs(    i) {
    print "<!-- Generated by grammar/words.awk from *.grammar.  Run `make gen`; do not edit. -->"
    print "# The words"
    rows("method", "Methods")
    print "\n## Statuses\n\n| id | code | reason | flags | source |\n|--:|--:|---|---|---|"
    for (i = 1; i <= count["status"]; i++)
        printf "| %d | %d | %s | %s | %s |\n", i, status[i], word["status", i],
            flag_words("status", i), source["status", i]
    rows("header", "Fields")
    print "\n## Errors\n\n| id | name | status | what is wrong | rule |\n|--:|---|--:|---|---|"
    for (i = 1; i <= count["error"]; i++)
        printf "| %d | %s | %d | %s | %s |\n", i, word["error", i], status_of[i], meaning[i],
            source["error", i]
    print "\n## Media types\n\n| id | suffix | type | source |\n|--:|---|---|---|"
    for (i = 1; i <= count["media"]; i++)
        printf "| %d | %s | %s | %s |\n", i, word["media", i], media[i], source["media", i]
}

# A byte without its bit 5, which makes letters upper case.
function folded(c) { return c ~ /[A-Za-z]/ ? "\047" toupper(c) "\047" : "\047" c "\047 & 223" }

# gperf's keys: the two bytes that runtime/core/field_name.h picks, then the name.  Names that agree in
# those and in length cannot be told apart by any hash of them: each leads to its next twin.
function emit_keys(    i, k, name, n, key, last, twins) {
    for (i = 1; i <= count["header"]; i++) {
        name = tolower(word["header", i])
        n = length(name)
        key = (n < 3 ? ":" : substr(name, 3, 1)) substr(name, n < 2 ? 1 : n - 1, 1)
        if ((n, key) in last)
            twins = twins "    [" symbol["header", last[n, key]] "] = " symbol["header", i] ",\n"
        else
            print key name "," symbol["header", i]
        last[n, key] = i
    }
    print "%%\n/* words.awk: rows for hash.awk */\n.chain = {\n" twins "},\n.words = {"
    for (i = 1; i <= count["header"]; i++) {
        n = length(word["header", i])
        if (n > 32) continue
        printf "    [%s] = {[%d] = ", symbol["header", i], 32 - n
        for (k = 1; k <= n; k++) printf "%s%s", (k > 1 ? ", " : ""), folded(substr(word["header", i], k, 1))
        print "},"
    }
    print "},"
}

# A response cannot have a status that the grammar does not name.
function check_errors(    i) {
    for (i = 1; i <= count["error"]; i++)
        if (!(status_of[i] in status_id))
            die_at(place[i], "error '" word["error", i] "' has status " status_of[i] \
                ", which is no status of the grammar")
}

END {
    if (failed) exit 1
    check_errors()
    if (emit == "enums") emit_enums()
    else if (emit == "names") emit_names()
    else if (emit == "docs") emit_docs()
    else if (emit == "method.first") emit_first()
    else if (emit == "method.rules") {
        for (i = 1; i <= count["method"]; i++)
            printf "    \"%s \" { return %s; }\n", word["method", i], symbol["method", i]
    } else if (emit == "status.rules") {
        for (i = 1; i <= count["status"]; i++)
            printf "    version \" %d\" stop { return take(line, %d, out); }\n", status[i], i
    } else if (emit == "media.rules") {
        for (i = 1; i <= count["media"]; i++)
            printf "    '%s' { return row(p == end, %d); }\n", substr(word["media", i], 2), i
    } else if (emit == "header.keys") emit_keys()
    else {
        print "words.awk: unknown -v emit=" emit > "/dev/stderr"
        exit 1
    }
}
