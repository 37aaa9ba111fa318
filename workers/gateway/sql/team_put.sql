insert into team (team) values ($1) on conflict do nothing
