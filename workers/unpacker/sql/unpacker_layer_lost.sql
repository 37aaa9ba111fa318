-- The blob is not in the store: whoever pulls it again asks this flag.
update layer set stored = false where digest = $1 and stored
