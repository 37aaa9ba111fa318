insert into counter as c (name, value) values ($1, $2)
on conflict (name) do update set value = c.value + excluded.value
