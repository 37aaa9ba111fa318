select team from application where application = $1
