#!/usr/bin/env bash
# Makes the earcons again: short tones for where there is no voice, or before it.
# Needs sox. 22.05 kHz mono 16 bit, each at most 250 ms, faded at both ends against clicks.
set -euo pipefail

out=$(cd "$(dirname "$0")" && pwd)/earcons
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

# note NAME SECONDS HERTZ [HERTZ]: one soft note, or a glide from the first to the second.
note() {
    local name=$1 seconds=$2 tone=$3
    [ $# -gt 3 ] && tone="$3-$4"
    sox -R -n -r 22050 -c 1 -b 16 "$work/$name.wav" \
        synth "$seconds" sine "$tone" fade q 0.008 "$seconds" 0.03 gain -n -12
}

# listening: two notes up: speak now.
note l1 0.07 660; note l2 0.10 880
sox -R "$work/l1.wav" "$work/l2.wav" "$out/listening.wav"

# heard: one short note: the question has arrived.
note h1 0.09 990
sox -R "$work/h1.wav" "$out/heard.wav"

# refused: two notes down: the manuals do not say.
note r1 0.09 660; note r2 0.13 440
sox -R "$work/r1.wav" "$work/r2.wav" "$out/refused.wav"

# error: a low glide down: something is broken.
note e1 0.24 330 165
sox -R "$work/e1.wav" "$out/error.wav"
