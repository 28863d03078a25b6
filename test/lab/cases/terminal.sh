# A login on the terminal: a command is typed and answers; the terminal's modes come back however mote ends
fresh_root root
"$(dirname "$MOTE")/terminal.py" "$WORK/login" login "$MOTE" run "${CLOUD[@]}" \
    --append "$ROOT rw" --disk /dev/mote/root || fail 'see above'
check_filesystem root
for how in signal key; do
    if [ "$STAND_IN" = 1 ]; then break; fi
    "$(dirname "$MOTE")/terminal.py" "$WORK/$how" "$how" "$MOTE" run "${CLOUD[@]}" \
        --append 'quiet mote.init=wait' || fail 'see above'
done
