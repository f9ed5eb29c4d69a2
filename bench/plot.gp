# plot.gp - how fast each parser reads each set of heads.
# SPDX-License-Identifier: MIT
#
#     gnuplot -e "data='speeds.tsv'; out='plot'" plot.gp
#
# Grey text and middling colours on no background can be read on white and on black.
ink = "#8a8a8a"
set datafile separator "\t"
set style data histogram
set style histogram clustered gap 1.5
set style fill solid border
set boxwidth 0.9
set border 3 linecolor rgb ink
set grid ytics linecolor rgb ink linewidth 0.4 dashtype 3
set tics nomirror scale 0 textcolor rgb ink
set yrange [0:*]
set ylabel "heads per second, picohttpparser = 1" textcolor rgb ink
set key noenhanced outside top center horizontal textcolor rgb ink
set linetype 1 linecolor rgb "#d9480f"
set linetype 2 linecolor rgb "#f0a04b"
set linetype 3 linecolor rgb "#4c86c6"
set linetype 4 linecolor rgb "#3a9d76"
set linetype 5 linecolor rgb "#9a6fc0"
set linetype 6 linecolor rgb "#8f8f4a"
stats data using 2 skip 1 nooutput
draw = "plot for [i=2:columns] data using i:xtic(1) title columnheader(i) linetype i-1"
columns = STATS_columns

set terminal svg size 1160,420 font "sans-serif,13"
set output out.".svg"
eval draw
set terminal pngcairo size 2320,840 font "sans-serif,26" transparent
set output out.".png"
eval draw
