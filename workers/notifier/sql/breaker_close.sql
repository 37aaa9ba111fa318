delete from channel_breaker where host = $1
