# hash.awk - of what gperf prints, the hash and the ids; its strings and its lookup stay behind.
#
#     gperf < header.gperf | awk -f hash.awk
#
# header.c compares names itself, and finds them in tables that words.awk made, so all it wants of
# gperf is which number a name hashes to, and whose number that is.

# Only white space and `register`, which C++17 forbids, differ from what gperf wrote.
function copy() { gsub(/register /, ""); print }

/^\/\* header_hash/, /^#pragma GCC diagnostic ignored/ { print; next }

/^#define KEY_/       { if ($2 ~ /MAX/) print "enum { " $2 " = " $3 " };" }
/^slot_of/            { print "\nstatic inline unsigned int"; inside = 1 }
inside                { copy() }
inside && /^ *}$/     { inside = 0 }

/^static const struct slot slots/ { listing = 1 }
listing && /^ *};/ { listing = 0 }
listing {
    rest = $0
    while (match(rest, /SW_HEADER_[A-Z0-9_]+/)) {
        id[ids++] = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
    }
}

/^\/\* words.awk: / { tail = 1 }
tail { rest_of_file = rest_of_file $0 "\n" }

END {
    print "\n/* Whose number is it? */\nstatic const uint16_t ids[KEY_MAX_HASH_VALUE + 1] = {"
    for (i = 0; i < ids; i++)
        if (id[i] != "SW_HEADER_OTHER") print "    [" i "] = " id[i] ","
    print "};\n\n" rest_of_file "#pragma GCC diagnostic pop"
}
