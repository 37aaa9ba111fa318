select kind, event_secret from registry where name = $1
