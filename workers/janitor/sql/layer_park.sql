update layer set state = 'parked', reason = $2 where digest = $1 and state = 'unread'
