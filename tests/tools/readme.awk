# readme.awk - the programs that README.md shows, as files that a compiler can read.
#
#     awk -v out=build/readme -f readme.awk README.md
/^```c$/  { inside = 1; file = out "/" ++programs ".c"; printf "" > file; next }
/^```$/   { if (inside) close(file); inside = 0 }
inside    { print > file }
END       { print programs " programs"; exit programs == 0 }
