-- $1 most
select count(*) >= $1 from (select 1 from outbox where worker = 'gateway' limit $1) as waiting
