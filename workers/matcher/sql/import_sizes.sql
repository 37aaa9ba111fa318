select (select case when loaded_at is null then 0 else assertions end from source where source = $1), (select count(*) from import_staging),
       (select revision from source where source = $1), nextval('advisory_revision')
