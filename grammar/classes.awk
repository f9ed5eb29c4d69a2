# classes.awk - turn byte.classes into tables.
#
#     awk -v emit=header  -f classes.awk byte.classes      byte_classes.h
#     awk -v emit=tables  -f classes.awk byte.classes      byte_classes.c
#     awk -v emit=nibbles -f classes.awk byte.classes      byte_nibbles.h
#
# POSIX awk only: no bit operators, no strtonum(), nothing that depends on array order.

BEGIN {
    for (i = 32; i < 127; i++) code[sprintf("%c", i)] = i
    for (i = 0; i < 16; i++) digit[substr("0123456789ABCDEF", i + 1, 1)] = i
    named["DIGIT"] = "0123456789"
    named["ALPHA"] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
}

function die(why) {
    printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"
    failed = 1
    exit 1
}

# ---- Reading: has[table, class, byte] -----------------------------------------------------------

function put(byte, in_set) { has[tables, n, byte] = in_set }

function put_text(text, in_set,    i) {
    for (i = 1; i <= length(text); i++) put(code[substr(text, i, 1)], in_set)
}

function hex(text) { return 16 * digit[substr(text, 1, 1)] + digit[substr(text, 2, 1)] }

function put_range(text, in_set,    from, to) {
    from = hex(substr(text, 3, 2))
    to = length(text) > 4 ? hex(substr(text, 6, 2)) : from
    for (; from <= to; from++) put(from, in_set)
}

function put_class(name, in_set,    c, byte) {
    c = number[tables, name]
    if (!c || c == n) die("unknown set '" name "'")
    for (byte = 0; byte < 256; byte++)
        if (has[tables, c, byte]) put(byte, in_set)
}

# One element of a set, from the front of `rest`, which is returned without it.
function element(rest, in_set,    word, end) {
    if (substr(rest, 1, 1) == "\"") {
        end = index(substr(rest, 2), "\"")
        if (!end) die("a quote is not closed")
        put_text(substr(rest, 2, end - 1), in_set)
        return substr(rest, end + 2)
    }
    word = rest
    sub(/[ \t].*/, "", word)
    if (word in named) put_text(named[word], in_set)
    else if (word ~ /^%x[0-9A-F][0-9A-F]$/ || word ~ /^%x[0-9A-F][0-9A-F]-[0-9A-F][0-9A-F]$/)
        put_range(word, in_set)
    else put_class(word, in_set)
    return substr(rest, length(word) + 1)
}

function read_set(rest,    in_set) {
    in_set = 1
    while (1) {
        sub(/^[ \t]+/, "", rest)
        if (rest == "") return
        if (rest ~ /^but[ \t]/) { in_set = 0; rest = substr(rest, 4) }
        else rest = element(rest, in_set)
    }
}

/^[ \t]*(#.*)?$/ { next }

$1 == "table" {
    if (NF != 3) die("expected: table PREFIX array")
    prefix[++tables] = $2
    array[tables] = $3
    next
}

$1 == "class" {
    if (!tables) die("a class needs a table before it")
    if ($2 !~ /^[a-z][a-z0-9_]*$/) die("bad class name '" $2 "'")
    if ((tables, $2) in number) die("duplicate class '" $2 "'")
    if (classes[tables] == 8) die("more than 8 classes in one table")
    # A source begins at the last " # ", as "#" may be in a set.
    if (!match($0, / # [^#"]*$/)) die("expected: a source, as in '# RFC 9110 5.6.2'")
    rest = substr($0, 1, RSTART - 1)
    n = ++classes[tables]
    class[tables, n] = $2
    number[tables, $2] = n
    source[tables, n] = substr($0, RSTART + 3, RLENGTH - 3)
    sub(/^[ \t]*class[ \t]+[^ \t]+/, "", rest)
    read_set(rest)
    next
}

$1 == "nibbles" {
    if (NF < 3) die("expected: nibbles NAME class...")
    nibbles[++shuffles] = $2
    shuffle_table[shuffles] = tables
    shares[shuffles] = NF - 2
    for (i = 3; i <= NF; i++) {
        if (!((tables, $i) in number)) die("unknown class '" $i "'")
        share[shuffles, i - 2] = number[tables, $i]
    }
    next
}

{ die("expected table, class or nibbles, got '" $1 "'") }

# ---- Nibbles: rows of 16 bytes, each a set of columns; a bit for each row that is no union ----------

function row_is_within(t, c, a, b,    x) {
    for (x = 0; x < 16; x++)
        if (has[t, c, 16 * a + x] && !has[t, c, 16 * b + x]) return 0
    return 1
}

function row_is_empty(t, c, row,    x) {
    for (x = 0; x < 16; x++)
        if (has[t, c, 16 * row + x]) return 0
    return 1
}

function rows_are_equal(t, c, a, b) {
    return row_is_within(t, c, a, b) && row_is_within(t, c, b, a)
}

# The first row with the same columns stands for all of them.
function first_alike(t, c, row,    r) {
    for (r = 0; r < row; r++)
        if (rows_are_equal(t, c, r, row)) return r
    return row
}

# Is the row the union of smaller ones?  Then it needs no bit of its own.
function is_union(t, c, row,    x, r, found) {
    for (x = 0; x < 16; x++) {
        if (!has[t, c, 16 * row + x]) continue
        found = 0
        for (r = 0; r < 8 && !found; r++)
            found = has[t, c, 16 * r + x] && row_is_within(t, c, r, row) && !rows_are_equal(t, c, r, row)
        if (!found) return 0
    }
    return 1
}

# low[16] and high[16] of a shuffle, and bits_of[] its classes.
function make_shuffle(s,    t, i, c, row, r, x, bit, before) {
    for (x = 0; x < 16; x++) low[x] = high[x] = 0
    t = shuffle_table[s]
    bit = 1
    for (i = 1; i <= shares[s]; i++) {
        c = share[s, i]
        before = bit
        for (row = 0; row < 8; row++) {
            bit_of[row] = 0
            if (row_is_empty(t, c, row) || first_alike(t, c, row) < row || is_union(t, c, row)) continue
            if (bit > 128) { printf "nibbles %s: more than 8 rows\n", nibbles[s] > "/dev/stderr"; exit 1 }
            bit_of[row] = bit
            for (x = 0; x < 16; x++)
                if (has[t, c, 16 * row + x]) low[x] += bit
            bit *= 2
        }
        for (row = 0; row < 8; row++)
            for (r = 0; r < 8; r++)
                if (bit_of[r] && row_is_within(t, c, r, row)) high[row] += bit_of[r]
        bits_of[i] = bit - before
    }
}

# ---- Writing --------------------------------------------------------------------------------------

function opening(what) {
    print "/* " what " */\n/* SPDX-License-Identifier: MIT */"
    print "/* Generated from grammar/byte.classes.  Run `make gen`; do not edit. */\n"
}

function emit_header(    t, c, bit) {
    opening("byte_classes.h - which byte is in which set.")
    print "#ifndef SW_BYTE_CLASSES_H\n#define SW_BYTE_CLASSES_H\n\n#include <stdint.h>"
    for (t = 1; t <= tables; t++) {
        printf "\nextern const uint8_t %s[256];\n\nenum {\n", array[t]
        bit = 1
        for (c = 1; c <= classes[t]; c++) {
            printf "    %s_%s = %d, /* %s */\n", prefix[t], toupper(class[t, c]), bit, source[t, c]
            bit *= 2
        }
        print "};"
    }
    print "\n/* X(array, bit) for each class. */"
    print "#define SW_BYTE_CLASSES(X) \\"
    for (t = 1; t <= tables; t++)
        for (c = 1; c <= classes[t]; c++)
            printf "%s    X(%s, %s_%s)", (t * c > 1 ? " \\\n" : ""), array[t], prefix[t], \
                toupper(class[t, c])
    print "\n\n#endif"
}

function emit_tables(    t, c, byte, sum, bit) {
    opening("byte_classes.c - which byte is in which set: sums of bits, sixteen bytes a line.")
    print "#include \"byte_classes.h\""
    for (t = 1; t <= tables; t++) {
        printf "\nconst _Alignas(64) uint8_t %s[256] = {\n", array[t]
        for (byte = 0; byte < 256; byte++) {
            sum = 0
            bit = 1
            for (c = 1; c <= classes[t]; c++) {
                if (has[t, c, byte]) sum += bit
                bit *= 2
            }
            printf "%s%3d,", (byte % 16 ? " " : "    "), sum
            if (byte % 16 == 15) printf " /* %02x */\n", byte - 15
        }
        print "};"
    }
}

function emit_row(name, values,    x, value) {
    printf "#define SW_NIBBLES_%s", name
    for (x = 0; x < 16; x++) {
        value = values[x]
        if (value > 127) value -= 256
        printf "%s %d", (x ? "," : ""), value
    }
    print ""
}

function emit_nibbles(    s, i, c) {
    opening("byte_nibbles.h - sets of ASCII bytes as tables for vector shuffles; see byte.classes.")
    print "#ifndef SW_BYTE_NIBBLES_H\n#define SW_BYTE_NIBBLES_H"
    for (s = 1; s <= shuffles; s++) {
        make_shuffle(s)
        print ""
        emit_row(nibbles[s] "_LOW", low)
        emit_row(nibbles[s] "_HIGH", high)
        for (i = 1; i <= shares[s]; i++)
            printf "#define SW_NIBBLES_%s_IN_%s %d /* bits */\n", nibbles[s], \
                toupper(class[shuffle_table[s], share[s, i]]), bits_of[i]
    }
    print "\n#endif"
}

END {
    if (failed) exit 1
    if (emit == "header") emit_header()
    else if (emit == "tables") emit_tables()
    else emit_nibbles()
}
