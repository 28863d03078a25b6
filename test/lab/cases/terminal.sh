# A login on the terminal: a command is typed and answers; the terminal's modes come back however mote ends
fresh_root "$CASE"
"$TOOLS/terminal.py" "$WORK/login" login "$MOTE" run "${CLOUD[@]}" \
    --append "$ROOT rw" --disk "/dev/mote/$CASE" || fail 'see above'
check_filesystem "$CASE"
for how in signal key; do
    if [ "$STAND_IN" = 1 ]; then break; fi
    "$TOOLS/terminal.py" "$WORK/$how" "$how" "$MOTE" run "${CLOUD[@]}" \
        --append 'quiet mote.init=wait' || fail 'see above'
done
