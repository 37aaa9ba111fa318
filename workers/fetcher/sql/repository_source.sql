insert into source (source, format, covers, max_age_s)
values ($1, 'apt-index', 'packages of the release as its repositories offer them', 172800)
on conflict (source) do nothing
