# layers.awk - fails when a file includes one that does not stand below it.
#
#     awk -f layers.awk runtime/*.[ch] gen/*.[ch]
#
# Lowest layer first; a file belongs to the first layer that has a pattern for it.  Files of one
# layer do not know each other, but head_step.c and head.h are one room.
BEGIN {
    layer[++layers] = "^(shockwave_words|byte_classes|byte_nibbles)[.]"
    layer[++layers] = "^shockwave[.]"
    layer[++layers] = "^(shockwave_values|path|bytes|limit|cpu)[.]"
    layer[++layers] = "^value[.]h"
    layer[++layers] = "^(words|method|status|media|header|date|scan|value)"
    layer[++layers] = "^(head|body|write)"
    layer[++layers] = "^conn"
    layer[++layers] = "^pool"
    layer[++layers] = "^(shockwave_server|loop)"
    layer[++layers] = "^server"
    layer[++layers] = "^sw_demo_"
    layer[++layers] = "^demo"
    layer[++layers] = "^main"
}

function height(name,    i) {
    for (i = 1; i <= layers; i++)
        if (name ~ layer[i]) return i
    print name ": no layer in tests/layers.awk holds it"
    failed = 1
    return layers
}

function room(name) { sub(/[_.].*/, "", name); return name }

FNR == 1 { file = FILENAME; sub(/.*\//, "", file); own = height(file) }

/^#[ \t]*include[ \t]+"/ {
    split($0, part, "\"")
    name = part[2]
    sub(/.*\//, "", name)
    if (height(name) >= own && room(name) != room(file)) {
        printf "%s:%d: includes %s, which does not stand below it\n", FILENAME, FNR, name
        failed = 1
    }
}

END {
    if (failed) exit 1
    print "every file looks down"
}
