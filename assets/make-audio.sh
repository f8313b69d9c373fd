#!/usr/bin/env bash
# Makes every spoken question again: those of tests/golden/*.jsonl (rows with `audio`) and
# the demo's, assets/question.flac. Needs flite, sox and python3.
#
# A row says how it is spoken: `voice` (a flite voice), `stretch` (1.0 = the voice's own
# rate, larger = slower) and `say` (the words given to the voice, codes spelled out).
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# speak VOICE STRETCH TEXT OUT.flac [PAD_SECONDS]
speak() {
    local voice=$1 stretch=$2 text=$3 out=$4 pad=${5:-0.2}
    flite -voice "$voice" --setf "duration_stretch=$stretch" -t "$text" -o "$work/say.wav"
    # -R: the same dither every time, so that the files come out the same.
    sox -R "$work/say.wav" -r 16000 -c 1 -b 16 -C 8 "$out" gain -n -3 pad "$pad" "$pad"
}

mkdir -p "$root/tests/golden/audio"
python3 - "$root"/tests/golden/*.jsonl <<'PY' >"$work/rows"
import json, sys
for name in sys.argv[1:]:
    for line in open(name, encoding="utf-8"):
        row = json.loads(line)
        if row["audio"]:
            print(row["voice"], row["stretch"], row["audio"], row["say"], sep="\t")
PY
while IFS=$'\t' read -r voice stretch audio text; do
    speak "$voice" "$stretch" "$text" "$root/tests/golden/$audio"
done <"$work/rows"

speak slt 1.0 "What is the torque of the M sixteen flange bolt on the pump jack?" \
    "$root/assets/question.flac" 0.4
