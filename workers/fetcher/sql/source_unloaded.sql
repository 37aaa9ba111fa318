select source from source
where format = 'apt-index' and enabled and loaded_at is null
  and exists (select from repository r where r.source = source.source)
order by source
