delete from application_repository where application = $1
